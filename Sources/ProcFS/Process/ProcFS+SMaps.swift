import AddressSpaces
import Arm64
import Files
import MemoryTypes
import Tasks

extension ProcFS {
  /// `/proc/PID/smaps`: the line of maps, then what the area has in memory.
  func smaps(_ task: KernelPointer<Task<B>>, _ out: inout Writer) {
    forEachArea(of: task) { space, area in smapsEntry(area, space, &out) }
  }

  /// What smaps says of one area (show_smap()).
  func smapsEntry(
    _ area: KernelPointer<VirtualMemoryArea>, _ space: KernelPointer<AddressSpace<B>>,
    _ out: inout Writer
  ) {
    let usage = space.pointee.usage(of: area)
    mapsLine(area, space, &out)
    kilobytes("Size:           ", area.pointee.length, &out)
    kilobytes("KernelPageSize: ", kernel.board.pageSize.bytes, &out)
    kilobytes("MMUPageSize:    ", kernel.board.pageSize.bytes, &out)
    write(usage, isRollup: false, &out)
    out.text("THPeligible:    0\n")
    flags(area.pointee.flags, &out)
  }

  /// `/proc/PID/smaps_rollup`: the sums over all areas (show_smaps_rollup()).
  func smapsRollup(_ task: KernelPointer<Task<B>>, _ out: inout Writer) throws(Errno) {
    guard task.pointee.memory.space != nil else { throw .ESRCH }
    var sum = AreaUsage()
    var start = VirtualAddress(0)
    var end = VirtualAddress(0)
    var isFirst = true
    forEachArea(of: task) { space, area in
      if isFirst { start = area.pointee.start }
      isFirst = false
      end = area.pointee.end
      sum.add(space.pointee.usage(of: area))
    }
    let mark = out.count
    mapsRange(start, end, &out)
    out.text("---p 00000000 00:00 0 ")
    out.pad(to: Self.nameColumn, since: mark)
    out.text("[rollup]\n")
    write(sum, isRollup: true, &out)
  }

  private func write(_ usage: AreaUsage, isRollup: Bool, _ out: inout Writer) {
    kilobytes("Rss:            ", usage.resident, &out)
    shares("Pss:            ", usage.proportional, &out)
    shares("Pss_Dirty:      ", usage.proportionalDirty, &out)
    if isRollup {
      shares("Pss_Anon:       ", usage.proportionalAnonymous, &out)
      shares("Pss_File:       ", usage.proportionalFile, &out)
      shares("Pss_Shmem:      ", usage.proportionalShared, &out)
    }
    kilobytes("Shared_Clean:   ", usage.sharedClean, &out)
    kilobytes("Shared_Dirty:   ", usage.sharedDirty, &out)
    kilobytes("Private_Clean:  ", usage.privateClean, &out)
    kilobytes("Private_Dirty:  ", usage.privateDirty, &out)
    kilobytes("Referenced:     ", usage.referenced, &out)
    kilobytes("Anonymous:      ", usage.anonymous, &out)
    kilobytes("LazyFree:       ", usage.lazyFree, &out)
    // Huge pages: this machine has none.
    kilobytes("AnonHugePages:  ", .zero, &out)
    kilobytes("ShmemPmdMapped: ", .zero, &out)
    kilobytes("FilePmdMapped:  ", .zero, &out)
    kilobytes("Shared_Hugetlb: ", .zero, &out)
    kilobytes("Private_Hugetlb: ", .zero, width: 7, &out)
    kilobytes("Swap:           ", usage.swap, &out)
    shares("SwapPss:        ", usage.proportionalSwap, &out)
    shares("Locked:         ", usage.proportionalLocked, &out)
  }

  /// A line of a label, kilobytes in a column, ` kB`.
  func kilobytes(
    _ label: StaticString, _ bytes: ByteCount, width: Int = 8, _ out: inout Writer
  ) {
    out.text(label)
    out.decimal(bytes.kibibytes, width: width)
    out.text(" kB\n")
  }

  /// The same for a proportional share, which counts in 1/4096 of a byte (PSS_SHIFT).
  private func shares(_ label: StaticString, _ share: UInt64, _ out: inout Writer) {
    kilobytes(label, ByteCount(share &>> 12), &out)
  }

  /// The flags of an area in two letters each, by bit (show_smap_vma_flags()).
  private func flags(_ flags: AreaFlags, _ out: inout Writer) {
    out.text("VmFlags: ")
    var rest = flags.rawValue
    while rest != 0 {
      let bit = rest.trailingZeroBitCount
      rest &= rest &- 1
      out.text(Self.flagName(bit))
      out.byte(0x20)
    }
    out.newline()
  }

  private static func flagName(_ bit: Int) -> StaticString {
    switch bit {
    case 0: "rd"
    case 1: "wr"
    case 2: "ex"
    case 3: "sh"
    case 4: "mr"
    case 5: "mw"
    case 6: "me"
    case 7: "ms"
    case 8: "gd"
    case 10: "pf"
    case 13: "lo"
    case 14: "io"
    case 15: "sr"
    case 16: "rr"
    case 17: "dc"
    case 18: "de"
    case 20: "ac"
    case 21: "nr"
    case 22: "ht"
    case 23: "sf"
    case 24: "ar"
    case 25: "wf"
    case 26: "dd"
    case 28: "mm"
    case 29: "hg"
    case 30: "nh"
    case 31: "mg"
    default: "??"
    }
  }
}
