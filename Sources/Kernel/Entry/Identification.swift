import AddressSpaces
import Arm64
import KernelAssembly
import MemoryTypes
import Tasks

/// Answers a program's MRS of an ID register, as HWCAP_CPUID promises; false for anything else.
///
/// Linux (arch/arm64/kernel/cpufeature.c, `arm64_ftr_regs`) shows the fields that programs may
/// know about and hides the rest as "not there". Hidden here as well is what this kernel does not
/// switch: SVE, SME, pointer authentication, BTI, MTE.
///
/// Most CPUs report such a read as an undefined instruction without saying which, so the
/// instruction itself is looked at (`try_emulate_mrs()`).
func emulateIdentification(_ context: KernelPointer<UserContext>) -> Bool {
  let pc = VirtualAddress(context.pointee.programCounter)
  guard
    let space = Kernel.state.current.pointee.memory.space,
    let word = try? space.pointee.copyIn(UInt32.self, from: pc),
    // MRS Xt, S3_0_C0_Cm_op2
    word & 0xffff_f000 == 0xd538_0000
  else { return false }
  let register = Int(word & 31)
  let instruction = (crm: word &>> 8 & 15, op2: word &>> 5 & 7)
  let value: UInt64
  switch instruction {
  case (0, 0): value = read_midr()
  case (0, 5): value = 1 &<< 31  // MPIDR_EL1: RES1, one CPU
  case (0, 6): value = read_revision()
  case (0, _): return false
  case (1, _): return false
  case (4, 0): value = read_pfr0() & 0x000f_0000_00ff_0000 | 0x11  // DIT, AdvSIMD, FP
  case (4, 1): value = read_pfr1() & 0xf0  // SSBS
  case (5, 0): value = 0x6  // DebugVer
  case (6, 0): value = read_isar0() & 0xf0ff_ffff_f0ff_fff0
  case (6, 1): value = read_isar1() & 0x00ff_f0ff_00ff_f00f  // not APA, API, GPA, GPI
  case (6, 2): value = read_isar2() & 0xff  // RPRES, WFxT
  case (7, 0): value = read_mmfr0() & 0xf000_0000_0000_0000 | 0x0000_0111_ff00_0000  // ECV
  case (7, 1): value = read_mmfr1() & 0x0000_f000_0000_0000  // AFP
  case (7, 2): value = read_mmfr2() & 0x0000_000f_0000_0000  // AT
  case (8..., _): return false
  default: value = 0
  }
  if register < 31 { context.pointee.x[register] = value }
  context.pointee.programCounter &+= 4
  return true
}
