import Arm64
import Files
public import MemoryTypes
import PageFrames
import Swap

/// What `/proc/<pid>/smaps` says of an area, in bytes (fs/proc/task_mmu.c:struct mem_size_stats).
public struct AreaUsage: BitwiseCopyable, Sendable {
  public var resident = ByteCount(0)
  /// Proportional shares, in 1/4096 of a byte (PSS_SHIFT).
  public var proportional: UInt64 = 0
  public var proportionalDirty: UInt64 = 0
  public var proportionalAnonymous: UInt64 = 0
  public var proportionalFile: UInt64 = 0
  public var proportionalShared: UInt64 = 0
  public var proportionalLocked: UInt64 = 0
  public var sharedClean = ByteCount(0)
  public var sharedDirty = ByteCount(0)
  public var privateClean = ByteCount(0)
  public var privateDirty = ByteCount(0)
  public var referenced = ByteCount(0)
  public var anonymous = ByteCount(0)
  public var lazyFree = ByteCount(0)
  public var swap = ByteCount(0)
  public var proportionalSwap: UInt64 = 0

  public init() {}

  /// The sum over areas, as smaps_rollup has it.
  public mutating func add(_ other: AreaUsage) {
    resident += other.resident
    proportional &+= other.proportional
    proportionalDirty &+= other.proportionalDirty
    proportionalAnonymous &+= other.proportionalAnonymous
    proportionalFile &+= other.proportionalFile
    proportionalShared &+= other.proportionalShared
    proportionalLocked &+= other.proportionalLocked
    sharedClean += other.sharedClean
    sharedDirty += other.sharedDirty
    privateClean += other.privateClean
    privateDirty += other.privateDirty
    referenced += other.referenced
    anonymous += other.anonymous
    lazyFree += other.lazyFree
    swap += other.swap
    proportionalSwap &+= other.proportionalSwap
  }
}

extension AddressSpace {
  /// What an area has in memory, by a walk over its pages (`smap_gather_stats()`).
  public func usage(of area: KernelPointer<VirtualMemoryArea>) -> AreaUsage {
    var usage = AreaUsage()
    let geometry = board.translation
    let frames = frames
    let size = pageSize.bytes
    let isLocked = area.pointee.flags.contains(.locked)
    usage.swap += swappedShared(area)
    tables.forEachRun(in: area.pointee.start..<area.pointee.end) { run in
      for index in 0..<run.count {
        let descriptor = run[index]
        if let entry = descriptor.swapEntry {
          usage.swap += size
          let users = UInt64(max(context.pointee.swap.pointee.users(of: entry), 1))
          usage.proportionalSwap &+= (size.rawValue &<< 12) / users
          continue
        }
        guard descriptor.isPresent, !descriptor.isSpecial else { continue }
        let frame = frames.pointee.frame(descriptor.frame(in: geometry))
        let flags = frame.pointee.flags
        usage.resident += size
        let isAnonymous = frame.pointee.state == .anonymous
        if isAnonymous {
          usage.anonymous += size
          if !flags.contains(.swapBacked) && !flags.contains(.dirty) && !descriptor.isDirty {
            usage.lazyFree += size
          }
        }
        if descriptor.isYoung || flags.contains(.referenced) { usage.referenced += size }
        let sharers = UInt64(max(frame.pointee.mapCount, 1))
        let share = (size.rawValue &<< 12) / sharers
        usage.proportional &+= share
        if isAnonymous {
          usage.proportionalAnonymous &+= share
        } else if flags.contains(.swapBacked) {
          usage.proportionalShared &+= share
        } else {
          usage.proportionalFile &+= share
        }
        if isLocked { usage.proportionalLocked &+= share }
        if descriptor.isDirty || flags.contains(.dirty) {
          usage.proportionalDirty &+= share
          if sharers == 1 { usage.privateDirty += size } else { usage.sharedDirty += size }
        } else if sharers == 1 {
          usage.privateClean += size
        } else {
          usage.sharedClean += size
        }
      }
    }
    return usage
  }
}
