import AddressSpaces
import Arm64
import MemoryTypes

/// Loads and stores of several registers of a 32-bit program at addresses that are no multiple of
/// four: A32 lets LDR and STR be unaligned, LDM, STM, LDRD and STRD not, and Linux performs those
/// for the program (arch/arm64/kernel/compat_alignment.c:do_compat_alignment_fixup()).
extension KernelState {
  /// Performs the instruction at the program counter, which failed at `address`; false if it is
  /// none of these, or its memory is not the program's.
  func fixAlignment(_ address: VirtualAddress) -> Bool {
    let context = current.pointee.context
    guard let (fetched, length) = compatInstruction(), let space = current.pointee.memory.space
    else { return false }
    guard let operation = TransferInstruction(fetched, isThumb: context.pointee.isThumb) else {
      return false
    }
    do throws(Errno) {
      switch operation {
      case .multiple(let word): try transferMultiple(word, context, space)
      case .double(let first, let second, let isLoad, let writeBack):
        try transferDouble(
          first, second, isLoad: isLoad, at: address.rawValue & 0xffff_ffff, context, space)
        if let (word, immediate) = writeBack {
          let offset = immediate ?? context.pointee.x[Int(word & 15)]
          Self.writeBack(word, address.rawValue, offset, context)
        }
      }
    } catch { return false }
    context.pointee.skipInstruction(length)
    return true
  }

  /// LDM and STM (do_alignment_ldmstm()).
  private func transferMultiple(
    _ word: UInt32, _ context: KernelPointer<UserContext>, _ space: KernelPointer<AddressSpace<B>>
  ) throws(Errno) {
    let base = Int((word &>> 16) & 15)
    let list = word & 0xffff
    let goesUp = word & 1 &<< 23 != 0
    let isLoad = word & 1 &<< 20 != 0
    let bytes = UInt64(list.nonzeroBitCount) &* 4
    let old = base < 15 ? context.pointee.x[base] : context.pointee.programCounter
    let end = goesUp ? old &+ bytes : old &- bytes
    var place = goesUp ? old : end
    // Increment before and decrement after begin a word higher.
    if (word &>> 24) & 1 == (word &>> 23) & 1 { place &+= 4 }
    for register in 0..<16 where list & (1 &<< UInt32(register)) != 0 {
      let target = VirtualAddress(place & 0xffff_ffff)
      if isLoad {
        let value = UInt64(try space.pointee.copyIn(UInt32.self, from: target))
        if register < 15 {
          context.pointee.x[register] = value
        } else {
          context.pointee.programCounter = value
        }
      } else {
        let value =
          register < 15 ? context.pointee.x[register] : context.pointee.programCounter &+ 8
        try space.pointee.copyOut(UInt32(truncatingIfNeeded: value), to: target)
      }
      place &+= 4
    }
    if word & 1 &<< 21 != 0, base < 15 { context.pointee.x[base] = end & 0xffff_ffff }
  }

  /// LDRD and STRD (do_alignment_ldrdstrd()).
  private func transferDouble(
    _ first: Int, _ second: Int, isLoad: Bool, at address: UInt64,
    _ context: KernelPointer<UserContext>, _ space: KernelPointer<AddressSpace<B>>
  ) throws(Errno) {
    let low = VirtualAddress(address)
    let high = VirtualAddress((address &+ 4) & 0xffff_ffff)
    if isLoad {
      let value = try space.pointee.copyIn(UInt32.self, from: low)
      let other = try space.pointee.copyIn(UInt32.self, from: high)
      context.pointee.x[first] = UInt64(value)
      context.pointee.x[second] = UInt64(other)
    } else {
      try space.pointee.copyOut(UInt32(truncatingIfNeeded: context.pointee.x[first]), to: low)
      try space.pointee.copyOut(UInt32(truncatingIfNeeded: context.pointee.x[second]), to: high)
    }
  }

