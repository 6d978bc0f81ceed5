import BoardFormat
import MemoryTypes

/// Where everything lies in the machine's memory: RAM, and behind it the board file.
///
/// ```
/// 0x4000_0000  RAM: the emulator's first instructions, the kernel image at +2M,
///   +128M      the emulator's own device tree, which carries the kernel's command line
///              (in RAM, in a hole between banks or, where RAM is small, behind it)
///   end of RAM, or +130M
///              board header, statistics, output ring, device tree, arguments, standard
///              input, probes, archive, modules, swap
/// ```
/// QEMU puts its tree at half of memory but not above 128M, on a boundary of 2M (hw/arm/boot.c,
/// arm_setup_direct_kernel_boot): memory is never smaller than 256M, so the place does not move.
/// Nothing of that costs memory before it is touched.
struct BoardLayout {
  static let emulatorTree = MemoryBank(
    start: MemoryBank.ramBase + .mebibytes(128), length: .mebibytes(2))
  static let alignment = ByteCount.kibibytes(64)

  var header = BoardHeader.Area()
  var statistics = BoardHeader.Area()
  var output = BoardHeader.Area()
  var deviceTree = BoardHeader.Area()
  var program = BoardHeader.Area()
  var standardInput = BoardHeader.Area()
  var probes = BoardHeader.Area()
  var archive = BoardHeader.Area()
  var modules = BoardHeader.Area()
  var controlGroups = BoardHeader.Area()
  var swap = BoardHeader.Area()
  var swapFiles: [BoardHeader.Area] = []
  /// Where the last area ends.
  let areasEnd: PhysicalAddress
  /// The bytes from the start of RAM to the board file.
  let ram: ByteCount
  /// The bytes of the board file, which begins with the header.
  let size: ByteCount

  /// Refuses what no address of so many bits reaches: half of the kernel's are for RAM and what lies
  /// behind it (PAGE_OFFSET to PAGE_END).
  func check(_ vaBits: UInt64) throws(MachineError) {
    let needed = ram + size
    let room = ByteCount(1 << (vaBits - 1))
    guard needed > room else { return }
    throw .usage(
      "RAM and what lies behind it, files and swap, are \(needed) together; with \(vaBits) "
        + "VA bits there is room for \(room)",
      hint: "more --va-bits, or less --ram or --swap")
  }

  /// Lays the areas behind the last bank.
  init(
    behind banks: [MemoryBank], deviceTree: UInt64, program: UInt64, standardInput: UInt64,
    probes: UInt64 = 0, archive: UInt64, modules: UInt64 = 0,
    controlGroups: UInt64 = 0, swap: UInt64 = 0, swapFiles: [UInt64] = []
  ) {
    let ramEnd = banks.map(\.end).max() ?? MemoryBank.ramBase
    let start = max(ramEnd, Self.emulatorTree.end).alignedUp(to: .mebibytes(2))
    var next = start
    func area(_ length: UInt64) -> BoardHeader.Area {
      let area = BoardHeader.Area(start: next, length: ByteCount(length))
      next = (next + ByteCount(length)).alignedUp(to: Self.alignment)
      return area
    }
    header = area(UInt64(MemoryLayout<BoardHeader>.size))
    statistics = area(UInt64(MemoryLayout<Statistics>.size))
    output = area(UInt64(OutputRing.dataOffset) + UInt64(OutputRing.size))
    self.deviceTree = area(deviceTree)
    self.program = area(program)
    self.standardInput = area(standardInput)
    self.probes = area(probes)
    self.archive = area(archive)
    if modules > 0 { self.modules = area(modules) }
    if controlGroups > 0 { self.controlGroups = area(controlGroups) }
    if swap > 0 { self.swap = area(swap) }
    self.swapFiles = swapFiles.map { area($0) }
    areasEnd = next
    let end = max(next, MemoryBank.ramBase + .mebibytes(256))
    ram = start - MemoryBank.ramBase
    size = end.alignedUp(to: ByteCount.mebibytes(2)) - start
  }
}
