import ArgumentParser
import KernelHistory
import Machine
import MemoryTypes

/// The options that say which kernel an address belongs to, the same for each verb that asks.
struct LayoutOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "The kernel's version, 3.18 or later; 6.1 unless given.", valueName: "version"))
  var kernel: String?

  @Option(help: "A machine file: YAML with the words of these options.")
  var machine: String?

  @Option(help: "The page size: 4K, 16K or 64K.")
  var pageSize: String?

  @Option(help: "The bits of a virtual address; 48 unless given, 47 with 16K pages.")
  var vaBits: String?

  @Option(
    help: ArgumentHelp(
      "The bits that the machine translates, for a kernel of 52 on one that has fewer.",
      valueName: "bits"))
  var actualVaBits: String?

  @Option(
    help: ArgumentHelp(
      "The KASAN that the kernel was built with.", valueName: "none|generic|sw-tags|hw-tags"))
  var kasan: String?

  @Option(
    help: ArgumentHelp(
      "RAM: a size, or banks with their addresses.",
      discussion: "4G is 4G@0x40000000; or 1G@0x40000000,1G@0x100000000", valueName: "size[,…]"))
  var ram: String?

  @Option(
    help: ArgumentHelp(
      "The physical address of PAGE_OFFSET; what follows from RAM unless given.",
      valueName: "address"))
  var physOffset: String?

  @Option(
    help: ArgumentHelp(
      "The size of struct page, which decides over vmemmap before 4.7; 64 unless given.",
      valueName: "bytes"))
  var structPage: String?

  @Option(help: ArgumentHelp("The kernel's System.map.", valueName: "file"))
  var symbols: String?

  /// What was found out about the kernel elsewhere; an option that is given counts for more.
  struct Known {
    var version: KernelVersion?
    var pageSize: PageSize?
    var vaBits: UInt64?
    var kasan: KASANMode?
    var physicalOffset: UInt64?

    /// 6.1 where nothing is known, but it has 52 bits only with 64K pages.
    var usualVersion: KernelVersion {
      version
        ?? (vaBits == 52 && pageSize != .sixtyFourKiB
          ? LayoutGenerations.newest : KernelVersion(6, 1))
    }
  }

  /// The map that is described.
  func map(_ known: Known = Known()) throws(MachineError) -> AddressMap {
    var machineConfiguration = MachineConfiguration()
    if let machine { try MachineFile.apply(at: machine, to: &machineConfiguration) }
    if let vaBits { try machineConfiguration.set(.vaBits, to: vaBits) }
    if let pageSize { try machineConfiguration.set(.pageSize, to: pageSize) }
    let isSaid = pageSize != nil || machine != nil
    let pages = isSaid ? machineConfiguration.pageSize : known.pageSize ?? .fourKiB
    let bits =
      machineConfiguration.vaBits ?? (pages == known.pageSize ? known.vaBits : nil)
    let configuration: LayoutConfiguration
    do throws(LayoutError) {
      configuration = try LayoutConfiguration(
        version: try version() ?? known.usualVersion, pageSize: pages,
        vaBits: bits, actualVABits: try number(actualVaBits, "actual-va-bits"),
        kasan: try mode() ?? known.kasan ?? .none,
        structPageSize: try number(structPage, "struct-page") ?? 64)
    } catch {
      throw .usage(error.cause, hint: error.hint)
    }
    let start = try address(physOffset, "phys-offset") ?? known.physicalOffset
    let map = AddressMap(
      configuration, ram: try range(of: machineConfiguration),
      memoryStart: start.map { PhysicalAddress($0) })
    guard let map else {
      throw .usage(
        "--struct-page: with \(configuration.structPageSize) bytes a page vmemmap leaves no room")
    }
    return map
  }

  /// The image's names, if there is a file of them.
  func kernelSymbols() throws(MachineError) -> KernelSymbols? {
    guard let symbols else { return nil }
    let bytes = try HostFile.everything(at: symbols, limit: 1 << 28)
    guard let names = KernelSymbols(systemMap: bytes) else {
      throw .failure("\(symbols): it is no System.map: lines of 'address type name'")
    }
    return names
  }
}

extension LayoutOptions {
  private func version() throws(LayoutError) -> KernelVersion? {
    guard let kernel else { return nil }
    guard let version = KernelVersion(parsing: kernel) else {
      throw LayoutError("--kernel cannot be '\(kernel)'", hint: "write a version, 4.14 or 6.1")
    }
    return version
  }

  private func mode() throws(LayoutError) -> KASANMode? {
    guard let kasan else { return nil }
    guard let mode = KASANMode(rawValue: kasan) else {
      throw LayoutError(
        "--kasan cannot be '\(kasan)'",
        hint: "it is \(KASANMode.allCases.map(\.rawValue).joined(separator: ", "))")
    }
    return mode
  }

  private func number(_ word: String?, _ option: String) throws(LayoutError) -> UInt64? {
    guard let word else { return nil }
    guard let number = UInt64(word) else {
      throw LayoutError("--\(option) cannot be '\(word)'", hint: "write a number")
    }
    return number
  }

  private func address(_ word: String?, _ option: String) throws(MachineError) -> UInt64? {
    guard let word else { return nil }
    guard let address = ByteCount(parsing: word) else {
      throw .usage("--\(option) cannot be '\(word)'", hint: "write an address, 0x40000000")
    }
    return address.rawValue
  }

  /// From the first byte of RAM to behind its last.
  private func range(of described: MachineConfiguration) throws(MachineError)
    -> Range<PhysicalAddress>?
  {
    guard ram != nil || machine != nil else { return nil }
    var banks = described.banks
    if let ram { banks = try [MemoryBank](parsing: ram) }
    for bank in banks {
      let (end, overflow) = bank.start.rawValue.addingReportingOverflow(bank.length.rawValue)
      guard !overflow, end <= 1 << 52, bank.length != .zero else {
        throw .usage("--ram: \(bank.text) is no memory that a machine could have")
      }
    }
    guard let first = banks.map(\.start).min(), let end = banks.map(\.end).max() else {
      return nil
    }
    return first..<end
  }
}
