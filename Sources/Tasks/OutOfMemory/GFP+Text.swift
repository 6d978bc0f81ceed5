import KernelLog
import MemoryTypes
import PageFrames

extension GFP {
  /// The flags' names, whole sets first, as `%pGg` prints them
  /// (include/trace/events/mmflags.h, lib/vsprintf.c:format_flags()).
  func append(to line: inout LogLine) {
    var rest = rawValue
    var index = 0
    while rest != 0, let (mask, name) = Self.named(index) {
      index &+= 1
      guard rest & mask == mask else { continue }
      line.append(name)
      rest &= ~mask
      if rest != 0 { line.append("|") }
    }
    if rest != 0 { line.append(hexadecimal: UInt64(rest)) }
  }

  private static func named(_ index: Int) -> (mask: UInt32, name: StaticString)? {
    switch index {
    case 0: (0x1c_24ca, "GFP_TRANSHUGE")
    case 1: (0x1c_20ca, "GFP_TRANSHUGE_LIGHT")
    case 2: (0x10_0cca, "GFP_HIGHUSER_MOVABLE")
    case 3: (0x10_0cc2, "GFP_HIGHUSER")
    case 4: (0x10_0cc0, "GFP_USER")
    case 5: (0x40_0cc0, "GFP_KERNEL_ACCOUNT")
    case 6: (0xcc0, "GFP_KERNEL")
    case 7: (0xc40, "GFP_NOFS")
    case 8: (0xa20, "GFP_ATOMIC")
    case 9: (0xc00, "GFP_NOIO")
    case 10: (0x800, "GFP_NOWAIT")
    case 11: (0x1, "GFP_DMA")
    case 12: (0x2, "__GFP_HIGHMEM")
    case 13: (0x4, "GFP_DMA32")
    case 14: (0x20, "__GFP_HIGH")
    case 15: (0x200, "__GFP_ATOMIC")
    case 16: (0x40, "__GFP_IO")
    case 17: (0x80, "__GFP_FS")
    case 18: (0x2000, "__GFP_NOWARN")
    case 19: (0x4000, "__GFP_RETRY_MAYFAIL")
    case 20: (0x8000, "__GFP_NOFAIL")
    case 21: (0x1_0000, "__GFP_NORETRY")
    case 22: (0x4_0000, "__GFP_COMP")
    case 23: (0x100, "__GFP_ZERO")
    case 24: (0x8_0000, "__GFP_NOMEMALLOC")
    case 25: (0x2_0000, "__GFP_MEMALLOC")
    case 26: (0x10_0000, "__GFP_HARDWALL")
    case 27: (0x20_0000, "__GFP_THISNODE")
    case 28: (0x10, "__GFP_RECLAIMABLE")
    case 29: (0x8, "__GFP_MOVABLE")
    case 30: (0x40_0000, "__GFP_ACCOUNT")
    case 31: (0x1000, "__GFP_WRITE")
    case 32: (0xc00, "__GFP_RECLAIM")
    case 33: (0x400, "__GFP_DIRECT_RECLAIM")
    case 34: (0x800, "__GFP_KSWAPD_RECLAIM")
    case 35: (0x80_0000, "__GFP_ZEROTAGS")
    default: nil
    }
  }
}
