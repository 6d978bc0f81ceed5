import Arm64
import BoardFormat
import MemoryTypes

/// Stacks that grow (mm/mmap.c:expand_downwards(), acct_stack_growth()).
extension AddressSpace {
  /// Lets a stack grow down to an address below it; whether it may.
  @inline(never)
  mutating func growStack(_ area: Area, to address: VirtualAddress) -> Bool {
    let flags = area.pointee.flags
    guard flags.contains(.growsDown) else { return false }
    let address = address.alignedDown(to: pageSize)
    guard address.rawValue >= context.pointee.settings.mmapMinAddress else { return false }
    if let previous = area.pointee.previous, !previous.pointee.flags.contains(.growsDown),
      previous.pointee.isAccessible, address - previous.pointee.end < areas.stackGuard
    {
      return false
    }
    guard prepareAnonymous(area) else { return false }
    guard address < area.pointee.start else { return true }
    let size = area.pointee.end - address
    let growth = area.pointee.start - address
    let pages = growth.wholePages(of: pageSize)
    guard pages.rawValue <= area.pointee.pageOffset, mayExpand(flags, by: pages),
      size.rawValue <= context.pointee.current.pointee.limits.pointee[.stack].soft,
      mayLock(flags, growth)
    else { return false }
    // Linux promises for any stack, and never takes back what the area's flags do not show.
    if flags.contains(.accounted) {
      do throws(Errno) {
        try context.pointee.promise(pages, totalPages: totalPages)
      } catch {
        return false
      }
    }
    if flags.contains(.locked) { lockedPages += pages }
    account(flags, pages)
    setStart(area, address)
    context.pointee.statistics.pointee.stackGrowths &+= 1
    return true
  }
}
