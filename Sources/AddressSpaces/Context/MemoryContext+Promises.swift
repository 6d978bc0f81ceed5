import Arm64
public import MemoryTypes
import Files
import PageFrames
import Swap

/// Promised memory: Linux's VM_ACCOUNT and `__vm_enough_memory()` (mm/util.c).
extension MemoryContext {
  /// The pages promised to all programs (`vm_committed_as`, Committed_AS).
  public var committed: Int64 { privatePromises &+ files.pointee.promisedPages }

  /// Promises pages, if the overcommit mode lets it; ENOMEM else.
  @inline(__always)
  mutating func promise(_ pages: PageCount, totalPages: PageCount) throws(Errno) {
    privatePromises &+= Int64(truncatingIfNeeded: pages.rawValue)
    // Mode 0 refuses only what can never be had: more than all of RAM and swap.
    if settings.overcommit == .guess && pages <= frames.pointee.managed { return }
    guard mayPromise(pages, totalPages) else {
      withdraw(pages)
      throw .ENOMEM
    }
  }

  /// Takes a promise back.
  @inline(__always) mutating func withdraw(_ pages: PageCount) {
    privatePromises &-= Int64(truncatingIfNeeded: pages.rawValue)
  }

  @inline(never) func mayPromise(_ pages: PageCount, _ totalPages: PageCount) -> Bool {
    switch settings.overcommit {
    case .always: return true
    case .guess: return pages <= frames.pointee.managed + swapPages
    case .never: break
    }
    let kibibytesToPages = board.pageSize.shift &- 10
    var allowed = Int64(truncatingIfNeeded: commitLimit.rawValue)
    // What keeps root able to log in is not for others; and no process may take the last for itself.
    if !current.pointee.isPrivileged {
      allowed &-= Int64(truncatingIfNeeded: settings.adminReserveKilobytes &>> kibibytesToPages)
    }
    let reserve = settings.userReserveKilobytes &>> kibibytesToPages
    allowed &-= Int64(truncatingIfNeeded: min(totalPages.rawValue / 32, reserve))
    return committed < allowed
  }

  /// The most that mode 2 promises: CommitLimit (`vm_commit_limit()`).
  public var commitLimit: PageCount {
    if settings.overcommitKilobytes != 0 {
      return PageCount(settings.overcommitKilobytes &>> (board.pageSize.shift &- 10)) + swapPages
    }
    return PageCount(frames.pointee.managed.rawValue &* settings.overcommitRatio / 100) + swapPages
  }

  /// Slots of all swap areas (`total_swap_pages`).
  public var swapPages: PageCount { PageCount(UInt64(max(swap.pointee.totalPages, 0))) }

  /// Whether all promises could still be kept if that much swap were gone
  /// (`security_vm_enough_memory_mm()`, as swapoff asks).
  public mutating func couldPromise(_ pages: PageCount, _ space: KernelPointer<AddressSpace<B>>?)
    -> Bool
  {
    privatePromises &+= Int64(truncatingIfNeeded: pages.rawValue)
    defer { withdraw(pages) }
    return mayPromise(pages, space?.pointee.totalPages ?? PageCount(0))
  }
}
