import AddressSpaces
import Arm64
import KernelAssembly
import MemoryTypes
import Tasks

/// Does a program's DC ZVA, which traps (SCTLR_EL1.DZE is 0); false for anything else.
///
/// DCZID_EL0.DZP says that there is none, so a program that asks never comes here. One that does
/// not gets 64 bytes of zeros, as on every core the board has, or the fault that the instruction
/// would have had (Arm ARM C5.3.12).
func emulateLineClear(_ context: KernelPointer<UserContext>) -> Bool {
  let pc = VirtualAddress(context.pointee.programCounter)
  guard
    let space = Kernel.state.current.pointee.memory.space,
    let word = try? space.pointee.copyIn(UInt32.self, from: pc),
    // SYS #3, C7, C4, #1, Xt
    word & 0xffff_ffe0 == 0xd50b_7420
  else { return false }
  let register = Int(word & 31)
  let address = register < 31 ? context.pointee.x[register] : 0
  let line = VirtualAddress(VirtualAddress(address).untagged.rawValue & ~63)
  let zeros = InlineArray<8, UInt64>(repeating: 0)
  do throws(Errno) {
    try space.pointee.copyOut(zeros, to: line)
    context.pointee.programCounter &+= 4
  } catch {
    // A data abort of a write at level 3: of permission where a page is mapped. CM is clear, as the
    // core has it for DC ZVA.
    let isMapped = space.pointee.tables.entry(for: line)?.pointee.isPresent ?? false
    Kernel.state.handleUserException(
      ExceptionSyndrome(0x24 &<< 26 | 1 &<< 25 | 1 &<< 6 | (isMapped ? 0xf : 7)),
      faultAddress: VirtualAddress(address))
  }
  return true
}
