import Arm64
import Files
import MemoryTypes
import PageFrames
import Swap

extension AddressSpace {
  /// Whether areas, tables and counts agree; walks everything, for tests.
  ///
  /// `delta` is what tasks
  /// hold back of the resident counts.
  public func checkInvariants() -> StaticString? {
    guard areas.checkInvariants() else { return "the tree of areas" }
    var total: UInt64 = 0
    var data: UInt64 = 0
    var executable: UInt64 = 0
    var stack: UInt64 = 0
    var locked: UInt64 = 0
    var found: InlineArray<4, Int64> = .init(repeating: 0)
    let geometry = board.translation
    var inside = 0
    var wrong: StaticString?
    var area = areas.first
    while let here = area {
      let flags = here.pointee.flags
      let pages = pageCount(of: here)
      total += pages
      if flags.isExecutableMapping {
        executable += pages
      } else if flags.isStackMapping {
        stack += pages
      } else if flags.isDataMapping {
        data += pages
      }
      if flags.contains(.locked) { locked += pages }
      if here.pointee.protection != attributes(of: here.pointee) { return "an area's protection" }
      let kind = fileKind(of: here).rawValue
      tables.forEachRun(in: here.pointee.start..<here.pointee.end) { run in
        for index in 0..<run.count {
          let descriptor = run[index]
          if descriptor.isNone { continue }
          inside += 1
          if let entry = descriptor.swapEntry {
            found[PageKind.swapped.rawValue] += 1
            if context.pointee.swap.pointee.users(of: entry) < 1 { wrong = "a slot's users" }
            if here.pointee.anonymousLinks == nil { wrong = "an area without anon_vma" }
            continue
          }
          if descriptor.isWritable && !flags.contains(.write) { wrong = "a writable page" }
          if descriptor.isValid != here.pointee.isAccessible { wrong = "an accessible page" }
          if descriptor.isUserExecutable != flags.contains(.execute) && descriptor.isValid {
            wrong = "an executable page"
          }
          if descriptor.isSpecial { continue }
          let frame = frames.pointee.frame(descriptor.frame(in: geometry))
          if frame.pointee.mapCount < 1 { wrong = "a frame's map count" }
          if frame.pointee.referenceCount < frame.pointee.mapCount { wrong = "a reference count" }
          if frame.pointee.state == .anonymous {
            found[PageKind.anonymous.rawValue] += 1
            if here.pointee.anonymousLinks == nil { wrong = "an area without anon_vma" }
          } else {
            found[kind] += 1
          }
        }
      }
      area = here.pointee.next
    }
    if let wrong { return wrong }
    if total != totalPages.rawValue { return "totalPages" }
    if data != dataPages.rawValue { return "dataPages" }
    if executable != executablePages.rawValue { return "executablePages" }
    if stack != stackPages.rawValue { return "stackPages" }
    if locked != lockedPages.rawValue { return "lockedPages" }
    return checkTables(found, inside)
  }

  /// The half about tables: no entry outside areas, counts of pages and of table bytes.
  func checkTables(_ found: InlineArray<4, Int64>, _ inside: Int) -> StaticString? {
    var everywhere = 0
    tables.forEachRun(in: VirtualAddress(0)..<taskSize) { run in
      for index in 0..<run.count where !run[index].isNone { everywhere += 1 }
    }
    if everywhere != inside { return "a page outside all areas" }
    let task = context.pointee.current
    let isCurrent = task.pointee.space == here
    for kind in 0..<4 {
      let held = isCurrent ? task.pointee.delta[kind] : 0
      if resident[kind] + held != found[kind] { return "resident pages" }
    }
    let counts = tables.tableCounts()
    var tableCount = -1
    for level in -1...3 { tableCount += counts[level] }
    if UInt64(tableCount) &* pageSize.bytes.rawValue != tableBytes.rawValue {
      return "tableBytes"
    }
    return context.pointee.gather.isEmpty ? nil : "the gather"
  }
}
