import Foundation
import MemoryTypes

/// A CPU's own translation: QEMU runs a program of a page that asks AT for every address.
///
/// The program stays at EL2, where it runs untranslated, and gives the EL1&0 regime the tables of
/// the test, whatever is in them: `AT S1E0R` and its like translate for that regime. A table where
/// nothing answers makes AT itself abort; the vector notes the syndrome and goes on.
struct EmulatedMMU {
  /// The registers of the regime, and the addresses to translate.
  struct Question {
    var tcr, mair, ttbr0, ttbr1: UInt64
    var addresses: [UInt64]
  }

  /// What AT left for one address and one kind of access: PAR_EL1, and ESR_EL2 if it aborted.
  struct Answer {
    var par: UInt64
    var syndrome: UInt64
  }

  /// The kinds of access, in the order of the answers to each address.
  static let accesses = ["s1e0r", "s1e0w", "s1e1r", "s1e1w"]

  static let ramBase: UInt64 = 0x4000_0000
  static let questions: UInt64 = 0x4010_0000
  static let tables: UInt64 = 0x4100_0000
  static let ramBytes: UInt64 = 64 << 20

  let emulator: URL
  let compiler: URL
  let folder: URL

  static var isHere: Bool { find("qemu-system-aarch64") != nil && find("clang") != nil }

  init?() {
    guard let emulator = Self.find("qemu-system-aarch64"), let compiler = Self.find("clang")
    else { return nil }
    self.emulator = emulator
    self.compiler = compiler
    folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
  }

  static func find(_ tool: String) -> URL? {
    let path = ProcessInfo.processInfo.environment["PATH"] ?? ""
    return path.split(separator: ":").lazy
      .map { URL(fileURLWithPath: String($0)).appendingPathComponent(tool) }
      .first { FileManager.default.isExecutableFile(atPath: $0.path) }
  }

  enum Failure: Error { case status(String, Int32), noAnswer }

  /// Puts a question to a CPU model, with `ram` at ``tables``.
  func ask(_ question: Question, cpu: String, ram: TestRAM) throws -> [Answer] {
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let source = folder.appendingPathComponent("translate.s")
    let image = folder.appendingPathComponent("translate.bin")
    let memory = folder.appendingPathComponent("ram")
    try Self.program.write(to: source, atomically: true, encoding: .utf8)
    try run(
      compiler,
      [
        "--target=aarch64-none-elf", "-nostdlib", "-fuse-ld=lld", "-Wl,--oformat=binary",
        "-Wl,-Ttext=0x40080000", source.path, "-o", image.path,
      ])

    try Data().write(to: memory)
    let file = try FileHandle(forUpdating: memory)
    try file.truncate(atOffset: Self.ramBytes)
    let answersAt = Self.questions + 0x1000 + UInt64(question.addresses.count) * 8
    let header: [UInt64] = [
      question.tcr, question.mair, question.ttbr0, question.ttbr1,
      UInt64(question.addresses.count), Self.questions + 0x1000, answersAt,
    ]
    try write(header, to: file, at: Self.questions)
    try write(question.addresses, to: file, at: Self.questions + 0x1000)
    try file.seek(toOffset: Self.tables - Self.ramBase)
    try file.write(contentsOf: unsafe Data(bytes: ram.bytes, count: Int(ram.length.rawValue)))

    try run(
      emulator,
      [
        "-machine", "virt,virtualization=on,memory-backend=ram", "-cpu", cpu, "-m",
        "\(Self.ramBytes >> 20)M", "-object",
        "memory-backend-file,id=ram,share=on,size=\(Self.ramBytes),mem-path=\(memory.path)",
        "-display", "none", "-serial", "none", "-monitor", "none", "-nodefaults", "-no-reboot",
        "-kernel", image.path,
      ])
    try file.seek(toOffset: answersAt - Self.ramBase)
    let bytes = question.addresses.count * Self.accesses.count * 16
    guard let data = try file.read(upToCount: bytes), data.count == bytes else {
      throw Failure.noAnswer
    }
    let words = unsafe data.withUnsafeBytes { unsafe [UInt64]($0.bindMemory(to: UInt64.self)) }
    return stride(from: 0, to: words.count, by: 2).map {
      Answer(par: words[$0], syndrome: words[$0 + 1])
    }
  }

  private func write(_ words: [UInt64], to file: FileHandle, at address: UInt64) throws {
    try file.seek(toOffset: address - Self.ramBase)
    try file.write(contentsOf: unsafe words.withUnsafeBytes { unsafe Data($0) })
  }

  private func run(_ tool: URL, _ arguments: [String]) throws {
    let process = Process()
    process.executableURL = tool
    process.arguments = arguments
    try process.run()
    let deadline = Date().addingTimeInterval(60)
    while process.isRunning && Date() < deadline { usleep(5000) }
    if process.isRunning { process.terminate() }
    process.waitUntilExit()
    guard process.terminationStatus == 0 else {
      throw Failure.status(tool.lastPathComponent, process.terminationStatus)
    }
  }

  /// x20 the question, x21 the next address, x22 the next answer, x23 addresses left.
  static let program = """
    .global _start
    _start:
      mov x20, #0x40100000
      adr x0, vectors
      msr vbar_el2, x0
      mov x0, #(1 << 31)          // HCR_EL2.RW: EL1 is AArch64; no stage 2
      msr hcr_el2, x0
      ldp x0, x1, [x20]
      msr tcr_el1, x0
      msr mair_el1, x1
      ldp x0, x1, [x20, #16]
      msr ttbr0_el1, x0
      msr ttbr1_el1, x1
      ldp x23, x21, [x20, #32]
      ldr x22, [x20, #48]
      ldr x0, =0x30d00801         // SCTLR_EL1: M, and what is always one
      msr sctlr_el1, x0
      isb
    again:
      cbz x23, done
      ldr x1, [x21], #8
      .macro ask operation
        mov x2, xzr
        at \\operation, x1
        isb
        mrs x3, par_el1
        stp x3, x2, [x22], #16
      .endm
      \(accesses.map { "ask \($0)" }.joined(separator: "\n"))
      sub x23, x23, #1
      b again
    done:
      mov w0, #0x0008             // PSCI SYSTEM_OFF
      movk w0, #0x8400, lsl #16
      smc #0
      b done

      .balign 2048
    vectors:
      .rept 4
      .balign 128
      b done
      .endr
      .balign 128                 // a synchronous exception at EL2 itself
      mrs x2, esr_el2
      mrs x4, elr_el2
      add x4, x4, #4
      msr elr_el2, x4
      eret
      .balign 2048
    """
}
