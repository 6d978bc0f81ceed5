import Arm64
import MemoryTypes
import Testing

@Suite struct RegisterTests {
  /// Values that Linux 6.1 would write, put together by hand from __cpu_setup, without HA and HD.
  @Test(
    arguments: [
      (Shape(shift: 12, vaBits: 48, large: false), 0x0000_0035_b550_3510),
      (Shape(shift: 12, vaBits: 39, large: false), 0x0000_0035_b559_3519),
      (Shape(shift: 14, vaBits: 47, large: false), 0x0000_0035_7551_b511),
      (Shape(shift: 16, vaBits: 42, large: false), 0x0000_0035_f556_7516),
      (Shape(shift: 16, vaBits: 52, large: true), 0x0000_0036_f54c_750c),
      (Shape(shift: 12, vaBits: 52, large: true), 0x0800_0036_b54c_350c),
    ] as [(Shape, UInt64)])
  func translationControl(shape: Shape, value: UInt64) {
    let control = TranslationControl(geometry: shape.geometry, physicalBits: 52)
    #expect(control.tcr == value, "\(String(control.tcr, radix: 16))")
    let hardware = TranslationControl(
      geometry: shape.geometry, physicalBits: 52, hasHardwareAccessAndDirty: true)
    #expect(hardware.tcr == value | 0x180_0000_0000)
  }

  @Test func outputSizeIsTheLesserOfCPUAndFormat() {
    let plain = Shape(shift: 12, vaBits: 48, large: false).geometry
    #expect(TranslationControl(geometry: plain, physicalBits: 44).tcr >> 32 & 7 == 4)
    #expect(TranslationControl(geometry: plain, physicalBits: 52).tcr >> 32 & 7 == 5)
    for code in 0..<7 as Range<UInt64> {
      let bits = TranslationControl.addressBits(sizeCode: code)
      #expect(TranslationControl.sizeCode(bits) == code)
    }
  }

  @Test func memoryAttributes() {
    #expect(TranslationControl.mair() == 0x0000_0004_0044_ffff)
    #expect(TranslationControl.mair(tagged: true) == 0x0000_0004_0044_f0ff)
    #expect(SystemControl.translating.rawValue == 0x0200_0020_34f4_d91d)
  }

  @Test(arguments: Shape.all)
  func translationTableBase(shape: Shape) {
    let control = TranslationControl(geometry: shape.geometry, physicalBits: 52)
    let root = PhysicalAddress(shape.large ? 0x000d_1234_5678_0000 : 0x0000_1234_5678_0000)
    let ttbr = control.ttbr(root: root, asid: ASID(0xabcd))
    #expect(ttbr >> 48 == 0xabcd)
    #expect(control.root(ttbr: ttbr) == root)
    if shape.large { #expect(ttbr >> 2 & 0xf == 0xd) }
  }

  @Test func faultStatusCodesRoundTrip() {
    for code in 0..<64 as Range<UInt64> { #expect(FaultStatus(code: code).code == code) }
    #expect(FaultStatus(code: 0b000111) == .translation(level: 3))
    #expect(FaultStatus(code: 0b001111) == .permission(level: 3))
    #expect(FaultStatus(code: 0b001001) == .accessFlag(level: 1))
    #expect(FaultStatus(code: 0b101011) == .translation(level: -1))
    #expect(FaultStatus(code: 0b010101) == .externalAbortOnWalk(level: 1))
    #expect(FaultStatus(code: 0b100001) == .alignment)
  }

  @Test func dataAbortOfAUserWrite() {
    let syndrome = ExceptionSyndrome(0x9200_0047)
    #expect(syndrome.exceptionClass == .dataAbortUser)
    #expect(syndrome.isDataAbort && !syndrome.isInstructionAbort && syndrome.isFromUser)
    #expect(syndrome.isWrite && syndrome.isTranslationFault && !syndrome.isPermissionFault)
    #expect(syndrome.faultStatus == .translation(level: 3))
    // DC CIVAC reports WnR too, and needs only to read.
    #expect(!ExceptionSyndrome(0x9200_0147).isWrite)
    #expect(ExceptionSyndrome(0x9200_0147).isCacheMaintenance)
  }

  @Test func otherClasses() {
    #expect(ExceptionSyndrome(0x5600_0000).exceptionClass == .supervisorCall)
    #expect(ExceptionSyndrome(0x8200_000f).isInstructionAbort)
    #expect(ExceptionSyndrome(0x8200_000f).isPermissionFault)
    #expect(!ExceptionSyndrome(0x9600_0006).isFromUser)
    #expect(ExceptionSyndrome(0x9600_0006).isTranslationFault)
    #expect(ExceptionSyndrome(0xf200_03e8).immediate == 1000)
    #expect(ExceptionSyndrome(0x9200_000b).isAccessFlagFault)
  }

  @Test func trappedReadOfAnIDRegister() {
    // MRS x5, ID_AA64PFR0_EL1: op0 3, op1 0, CRn 0, CRm 4, op2 0.
    let syndrome = ExceptionSyndrome(0x18 << 26 | 1 << 25 | 3 << 20 | 5 << 5 | 4 << 1 | 1)
    let trapped = syndrome.systemInstruction
    #expect(syndrome.exceptionClass == .systemInstruction)
    #expect(trapped.isIdentificationRead && trapped.register == 5 && trapped.crm == 4)
    // MSR to the same place, and MRS of CNTVCT_EL0 (op1 3, CRn 14).
    #expect(!ExceptionSyndrome(syndrome.rawValue & ~1).systemInstruction.isIdentificationRead)
    let timer = ExceptionSyndrome(syndrome.rawValue | 3 << 14 | 14 << 10).systemInstruction
    #expect(!timer.isIdentificationRead && timer.crn == 14 && timer.op1 == 3)
  }

  @Test func tagsAndHalves() {
    #expect(VirtualAddress(0xab00_1234_5678_9000).untagged == VirtualAddress(0x1234_5678_9000))
    #expect(VirtualAddress(0xabff_8000_0000_0000).untagged == VirtualAddress(0xffff_8000_0000_0000))
    #expect(VirtualAddress(1 << 55).isKernelHalf && !VirtualAddress(1 << 63).isKernelHalf)
  }
}
