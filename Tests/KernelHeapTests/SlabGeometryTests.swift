import KernelHeap
import MemoryTypes
import Testing

/// Objects a slab and pages a slab as Linux 6.1.192 printed them in `/proc/slabinfo`, one processor.
@Suite struct SlabGeometryTests {
  struct Cache: Sendable {
    var size: UInt64
    var objects: Int
    var pages: UInt64
  }

  static let on4K: [Cache] = [
    Cache(size: 16, objects: 256, pages: 1), Cache(size: 40, objects: 102, pages: 1),
    Cache(size: 64, objects: 64, pages: 1), Cache(size: 128, objects: 32, pages: 1),
    Cache(size: 144, objects: 28, pages: 1), Cache(size: 192, objects: 21, pages: 1),
    Cache(size: 256, objects: 16, pages: 1), Cache(size: 320, objects: 12, pages: 1),
    Cache(size: 512, objects: 8, pages: 1), Cache(size: 576, objects: 14, pages: 2),
    Cache(size: 640, objects: 12, pages: 2), Cache(size: 704, objects: 11, pages: 2),
    Cache(size: 888, objects: 9, pages: 2), Cache(size: 960, objects: 8, pages: 2),
    Cache(size: 1024, objects: 8, pages: 2), Cache(size: 1264, objects: 25, pages: 8),
    Cache(size: 1280, objects: 12, pages: 4), Cache(size: 2048, objects: 8, pages: 4),
    Cache(size: 2112, objects: 15, pages: 8), Cache(size: 2752, objects: 11, pages: 8),
    Cache(size: 4096, objects: 8, pages: 8), Cache(size: 8192, objects: 4, pages: 8),
  ]
  static let on16K: [Cache] = [
    Cache(size: 144, objects: 113, pages: 1), Cache(size: 576, objects: 28, pages: 1),
    Cache(size: 960, objects: 17, pages: 1), Cache(size: 1264, objects: 25, pages: 2),
    Cache(size: 1280, objects: 12, pages: 1), Cache(size: 2112, objects: 15, pages: 2),
    Cache(size: 2752, objects: 23, pages: 4), Cache(size: 4096, objects: 8, pages: 2),
    Cache(size: 8192, objects: 8, pages: 4), Cache(size: 32768, objects: 4, pages: 8),
  ]
  static let on64K: [Cache] = [
    Cache(size: 16, objects: 4096, pages: 1), Cache(size: 144, objects: 455, pages: 1),
    Cache(size: 2752, objects: 23, pages: 1), Cache(size: 8192, objects: 8, pages: 1),
    Cache(size: 16384, objects: 8, pages: 2), Cache(size: 131072, objects: 4, pages: 8),
  ]

  @Test(arguments: [
    (PageSize.fourKiB, on4K), (.sixteenKiB, on16K), (.sixtyFourKiB, on64K),
  ])
  func slabsAreAsLinuxCutsThem(size: PageSize, caches: [Cache]) {
    for cache in caches {
      let geometry = SlabGeometry(
        objectSize: ByteCount(cache.size), alignment: 8, pageSize: size, cpus: 1)
      #expect(geometry?.objects == cache.objects, "\(cache.size)")
      #expect(geometry?.order.pages.rawValue == cache.pages, "\(cache.size)")
    }
  }
}
