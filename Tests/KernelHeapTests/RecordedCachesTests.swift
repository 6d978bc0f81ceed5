import HostBoard
import KernelHeap
import MemoryTypes
import PageFrames
import TestSupport
import Testing

/// Every cache that the recorded kernels had, made here from its object size and options alone, is
/// the same to the last number.
@Suite struct RecordedCachesTests {
  @Test(arguments: [PageSize.fourKiB, .sixteenKiB, .sixtyFourKiB])
  func cachesAreAsLinuxMakesThem(size: PageSize) throws {
    let machine = TestHeap(size)
    defer { machine.end() }
    machine.heap.pointee.mergesCaches = false
    let column = size == .fourKiB ? 1 : size == .sixteenKiB ? 2 : 3
    var compared = 0
    for line in RecordedCaches.text.split(separator: "\n") {
      let parts = line.split(separator: "|").map { $0.split(separator: " ").map(String.init) }
      guard parts[column] != ["-"] else { continue }
      let recorded = try parts[column].map { try #require(Int($0)) }
      let name = parts[0][0]
      let figures = try figures(name, flags: parts[0][1], recorded, in: machine)
      let found = try #require(figures, "\(name) on \(size)")
      let ours = [
        recorded[0], Int(found.size.rawValue), found.alignment, found.objectsPerSlab,
        found.pagesPerSlab.trailingZeroBitCount, found.minPartial, found.perCPUObjects,
      ]
      #expect(ours == recorded, "\(name) on \(size)")
      compared += 1
    }
    #expect(compared > 60)
    machine.heap.pointee.checkInvariants()
  }

  /// The figures of a cache made as recorded; kmalloc's, and those of caches, are there.
  private func figures(
    _ name: String, flags: String, _ recorded: [Int], in machine: TestHeap
  ) throws -> SlabFigures? {
    if !name.contains("kmalloc") && !name.hasPrefix("kmem_cache") {
      var options: SlabOptions = []
      if flags.contains("h") { options.insert(.cacheAligned) }
      if flags.contains("r") { options.insert(.typesafeByRCU) }
      if flags.contains("c") { options.insert(.constructed) }
      // What aligns objects beyond their options is asked for.
      let asked: UInt64 = recorded[2] > 8 ? UInt64(recorded[2]) : 0
      let bytes = Array(name.utf8)
      let made = unsafe bytes.withUnsafeBytes { name in
        machine.heap.pointee.createCache(
          unsafe SlabDescription(
            name: SlabName(name), size: ByteCount(UInt64(recorded[0])),
            alignment: asked, options: options),
          copyingName: true)
      }
      _ = try #require(made)
    }
    return machine.figures(name)
  }

  @Test(arguments: [PageSize.fourKiB, .sixteenKiB, .sixtyFourKiB])
  func kmallocHasLinuxsClasses(size: PageSize) {
    let machine = TestHeap(size)
    defer { machine.end() }
    var names: [String] = []
    machine.heap.pointee.forEachCache { names.append($0.name.text) }
    let classes = size == .fourKiB ? 7 : size == .sixteenKiB ? 9 : 11
    #expect(names.count == 4 * classes + 2)
    // Oldest last, as slabinfo lists them.
    #expect(names.suffix(3) == ["kmalloc-128", "kmem_cache_node", "kmem_cache"])
    #expect(names[0].hasPrefix("dma-kmalloc-") && names[classes].hasPrefix("kmalloc-rcl-"))
    #expect(names[2 * classes].hasPrefix("kmalloc-cg-"))
  }
}
