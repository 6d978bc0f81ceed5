import KernelHeap
import MemoryTypes
import TestSupport
import Testing

/// The tree of pages beside a dictionary, with indices as far apart as they can be.
@Suite struct PageTreeTests {
  @Test(arguments: 1...6 as ClosedRange<UInt64>)
  func agreesWithADictionary(seed: UInt64) throws {
    var random = Random(seed: seed)
    let machine = HostMachine(.fourKiB, ram: .mebibytes(64))
    let slab = machine.makeHeap()
    let trees = try #require(PageTrees(slab))
    var tree = PageTree()
    var model: [UInt64: PageTree.Entry] = [:]
    for step in 0..<4000 {
      let index =
        UInt64.random(in: 0..<1 << 52, using: &random)
        >> UInt64.random(in: 0..<52, using: &random)
      let note: Comment = "seed \(seed) step \(step)"
      switch Int.random(in: 0..<100, using: &random) {
      case 0:
        let end = index.addingReportingOverflow(UInt64.random(in: 0..<1 << 50, using: &random))
        var removed: [UInt64: PageTree.Entry] = [:]
        trees.removeEntries(from: index, to: end.partialValue, in: &tree) { removed[$0] = $1 }
        let range = index..<max(index, end.partialValue)
        #expect(removed == model.filter { range.contains($0.key) }, note)
        model = model.filter { !range.contains($0.key) }
      case 1..<30:
        #expect(trees.entry(at: index, in: tree) == model[index] ?? .none, note)
        #expect(trees.find(index, in: tree) == model[index]?.frame, note)
      case 30..<40:
        let range = index..<index + UInt64.random(in: 1..<300, using: &random)
        var found: [UInt64: PageTree.Entry] = [:]
        var last: UInt64?
        trees.forEachEntry(in: range, of: tree) { index, entry in
          if let last { #expect(last < index, note) }
          last = index
          found[index] = entry
        }
        #expect(found == model.filter { range.contains($0.key) }, note)
        var frames: Set<UInt64> = []
        trees.forEachFrame(in: range, of: tree) { index, _ in frames.insert(index) }
        #expect(frames == Set(found.filter { $0.value.frame != nil }.keys), note)
      case 40..<60:
        guard let known = model.keys.randomElement(using: &random) else { continue }
        #expect(trees.remove(known, in: &tree) == model.removeValue(forKey: known), note)
      default:
        let entry: PageTree.Entry =
          step % 3 == 0 ? .value(index + 7) : .frame(PageFrameNumber(index + 1))
        // Often in place of what is there.
        let place = step % 5 == 0 ? model.keys.randomElement(using: &random) ?? index : index
        #expect(try trees.store(entry, at: place, in: &tree) == model[place] ?? .none, note)
        model[place] = entry
      }
      #expect(tree.count + tree.values == UInt64(model.count), note)
      if step % 50 == 0 { #expect(trees.checkInvariants(tree), note) }
    }
    trees.removeEntries(from: 0, in: &tree) { _, _ in }
    #expect(tree.isEmpty && tree.count == 0 && tree.values == 0)
    slab.pointee.checkInvariants()
  }
}
