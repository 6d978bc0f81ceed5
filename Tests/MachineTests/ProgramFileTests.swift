import Testing

@testable import Machine

@Suite struct ProgramFileTests {
  /// A minimal arm64 ELF: header, one PT_LOAD and, perhaps, PT_INTERP.
  private func elf(
    machine: UInt16 = 183, bits: UInt8 = 2, order: UInt8 = 1, type: UInt16 = 2,
    segmentSize: UInt64 = 8, interpreter: String? = nil
  ) -> [UInt8] {
    func little<N: FixedWidthInteger>(_ value: N) -> [UInt8] {
      stride(from: 0, to: N.bitWidth, by: 8).map { UInt8(truncatingIfNeeded: value >> N($0)) }
    }
    let count: UInt16 = interpreter == nil ? 1 : 2
    let text = (interpreter ?? "").utf8 + [0]
    let data = 64 + 56 * UInt64(count)
    var bytes: [UInt8] = [0x7f, 0x45, 0x4c, 0x46, bits, order, 1] + [UInt8](repeating: 0, count: 9)
    let short: (UInt16) -> [UInt8] = { order == 1 ? little($0) : little($0.byteSwapped) }
    bytes += short(type) + short(machine) + little(UInt32(1)) + little(UInt64(0))
    bytes += little(UInt64(64)) + little(UInt64(0)) + little(UInt32(0)) + little(UInt16(64))
    bytes += little(UInt16(56)) + little(count) + [UInt8](repeating: 0, count: 6)
    func header(_ type: UInt32, _ offset: UInt64, _ size: UInt64) -> [UInt8] {
      little(type) + little(UInt32(5)) + little(offset) + little(UInt64(0)) + little(UInt64(0))
        + little(size) + little(size) + little(UInt64(1))
    }
    bytes += header(1, data, segmentSize)
    if interpreter != nil { bytes += header(3, data, UInt64(text.count)) }
    return bytes + text + [UInt8](repeating: 0, count: 16)
  }

  private func check(_ bytes: [UInt8]) throws -> ProgramFile {
    try ProgramFile(start: bytes, size: UInt64(bytes.count), called: "prog")
  }

  @Test func aProgramIsTaken() throws {
    #expect(try check(elf()).interpreter == nil)
    #expect(try check(elf(type: 3, interpreter: "/lib/ld.so")).interpreter == "/lib/ld.so")
  }

  @Test func whatIsNoneHasAClearLine() {
    let table: [([UInt8], String)] = [
      ([], "not an ELF program"), (Array("#!/bin/sh\n".utf8), "not an ELF program"),
      (Array(elf().prefix(40)), "truncated"), (Array(elf().prefix(100)), "truncated"),
      (elf(segmentSize: 1 << 20), "truncated"), (elf(segmentSize: .max), "truncated"),
      (elf(machine: 62), "a program for x86-64"), (elf(machine: 40, bits: 1), "32-bit arm"),
      (elf(bits: 1), "arm64 with 32-bit addresses"), (elf(order: 2), "big-endian arm64"),
      (elf(type: 1), "not a program"), (elf(machine: 9999), "ELF machine 9999"),
    ]
    for (bytes, cause) in table {
      let error = #expect(throws: MachineError.self) { try check(bytes) }
      #expect(error?.cause.contains(cause) == true, "\(cause): \(String(describing: error))")
      #expect(error?.exitCode == 125)
    }
  }

  @Test func damageAnywhereIsSurvived() throws {
    let whole = elf(type: 3, interpreter: "/lib/ld-linux-aarch64.so.1")
    for place in 0..<whole.count {
      for value: UInt8 in [0, 1, 0x7f, 0x80, 0xff] {
        var bytes = whole
        bytes[place] = value
        _ = try? check(bytes)
      }
      _ = try? check(Array(whole.prefix(place)))
    }
  }
}
