import Arm64
import Files
import MemoryTypes
import Tasks

extension ProcFS {
  /// `/proc/cpuinfo` (arch/arm64/kernel/cpuinfo.c: c_show()).
  func cpuinfo(_ out: inout Writer) {
    let midr = kernel.board.idRegisters.midr
    let frequency = kernel.board.clock.frequency
    out.text("processor\t: 0\nBogoMIPS\t: ")
    // The delay loop counts the timer: loops_per_jiffy × HZ is its frequency.
    out.decimal(frequency / 500_000)
    out.byte(0x2E)
    out.zeroFilled(frequency / 5_000 % 100, width: 2)
    out.text("\nFeatures\t:")
    let capabilities = kernel.store.pointee.capabilities
    features(capabilities.hwcap, &out) { Self.feature($0) }
    features(capabilities.hwcap2, &out) { Self.feature2($0) }
    out.text("\nCPU implementer\t: 0x")
    out.hexadecimal((midr &>> 24) & 0xFF, width: 2)
    out.text("\nCPU architecture: 8\nCPU variant\t: 0x")
    out.hexadecimal((midr &>> 20) & 0xF)
    out.text("\nCPU part\t: 0x")
    out.hexadecimal((midr &>> 4) & 0xFFF, width: 3)
    out.text("\nCPU revision\t: ")
    out.decimal(midr & 0xF)
    out.text("\n\n")
  }

  private func features(
    _ word: UInt64, _ out: inout Writer, _ name: (Int) -> StaticString?
  ) {
    var rest = word
    while rest != 0 {
      let bit = rest.trailingZeroBitCount
      rest &= rest &- 1
      if let name = name(bit) {
        out.byte(0x20)
        out.text(name)
      }
    }
  }

  /// The names of AT_HWCAP's bits.
  private static func feature(_ bit: Int) -> StaticString? {
    switch bit {
    case 0: "fp"
    case 1: "asimd"
    case 2: "evtstrm"
    case 3: "aes"
    case 4: "pmull"
    case 5: "sha1"
    case 6: "sha2"
    case 7: "crc32"
    case 8: "atomics"
    case 9: "fphp"
    case 10: "asimdhp"
    case 11: "cpuid"
    case 12: "asimdrdm"
    case 13: "jscvt"
    case 14: "fcma"
    case 15: "lrcpc"
    case 16: "dcpop"
    case 17: "sha3"
    case 18: "sm3"
    case 19: "sm4"
    case 20: "asimddp"
    case 21: "sha512"
    case 22: "sve"
    case 23: "asimdfhm"
    case 24: "dit"
    case 25: "uscat"
    case 26: "ilrcpc"
    case 27: "flagm"
    case 28: "ssbs"
    case 29: "sb"
    case 30: "paca"
    case 31: "pacg"
    default: nil
    }
  }

  /// The names of AT_HWCAP2's bits, those of SVE and SME left out: they are never set.
  private static func feature2(_ bit: Int) -> StaticString? {
    switch bit {
    case 0: "dcpodp"
    case 7: "flagm2"
    case 8: "frint"
    case 13: "i8mm"
    case 14: "bf16"
    case 15: "dgh"
    case 16: "rng"
    case 17: "bti"
    case 18: "mte"
    case 19: "ecv"
    case 20: "afp"
    case 21: "rpres"
    case 22: "mte3"
    case 31: "wfxt"
    case 32: "ebf16"
    default: nil
    }
  }
}