  /// What becomes of the base register (do_alignment_finish_ldst()).
  private static func writeBack(
    _ word: UInt32, _ address: UInt64, _ offset: UInt64, _ context: KernelPointer<UserContext>
  ) {
    let isPreIndexed = word & 1 &<< 24 != 0
    guard !isPreIndexed || word & 1 &<< 21 != 0 else { return }
    var result = address
    if !isPreIndexed { result = word & 1 &<< 23 != 0 ? result &+ offset : result &- offset }
    let base = Int((word &>> 16) & 15)
    if base < 15 { context.pointee.x[base] = result & 0xffff_ffff }
  }
}

/// A load or store of several registers, from its Arm or Thumb encoding.
///
/// Thumb's are made into the Arm instruction that does the same, as far as its fields are looked at
/// (thumb2arm(), do_alignment_t32_to_handler()).
enum TransferInstruction: BitwiseCopyable {
  /// LDM or STM, as Arm encodes it.
  case multiple(UInt32)
  /// LDRD or STRD, registers of two different fields in Thumb, and what the base register gets:
  /// the word with P, U, W and Rn, and an immediate or else the register in its lowest bits.
  case double(Int, Int, isLoad: Bool, writeBack: (UInt32, UInt64?)?)

  init?(_ word: UInt32, isThumb: Bool) {
    if isThumb {
      guard word &>> 16 != 0 else {
        guard let arm = Self.arm(fromNarrow: word) else { return nil }
        self = .multiple(arm)
        return
      }
      self.init(wide: word)
      return
    }
    switch word & 0x0e00_0000 {
    case 0x0800_0000: self = .multiple(word)
    case 0:
      let kind = word & 0x0010_00f0
      let first = Int((word &>> 12) & 15)
      guard kind == 0xd0 || kind == 0xf0, first & 1 == 0, first != 14 else { return nil }
      let immediate: UInt64? =
        word & 1 &<< 22 != 0 ? UInt64((word & 0xf00) &>> 4 | word & 15) : nil
      if immediate == nil && word & 15 == 15 { return nil }
      self = .double(first, first &+ 1, isLoad: kind == 0xd0, writeBack: (word, immediate))
    default: return nil
    }
  }

  private init?(wide word: UInt32) {
    switch (word &>> 16) & 0xffe0 {
    case 0xe880, 0xe8a0, 0xe900, 0xe920: self = .multiple(word)
    case 0xf840 where (word &>> 16) & 15 == 13 && word & 0x09ff == 0x0904:
      // PUSH and POP of one register.
      let base: UInt32 = word & 1 &<< 20 != 0 ? 0xe8bd_0000 : 0xe92d_0000
      self = .multiple(base | 1 &<< ((word &>> 12) & 15))
    case 0xe860, 0xe960, 0xe8e0, 0xe9e0, 0xe940, 0xe9c0:
      let first = Int((word &>> 12) & 15)
      let second = Int((word &>> 8) & 15)
      guard first < 15, second < 15 else { return nil }
      self = .double(
        first, second, isLoad: word & 1 &<< 20 != 0,
        writeBack: (word, UInt64(word & 0xff) &<< 2))
    default: return nil
    }
  }

  /// STMIA, LDMIA, PUSH and POP of 16 bits.
  private static func arm(fromNarrow word: UInt32) -> UInt32? {
    let isLoad = (word &>> 11) & 1
    switch word & 0xf000 {
    case 0xc000:
      let base = (word &>> 8) & 7
      // A loaded base register is not written back.
      let writesBack: UInt32 = (isLoad &<< base) & word & 0xff != 0 ? 0 : 1 &<< 21
      return 0xe880_0000 | writesBack | isLoad &<< 20 | base &<< 16 | word & 0xff
    case 0xb000 where word & 0x0600 == 0x0400:
      let extra = word & 0x100
      return isLoad == 0
        ? 0xe92d_0000 | extra &<< 6 | word & 0xff : 0xe8bd_0000 | extra &<< 7 | word & 0xff
    default: return nil
    }
  }
}
