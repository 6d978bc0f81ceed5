import KernelHeap
import TestSupport
import Testing

/// A range of made-up addresses whose shadow is a buffer of this process.
@safe struct ShadowedRange: ~Copyable {
  static let start: UInt64 = 0xffff_0000_0300_0000
  let bytes: UInt64
  let buffer: UnsafeMutableRawBufferPointer
  let map: ShadowMap

  init(bytes: UInt64) {
    self.bytes = bytes
    let buffer = UnsafeMutableRawBufferPointer.allocate(
      byteCount: Int(bytes / 8) + 64, alignment: 8)
    unsafe buffer.initializeMemory(as: UInt8.self, repeating: 0)
    unsafe self.buffer = buffer
    let base = UInt64(UInt(bitPattern: buffer.baseAddress))
    map = ShadowMap(offset: base &- Self.start >> 3, lowest: 0xffff_0000_0000_0000)
  }

  deinit { unsafe buffer.deallocate() }
}

/// The shadow beside a model that knows of each byte whether it may be accessed, and if not, why.
@Suite struct ShadowMapTests {
  @Test(arguments: [1, 2, 3, 4] as [UInt64])
  func agreesWithAMapOfBytes(seed: UInt64) {
    let range = ShadowedRange(bytes: 4096)
    var random = Random(seed: seed)
    // 0 for accessible, else the reason; a granule that is accessible in part has 0x80 behind.
    var model = [UInt8](repeating: 0, count: 4096)
    let reasons: [ShadowValue] = [.freePage, .slabRedzone, .freeObject, .vmallocInvalid]
    for step in 0..<3000 {
      let at = Int(random.next() % 4096)
      let size = Int(random.next() % (random.next() % 4 == 0 ? 1024 : 40)) + 1
      let granule = at & ~7
      switch random.next() % 4 {
      case 0:
        let length = min((size + 7) & ~7, 4096 - granule)
        let reason = reasons[Int(random.next() % 4)]
        range.map.poison(ShadowedRange.start + UInt64(granule), UInt64(length), reason)
        for index in granule..<granule + length { model[index] = reason.rawValue }
      case 1:
        let length = min(size, 4096 - granule)
        range.map.unpoison(ShadowedRange.start + UInt64(granule), UInt64(length))
        for index in granule..<granule + length { model[index] = 0 }
        for index in granule + length..<(granule + length + 7) & ~7 { model[index] = 0x80 }
      default:
        let length = min(size, 4096 - at)
        let address = ShadowedRange.start + UInt64(at)
        let bad = model[at..<at + length].contains { $0 != 0 }
        #expect(range.map.isBad(address, UInt64(length)) == bad, "seed \(seed) step \(step)")
        if bad {
          let first = (at..<at + length).first { model[$0] != 0 }!
          let found = range.map.firstBad(address, UInt64(length))
          // The walk goes in steps of granules from where the access begins.
          #expect(found >> 3 <= (ShadowedRange.start + UInt64(first)) >> 3)
          #expect(range.map.value(at: found) != 0)
        }
      }
    }
  }

  @Test func whatWrapsOrHasNoShadowIsBad() {
    let range = ShadowedRange(bytes: 4096)
    let start = ShadowedRange.start
    #expect(!range.map.isBad(start, 0))
    #expect(range.map.isBad(start + 4, 0 &- 2))
    #expect(range.map.isBad(0x10, 8))
    #expect(range.map.isBad(0xfffe_ffff_ffff_fff8, 16))
    func bug(_ address: UInt64, _ size: UInt64) -> BugType {
      range.map.classify(address, size, pageSize: 4096, taskSize: 1 << 48)
    }
    #expect(bug(start + 4, 0 &- 2) == .outOfBounds)
    #expect(bug(0x10, 8) == .nullPointer)
    #expect(bug(0x10_0000, 8) == .userMemory)
    #expect(bug(0xdead_0000_0000_0100, 8) == .wildMemory)
  }

  static let causes: [(ShadowValue, BugType)] = [
    (.freePage, .useAfterFree), (.pageRedzone, .slabOutOfBounds),
    (.slabRedzone, .slabOutOfBounds), (.freeObject, .useAfterFree),
    (.freeObjectWithTrack, .useAfterFree), (.globalRedzone, .globalOutOfBounds),
    (.vmallocInvalid, .vmallocOutOfBounds), (.stackLeft, .stackOutOfBounds),
    (.stackMiddle, .stackOutOfBounds), (.stackRight, .stackOutOfBounds),
    (.stackPartial, .stackOutOfBounds), (.allocaLeft, .allocaOutOfBounds),
    (.allocaRight, .allocaOutOfBounds), (ShadowValue(rawValue: 0x99), .unknown),
  ]

  @Test(arguments: causes)
  func theReasonNamesTheBug(reason: ShadowValue, bug: BugType) {
    let range = ShadowedRange(bytes: 256)
    let start = ShadowedRange.start
    range.map.poison(start + 64, 64, reason)
    // At once, and behind a granule that is accessible in part.
    #expect(range.map.classify(start + 64, 1, pageSize: 4096, taskSize: 1 << 48) == bug)
    range.map.unpoison(start + 64, 3)
    #expect(range.map.classify(start + 68, 1, pageSize: 4096, taskSize: 1 << 48) == bug)
    #expect(range.map.isBad(start + 67, 1) && !range.map.isBad(start + 66, 1))
  }

  @Test func redzonesBeginWhereTheBufferEnds() {
    let range = ShadowedRange(bytes: 256)
    let start = ShadowedRange.start
    range.map.poison(start, 256, .freeObject)
    range.map.unpoison(start, 128)
    range.map.poisonRedzone(start, size: 115, capacity: 128, .slabRedzone)
    let values = (0..<17).map { range.map.value(at: start + UInt64($0) * 8) }
    #expect(values == [UInt8](repeating: 0, count: 14) + [3, 0xfc, 0xfb])
    range.map.poisonRedzone(start, size: 112, capacity: 128, .slabRedzone)
    #expect(range.map.value(at: start + 112) == 0xfc)
  }
}
