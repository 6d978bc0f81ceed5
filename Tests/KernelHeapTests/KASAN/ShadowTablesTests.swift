import Arm64
import HostBoard
import KernelHeap
import MemoryTypes
import PageFrames
import TestSupport
import Testing

/// The shadow's tables beside a model that knows of each page whether the shadow there is its own.
@Suite struct ShadowTablesTests {
  @Test(arguments: [PageSize.fourKiB, .sixteenKiB, .sixtyFourKiB])
  func pagesComeAndGo(pageSize: PageSize) throws {
    let machine = HostMachine<HostBoard>(pageSize, ram: .gibibytes(1))
    defer { machine.board.release() }
    let (board, frames) = (machine.board, machine.frames)
    func page() -> PhysicalAddress? {
      frames.pointee.allocate([.kernel, .zero])?.address(pageSize)
    }
    let root = try #require(page())
    let tables = try #require(ShadowTables(board: board, root: root, allocate: page))
    let start = VirtualAddress(0 &- 1 &<< (board.translation.vaBits - 1))
    // As many pages as fill a table and a half.
    let count = Int(board.translation.entries(at: 3)) * 3 / 2
    func address(_ index: Int) -> VirtualAddress {
      start + ByteCount(UInt64(index) << pageSize.shift)
    }
    #expect(tables.mapShared(start..<address(count), allocate: page))
    let table = PageTable(board: board, root: PageFrameNumber(containing: root, pageSize))
    let shared = try #require(table.entry(for: start)?.pointee.frame(in: board.translation))
    var own = [PageFrameNumber?](repeating: nil, count: count)
    var random = Random(seed: 17)
    for step in 0..<200 {
      let low = random.below(count)
      let high = min(low + 1 + random.below(60), count)
      if random.next() % 2 == 0 {
        var made = 0
        let isDone = tables.populate(address(low)..<address(high), allocate: page) { new, place in
          let index = Int((place - start).rawValue >> pageSize.shift)
          #expect(own[index] == nil, "step \(step)")
          own[index] = PageFrameNumber(containing: new, pageSize)
          made += 1
        }
        #expect(isDone && own[low..<high].allSatisfy { $0 != nil }, "step \(step)")
      } else {
        var gone: [PageFrameNumber] = []
        tables.release(address(low)..<address(high)) {
          gone.append(PageFrameNumber(containing: $0, pageSize))
        }
        #expect(gone == own[low..<high].compactMap(\.self), "step \(step)")
        for index in low..<high { own[index] = nil }
        for frame in gone { frames.pointee.free(frame) }
      }
      for index in 0..<count {
        let entry = try #require(table.entry(for: address(index)), "step \(step)")
        #expect(
          entry.pointee.frame(in: board.translation) == own[index] ?? shared, "step \(step)")
        #expect(
          entry.pointee.attributes(in: board.translation).contains(.readOnly)
            == (own[index] == nil), "step \(step)")
      }
    }
  }
}
