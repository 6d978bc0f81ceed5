import Arm64
import Files
import KernelHeap
import MemoryTypes
import Tasks

/// The files of a folder of `/sys/kernel/slab`, in the order in which Linux lists them (mm/slub.c:
/// slab_attrs; with SLUB_DEBUG, as the recorded kernels have it).
enum SlabAttribute: UInt8, BitwiseCopyable {
  case totalObjects = 1
  case cpuSlabs, objects, objectsPartial, cpuPartial, validate, minPartial, poison, redZone, slabs
  case destroyByRCU, userSize, sanityChecks, align, aliases, storeUser, trace, reclaimAccount
  case order, objectSize, shrink, hwcacheAlign, objectsPerSlab, partial, slabsCPUPartial, ctor
  case slabSize, cacheDMA

  static var count: UInt8 { cacheDMA.rawValue &+ 1 }

  var name: StaticString {
    switch self {
    case .totalObjects: "total_objects"
    case .cpuSlabs: "cpu_slabs"
    case .objects: "objects"
    case .objectsPartial: "objects_partial"
    case .cpuPartial: "cpu_partial"
    case .validate: "validate"
    case .minPartial: "min_partial"
    case .poison: "poison"
    case .redZone: "red_zone"
    case .slabs: "slabs"
    case .destroyByRCU: "destroy_by_rcu"
    case .userSize: "usersize"
    case .sanityChecks: "sanity_checks"
    case .align: "align"
    default: laterName
    }
  }

  private var laterName: StaticString {
    switch self {
    case .aliases: "aliases"
    case .storeUser: "store_user"
    case .trace: "trace"
    case .reclaimAccount: "reclaim_account"
    case .order: "order"
    case .objectSize: "object_size"
    case .shrink: "shrink"
    case .hwcacheAlign: "hwcache_align"
    case .objectsPerSlab: "objs_per_slab"
    case .partial: "partial"
    case .slabsCPUPartial: "slabs_cpu_partial"
    case .ctor: "ctor"
    case .slabSize: "slab_size"
    default: "cache_dma"
    }
  }

  /// Whether it does something when it is written to (SLAB_ATTR()).
  var isWritable: Bool {
    switch self {
    case .validate, .shrink, .minPartial, .cpuPartial: true
    default: false
    }
  }

  /// What the file says of a cache; nil for one that is no number.
  func value(_ cache: SlabFigures) -> Int? {
    switch self {
    case .totalObjects: cache.objects
    case .cpuSlabs: cache.ownSlabs &+ cache.keptSlabs
    case .objects: cache.activeObjects
    case .objectsPartial: cache.partialObjects
    case .cpuPartial: cache.perCPUObjects
    case .minPartial: cache.minPartial
    // Nothing is checked by the allocator itself.
    case .poison, .redZone, .sanityChecks, .storeUser, .trace: 0
    case .slabs: cache.slabs
    case .destroyByRCU: cache.options.contains(.typesafeByRCU) ? 1 : 0
    case .userSize: cache.userSize
    case .align: cache.alignment
    case .aliases: cache.aliases
    case .reclaimAccount: cache.options.contains(.reclaimable) ? 1 : 0
    case .order: cache.pagesPerSlab.trailingZeroBitCount
    case .objectSize: Int(cache.objectSize.rawValue)
    case .hwcacheAlign: cache.options.contains(.cacheAligned) ? 1 : 0
    case .objectsPerSlab: cache.objectsPerSlab
    case .partial: cache.partialSlabs
    case .slabSize: Int(cache.size.rawValue)
    case .cacheDMA: cache.options.contains(.dma) ? 1 : 0
    case .validate, .shrink, .slabsCPUPartial, .ctor: nil
    }
  }
}
