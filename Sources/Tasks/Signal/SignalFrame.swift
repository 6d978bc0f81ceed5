import MemoryTypes

/// What a handler finds on its stack: `struct rt_sigframe` of arm64
/// (arch/arm64/include/uapi/asm/sigcontext.h, ucontext.h), as offsets from its start.
///
/// ```
///    0   siginfo                 128 bytes; x1 points here
///  128   ucontext                x2 points here
///  128     flags, link
///  144     the other stack       pointer, flags, size
///  168     the mask to go back to
///  304     fault address
///  312     x0–x30, SP, PC, PSTATE
///  592     records: FP and SIMD registers, the syndrome of a fault, an empty one; 4096 bytes
/// 4688   end
/// ```
/// Above it lies a frame record (x29, x30), so that unwinders find their way through.
enum SignalFrame {
  static var context: Int { 128 }
  static var otherStack: Int { 144 }
  static var mask: Int { 168 }
  static var faultAddress: Int { 304 }
  static var registers: Int { 312 }
  static var records: Int { 592 }
  static var recordsLength: UInt64 { 4096 }
  static var length: UInt64 { 4688 }

  /// The registers' words: x0–x30, SP, PC, PSTATE, in the order of ``Arm64/UserContext``.
  static var registerWords: Int { 34 }

  /// The bytes that are written of a frame: up to the end of an empty record behind the syndrome's.
  static var used: Int { 1152 }
  /// What is written of a frame: up to the end of the syndrome's record, and an empty one.
  typealias Image = InlineArray<144, UInt64>
  /// The record of the vector registers, and their bytes in it.
  typealias VectorRecord = InlineArray<66, UInt64>
  static var vectorBytes: Int { 512 }

  static var vectorMagic: UInt64 { 0x4650_8001 }
  static var syndromeMagic: UInt64 { 0x4553_5201 }
  static var extraMagic: UInt64 { 0x4558_5401 }
  /// A record's head: magic and size.
  static var vectorHead: UInt64 { 528 << 32 | 0x4650_8001 }
  static var syndromeHead: UInt64 { 16 << 32 | 0x4553_5201 }
}

/// Flags of an action (`sa_flags`).
public enum SignalActionFlags {
  static var noChildStop: UInt64 { 0x1 }
  static var noChildWait: UInt64 { 0x2 }
  static var information: UInt64 { 0x4 }
  static var exposesTags: UInt64 { 0x800 }
  static var restorer: UInt64 { 0x0400_0000 }
  static var onOtherStack: UInt64 { 0x0800_0000 }
  static var restart: UInt64 { 0x1000_0000 }
  static var noDefer: UInt64 { 0x4000_0000 }
  static var resetHandler: UInt64 { 0x8000_0000 }
  /// Those that are kept (UAPI_SA_FLAGS of arm64).
  public static var known: UInt64 { 0xdc00_0807 }
}
