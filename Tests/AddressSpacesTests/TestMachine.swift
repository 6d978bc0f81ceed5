import Arm64
import MemorySupport
import MemoryTypes
import TestSupport
import Testing

@testable import AddressSpaces

typealias Space = HostMemory.Space
typealias TestMachine = HostMemory

/// The machine a test runs on, by page size and VA bits.
struct Configuration: CustomTestStringConvertible, Sendable {
  var pageSize: PageSize
  var vaBits: UInt64
  var hardwareDirty = false
  static let all = [
    Configuration(pageSize: .fourKiB, vaBits: 48),
    Configuration(pageSize: .fourKiB, vaBits: 39, hardwareDirty: true),
    Configuration(pageSize: .sixteenKiB, vaBits: 47),
    Configuration(pageSize: .sixtyFourKiB, vaBits: 42, hardwareDirty: true),
  ]
  var testDescription: String {
    "\(pageSize.bytes.kibibytes)K/\(vaBits)\(hardwareDirty ? " hw" : "")"
  }
}

extension HostMemory {
  /// A machine without files, whose task may lock little.
  init(_ configuration: Configuration, ram: ByteCount = .mebibytes(128)) throws {
    var few = ResourceLimits()
    few[.stack] = .init(soft: 8 << 20, hard: .max)
    few[.lockedMemory] = .init(soft: 8 << 20, hard: 8 << 20)
    try self.init(
      HostMachine(
        configuration.pageSize, vaBits: configuration.vaBits, ram: ram,
        hasHardwareAccessAndDirty: configuration.hardwareDirty), limits: few)
  }
}

/// `#expect` for conditions with objects in place, which the macro would copy.
func check(
  _ condition: Bool, _ note: Comment = "", sourceLocation: SourceLocation = #_sourceLocation
) {
  #expect(condition, note, sourceLocation: sourceLocation)
}
