import Arm64
import MemoryTypes
import TestSupport
import Testing

@Suite struct DescriptorTests {
  @Test(arguments: Shape.all)
  func outputAddressesRoundTrip(shape: Shape) {
    var random = Random(seed: 3 &+ shape.vaBits)
    let geometry = shape.geometry
    let bits = shape.large ? 52 : 48 as UInt64
    for _ in 0..<2000 {
      let address = PhysicalAddress(random.next() & ((1 << bits) - 1)).alignedDown(
        to: geometry.pageSize)
      let frame = PageFrameNumber(containing: address, geometry.pageSize)
      let page = Descriptor(page: frame, .userReadWrite, in: geometry)
      #expect(page.output(in: geometry) == address)
      #expect(page.frame(in: geometry) == frame)
      var attributes = Descriptor.Attributes.userReadWrite
      if geometry.hasLargeOutput && shape.shift != 16 { attributes.remove(.innerShareable) }
      #expect(page.attributes(in: geometry) == attributes)
      #expect(page.kind(at: 3, in: geometry) == .page(address, attributes))
      #expect(page.kind(at: 2, in: geometry) == .table(address, []))

      let block = address.alignedDown(to: geometry.coverage(at: 2))
      let descriptor = Descriptor(block: block, .kernel, in: geometry)
      #expect(descriptor.output(at: 2, in: geometry) == block)
      if case .block(let found, _) = descriptor.kind(at: 2, in: geometry) {
        #expect(found == block)
      } else {
        Issue.record("no block")
      }
      #expect(descriptor.kind(at: 3, in: geometry) == .invalid)
      #expect(Descriptor(table: frame, in: geometry).output(in: geometry) == address)
    }
  }

  /// The values of arch/arm64/include/asm/pgtable-prot.h, computed there by hand.
  @Test(
    arguments: [
      (.userNone, 0x0460_0000_0000_0f82), (.userReadOnly, 0x0060_0000_0000_0fc3),
      (.userReadOnlyExecute, 0x0020_0000_0000_0fc3), (.userReadWrite, 0x0068_0000_0000_0fc3),
      (.userReadWriteExecute, 0x0028_0000_0000_0fc3), (.userExecuteOnly, 0x0020_0000_0000_0f83),
      (.kernel, 0x00e8_0000_0000_0703), (.kernelReadOnly, 0x00e0_0000_0000_0783),
      (.kernelReadOnlyExecute, 0x00c0_0000_0000_0783), (.kernelExecute, 0x00c8_0000_0000_0703),
      (.kernelLinearMap, 0x00e8_0000_0000_0707), (.device, 0x0068_0000_0000_0713),
      (.deviceNonGathering, 0x0068_0000_0000_070f), (.kernelNonCacheable, 0x0068_0000_0000_070b),
    ] as [(Descriptor.Attributes, UInt64)])
  func protectionsAreLinuxs(protection: Descriptor.Attributes, value: UInt64) {
    #expect(protection.rawValue == value)
  }

  /// The table in pgtable.h: dirty and writable against read-only, write and software dirty.
  @Test func dirtyStateFollowsTheTable() {
    let clean = Descriptor(rawValue: Descriptor.Attributes.userReadOnly.rawValue)
    let writable = clean.madeWritable
    #expect(!clean.isDirty && !clean.isWritable)
    #expect(!writable.isDirty && writable.isWritable && has(writable, .readOnly))
    #expect(!clean.madeDirty.isHardwareDirty && clean.madeDirty.isDirty)
    let written = writable.madeDirty
    #expect(written.isHardwareDirty && written.isSoftwareDirty && !has(written, .readOnly))
    #expect(clean.madeDirty.madeWritable.isHardwareDirty)

    // The CPU opens a clean writable page by itself.
    let opened = Descriptor(writable.rawValue & ~Descriptor.Attributes.readOnly.rawValue)
    #expect(opened.isHardwareDirty && !opened.isSoftwareDirty && opened.isDirty)
    let protected = opened.writeProtected
    #expect(protected.isDirty && !protected.isWritable && has(protected, .readOnly))
    #expect(!written.madeClean.isDirty && has(written.madeClean, .readOnly))
    #expect(written.madeClean.isWritable)
    #expect(!clean.madeOld.isYoung && clean.madeOld.madeYoung == clean)
  }

  @Test func modifyingKeepsFrameAgeAndDirtiness() {
    let geometry = Shape(shift: 12, vaBits: 48, large: false).geometry
    let page = Descriptor(page: PageFrameNumber(0x12345), .userReadWrite, in: geometry)
    let opened = Descriptor(page.rawValue & ~Descriptor.Attributes.readOnly.rawValue)
    let none = opened.modified(to: .userNone)
    #expect(none.isProtNone && !none.isValid && none.isPresent && none.isDirty)
    #expect(none.frame(in: geometry) == PageFrameNumber(0x12345))
    let back = none.modified(to: .userReadWrite)
    #expect(back.isHardwareDirty && back.isYoung && back.isValid && !back.isProtNone)
    let readOnly = opened.modified(to: .userReadOnly)
    #expect(readOnly.isDirty && !readOnly.isWritable && has(readOnly, .readOnly))
    #expect(page.madeOld.modified(to: .userReadOnly).isYoung == false)
    #expect(page.madeSpecial.modified(to: .userReadOnly).isSpecial)
  }

  @Test func liveKernelDescriptorsChangePermissionsOnly() {
    let geometry = Shape(shift: 12, vaBits: 48, large: false).geometry
    func page(_ frame: UInt64, _ protection: Descriptor.Attributes) -> Descriptor {
      Descriptor(page: PageFrameNumber(frame), protection, in: geometry)
    }
    #expect(page(1, .kernel).mayBecome(page(1, .kernelReadOnly)))
    #expect(page(1, .kernelLinearMap).mayBecome(page(1, .kernelReadOnly)))
    #expect(!page(1, .kernel).mayBecome(page(2, .kernel)))
    #expect(!page(1, .kernel).mayBecome(page(1, .device)))
    #expect(Descriptor.none.mayBecome(page(1, .device)))
    #expect(page(1, .kernel).mayBecome(.none))
    #expect(!page(1, [.kernel, .contiguous]).mayBecome(page(1, .kernelReadOnly)))
    #expect(!page(1, [.kernel, .notGlobal]).mayBecome(page(1, .kernel)))
  }

  func has(_ descriptor: Descriptor, _ attribute: Descriptor.Attributes) -> Bool {
    descriptor.rawValue & attribute.rawValue != 0
  }
}
