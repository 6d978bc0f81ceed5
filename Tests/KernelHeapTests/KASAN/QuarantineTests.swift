import KernelHeap
import TestSupport
import Testing

/// The quarantine and the depot beside simple models.
@Suite struct QuarantineTests {
  @Test func sizesFollowLinuxsRule() {
    // A 32nd of RAM less 1M for the processor; nothing where that is less.
    #expect(Quarantine(ram: 512 << 20).limit == 15 << 20)
    #expect(Quarantine(ram: 16 << 20).limit == 0)
    #expect(Quarantine(ram: 1 << 30).batchLimit == 1 << 20)
    #expect(Quarantine(ram: 1 << 36).batchLimit == 4 << 20)
  }

  @Test(arguments: [7, 8, 9] as [UInt64])
  func objectsLeaveInTheOrderTheyCame(seed: UInt64) {
    var random = Random(seed: seed)
    var quarantine = Quarantine(ram: 96 << 20)
    let links = UnsafeMutableBufferPointer<UInt64>.allocate(capacity: 4096)
    defer { unsafe links.deallocate() }
    unsafe links.initialize(repeating: 0)
    let base = UInt64(UInt(bitPattern: links.baseAddress))
    var free = Array(0..<4096)
    var waiting: [(index: Int, size: UInt64)] = []
    for step in 0..<40_000 {
      if random.next() % 200 == 0 {
        // One kind of object is taken out: those with an index that three divides.
        let kind = Int(random.next() % 3)
        var found: [Int] = []
        let queue = quarantine.remove { link in
          let index = Int((link - base) / 8)
          return index % 3 == kind ? waiting.first { $0.index == index }?.size : nil
        }
        Quarantine.forEach(queue) { found.append(Int(($0 - base) / 8)) }
        #expect(found.sorted() == waiting.map(\.index).filter { $0 % 3 == kind }.sorted())
        waiting.removeAll { $0.index % 3 == kind }
        free += found
      } else if let index = free.popLast() {
        let size = 128 + random.next() % 8192
        quarantine.put(link: base + UInt64(index) * 8, size: size)
        waiting.append((index, size))
      }
      let queue = quarantine.reduce()
      Quarantine.forEach(queue) { link in
        let oldest = waiting.removeFirst()
        #expect(link == base + UInt64(oldest.index) * 8, "seed \(seed) step \(step)")
        free.append(oldest.index)
      }
      #expect(quarantine.bytes == waiting.reduce(0) { $0 + $1.size })
      if free.isEmpty { break }
    }
    #expect(quarantine.batchBytes <= quarantine.limit + (4 << 20))
  }

  @Test func eachStackIsKeptOnce() {
    let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: 64 << 10, alignment: 8)
    defer { unsafe memory.deallocate() }
    unsafe memory.initializeMemory(as: UInt8.self, repeating: 0)
    var depot = unsafe StackDepot(memory: memory)
    var random = Random(seed: 5)
    var known: [[UInt64]: UInt32] = [:]
    var refused = 0
    for _ in 0..<4000 {
      var addresses: [UInt64] = []
      for _ in 0...Int(random.next() % 6) { addresses.append(random.next() % 4) }
      var trace = StackTrace()
      for address in addresses { trace.append(address) }
      let handle = depot.save(trace)
      if let old = known[addresses] {
        #expect(old == handle)
      } else if handle == 0 {
        refused += 1
      } else {
        known[addresses] = handle
      }
    }
    #expect(refused > 0 && known.count == Int(depot.count))
    for (addresses, handle) in known {
      var read: [UInt64] = []
      depot.forEachAddress(of: handle) { read.append($0) }
      #expect(read == addresses)
    }
    depot.forEachAddress(of: 0) { _ in Issue.record("there is no stack 0") }
    depot.forEachAddress(of: .max) { _ in Issue.record("there is no such stack") }
  }
}
