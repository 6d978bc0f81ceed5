import ArgumentParser
import KernelHistory
import Machine
import MemoryTypes
import Reports

/// `kilburn decode`: what an address is.
struct DecodeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "decode",
    abstract: "Say what an address is: half, region, table indices, and what it stands for.",
    discussion: """
      Every one of the 2^64 addresses is something: of a half or of the hole between them, in a \
      region or in a gap. An address of the linear map is given its physical address, frame and \
      struct page; one of vmemmap its frame; one of KASAN's shadow the bytes that it speaks of. \
      phys:ADDRESS and pfn:NUMBER are looked up the other way.

      Without addresses, standard input is read: a list, a line each, or a pasted oops, whose \
      addresses are explained below their lines. Version, page size and bits are taken from the \
      text where it says them and no option does.

      Examples:
        kilburn decode ffff80000a3c1f40
        kilburn decode --kernel 5.10 --page-size 64K fffffc0012345678 phys:0x80000000
        kilburn decode --symbols System.map < oops.txt
        kilburn decode --json < addresses
      """)

  @OptionGroup(title: "Kernel options")
  var options: LayoutOptions

  @Flag(help: "JSON lines instead of text; Documentation/ReportFormat.md describes them.")
  var json = false

  @Argument(
    help: ArgumentHelp(
      "Hexadecimal, with 0x or without; phys:ADDRESS, pfn:NUMBER.", valueName: "ADDRESS"))
  var addresses: [String] = []

  func run() throws {
    try Failing.run { () throws(MachineError) in
      if addresses.isEmpty || addresses == ["-"] {
        try annotateInput()
      } else {
        try decodeArguments()
      }
    }
  }

  private func decodeArguments() throws(MachineError) {
    let report = try report()
    var found: [VirtualAddress] = []
    for word in addresses { found.append(try address(word, in: report.map)) }
    if json {
      for address in found { try write(report.json(of: address)) }
      return
    }
    var lines: [String] = []
    for address in found {
      if !lines.isEmpty { lines.append("") }
      lines += report.text(of: address, HostText.style)
    }
    lines += ["", HostText.style.faint(LayoutReport(report.map).title)]
    try HostText.show(lines)
  }

  private func annotateInput() throws(MachineError) {
    if Stream.input.isTerminal {
      throw .usage("there is no address", hint: "write some, or paste a text into standard input")
    }
    guard let text = try HostFile.everything(from: Stream.input.rawValue, limit: 1 << 32) else {
      throw .failure("standard input: it is longer than 4G")
    }
    let facts = OopsFacts(text)
    var known = LayoutOptions.Known()
    known.version = facts.version
    known.pageSize = facts.pageShift.flatMap { PageSize(shift: $0) }
    known.vaBits = facts.vaBits
    known.kasan = facts.kasan
    known.physicalOffset = facts.physicalOffset
    var report = try report(known)
    report.kernelOffset = ByteCount(facts.kernelOffset ?? 0)
    if !facts.isEmpty, !json {
      try HostText.show([HostText.style.faint("# \(LayoutReport(report.map).title)")])
    }
    let isTaken = report.annotate(text, asJSON: json) { Stream.output.write($0) }
    guard isTaken else { throw .failure("standard output: \(HostFile.reason())") }
  }

  private func report(_ known: LayoutOptions.Known = .init()) throws(MachineError) -> DecodeReport {
    let map = try options.map(known)
    guard let report = DecodeReport(map, symbols: try options.kernelSymbols()) else {
      throw .usage("there is no translation with these pages and bits")
    }
    return report
  }

  private func write(_ bytes: [UInt8]) throws(MachineError) {
    guard Stream.output.write(bytes) else {
      throw .failure("standard output: \(HostFile.reason())")
    }
  }

  /// The address that a word means.
  private func address(_ word: String, in map: AddressMap) throws(MachineError) -> VirtualAddress {
    for (prefix, isFrame) in [("phys:", false), ("pfn:", true)] where word.hasPrefix(prefix) {
      let number = try number(String(word.dropFirst(prefix.count)), word)
      let (value, overflow) = number.multipliedReportingOverflow(
        by: isFrame ? map.configuration.pageSize.bytes.rawValue : 1)
      guard !overflow, let linear = map.linearAddress(of: PhysicalAddress(value)) else {
        throw .failure(
          "\(word): the linear map does not reach it",
          hint: "its first byte is physical \(hexadecimal(map.memoryStart.rawValue))")
      }
      return linear
    }
    return VirtualAddress(try number(word, word))
  }

  private func number(_ text: String, _ word: String) throws(MachineError) -> UInt64 {
    let digits = (text.hasPrefix("0x") ? String(text.dropFirst(2)) : text).filter { $0 != "_" }
    guard !digits.hasPrefix("+"), !digits.hasPrefix("-"), let number = UInt64(digits, radix: 16)
    else {
      throw .usage("'\(word)' is no address", hint: "write up to 16 hexadecimal digits")
    }
    return number
  }
}
