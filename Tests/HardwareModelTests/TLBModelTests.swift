import Arm64
import HardwareModel
import MemoryTypes
import TestSupport
import Testing

/// One TLB by itself beside sets that know when each entry was used.
@Suite struct TLBModelTests {
  @Test(arguments: [(16, 4), (1, 48), (7, 3), (4, 5), (2, 8)])
  func missesWhatTheReferenceMisses(sets: Int, ways: Int) throws {
    var generator = Random(seed: UInt64(sets * 100 + ways))
    var model = try TLBModel(sets: sets, ways: ways, pageSize: .sixteenKiB)
    var reference = ReferenceSets<UInt64, Bool>(sets: sets, ways: ways, .leastRecentlyUsed)
    var misses: UInt64 = 0
    var lookUps: UInt64 = 0
    func look(_ page: UInt64) {
      lookUps += 1
      let set = Int((page & 0x1f_ffff_ffff_ffff) % UInt64(sets))
      if let position = reference.position(of: page, in: set) {
        reference.use(position, in: set)
      } else {
        misses += 1
        _ = reference.insert(page, true, in: set)
      }
    }
    for _ in 0..<40 {
      var records: [AccessRecord] = []
      for _ in 0..<500 {
        let dice = generator.next()
        let page = dice % UInt64(sets * ways * 2)
        let offset = (dice >> 20) % 8 == 0 ? 16384 - (dice >> 30) % 16 : (dice >> 30) % 16000
        let size: UInt64 = [0, 1, 8, 64][Int((dice >> 50) % 4)]
        let address = 0x40_0000 + page * 16384 + offset
        records.append(
          AccessRecord(.load, VirtualAddress(address), size: size, by: .user))
        look(address >> 14)
        let last = address + max(size, 1) - 1
        if last >> 14 != address >> 14 { look(last >> 14) }
      }
      unsafe records.withUnsafeBufferPointer { unsafe model.run($0) }
      #expect(model.misses == misses)
      #expect(model.lookUps == lookUps)
    }
  }
}
