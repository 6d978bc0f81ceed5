import Glibc
import ObserverEntry

// A store-exclusive is told from everything else, for QEMU makes it a compare-and-exchange and so
// reads what the instruction does not.

/// Whether a word can be one in any of the three instruction sets.
///
/// What is STXR in A64 is `ldr.w r0, [r1, #2048]` in T32, and nobody says which set it is of.
func mayStoreExclusively(_ word: UInt32) -> Bool {
  // A64, of one register and of two (Arm ARM C4.1.66).
  if word & 0x3fe0_0000 == 0x0800_0000 || word & 0xbfe0_0000 == 0x8820_0000 { return true }
  // A32, then T32, whose first halfword comes first (F4.1.20, F3.1.13).
  return word & 0x0f90_00f0 == 0x0180_0090 || word & 0xff70 == 0xe840
}

/// Whether an instruction that can be one is one.
///
/// QEMU's disassembler knows the state that the CPU is in. It is asked when a block is translated,
/// and of few instructions.
@unsafe func storesExclusively(_ instruction: OpaquePointer) -> Bool {
  guard let text = unsafe qemu_plugin_insn_disas(instruction) else { return false }
  defer { unsafe free(text) }
  return unsafe isExclusiveMnemonic(String(cString: text))
}

func isExclusiveMnemonic(_ text: String) -> Bool {
  ["stxr", "stlxr", "stxp", "stlxp", "strex", "stlex"].contains { text.hasPrefix($0) }
}
