public import Arm64
public import BoardFormat
public import MemoryTypes
public import Tasks

/// A machine for the Embedded check: RAM is a block of this process, and nothing ever switches.
@safe struct ProbeBoard: Processor, @unchecked Sendable {
  static let ramBase = PhysicalAddress(0x4000_0000)
  static let size = ByteCount.mebibytes(64)

  let translation: TranslationGeometry
  /// SAFETY: allocated once, of ``size``, never given back.
  let ram: UnsafeMutableRawPointer

  init(_ translation: TranslationGeometry) {
    self.translation = translation
    unsafe ram = .allocate(byteCount: Int(Self.size.rawValue), alignment: 1 << 16)
    unsafe ram.initializeMemory(as: UInt8.self, repeating: 0, count: Int(Self.size.rawValue))
  }

  var pageSize: PageSize { translation.pageSize }
  var hasHardwareAccessAndDirty: Bool { true }
  var clock: MachineTime { MachineTime(ticks: 0, frequency: 62_500_000) }

  func pointer(to address: PhysicalAddress) -> UnsafeMutableRawPointer {
    let offset = address - Self.ramBase
    precondition(offset < Self.size)
    return unsafe ram + Int(offset.rawValue)
  }

  func physicalAddress(of pointer: UnsafeRawPointer) -> PhysicalAddress {
    Self.ramBase + ByteCount(UInt64(unsafe pointer - UnsafeRawPointer(ram)))
  }

  func clearPages(at address: PhysicalAddress, _ count: PageCount, _ size: PageSize) {
    unsafe pointer(to: address).initializeMemory(
      as: UInt8.self, repeating: 0, count: Int(count.bytes(of: size).rawValue))
  }

  func copyPage(from source: PhysicalAddress, to target: PhysicalAddress, _ size: PageSize) {
    unsafe pointer(to: target).copyMemory(
      from: pointer(to: source), byteCount: Int(size.bytes.rawValue))
  }

  func invalidate(_ invalidation: TLBInvalidation) {}
  func publishDescriptors() {}
  func synchronizeInstructions(at address: PhysicalAddress, _ length: ByteCount) {}

  var idRegisters: IDRegisters { IDRegisters() }
  func write(_ channel: ConsoleFrame.Channel, _ bytes: UnsafeRawBufferPointer) {
    for index in 0..<bytes.count {
      print(Character(UnicodeScalar(unsafe bytes[index])), terminator: "")
    }
  }
  func readConsole(into buffer: UnsafeMutableRawBufferPointer) -> Int { 0 }
  func powerOff(_ record: EndRecord) -> Never { fatalError() }
  func activate(root: PhysicalAddress, asid: ASID) {}
  func deactivateUserHalf() {}
  func switchContext(
    from: KernelPointer<SwitchedContext>, to: KernelPointer<SwitchedContext>
  ) { fatalError() }
  var startOfTask: UInt64 { 0 }
  func setTimer(at ticks: UInt64?) {}
  func save(_ state: KernelPointer<VectorState>) {}
  func load(_ state: KernelPointer<VectorState>) {}
  var threadPointer: UInt64 {
    get { 0 }
    nonmutating set {}
  }
  var readOnlyThreadPointer: UInt64 {
    get { 0 }
    nonmutating set {}
  }
  var instructions: InstructionCounts { InstructionCounts(user: 0, kernel: 0) }
  func idle(until ticks: UInt64?) {}
  func panic(_ message: StaticString) -> Never { fatalError() }
}
