package import BoardFormat

/// One record, or several that belong together, with its words named.
package struct TraceEvent: Sendable, Equatable {
  /// Instructions executed since reset.
  package var instructions: UInt64
  package var what: What

  package enum What: Sendable, Equatable {
    case callBegin(number: Int, arguments: [UInt64])
    case callEnd(number: Int, result: UInt64)
    /// A path among the arguments of the call that began last.
    case argument(index: Int, path: String)
    case faultBegin(TraceAccess, address: UInt64, isKernel: Bool)
    case faultEnd(TraceOutcome, page: UInt64, before: UInt64, after: UInt64, isMajor: Bool)
    case areas(root: UInt64, from: UInt64, to: UInt64, [TraceArea])
    case frameAllocated(frame: UInt64, order: UInt64, flags: UInt64)
    case frameFreed(frame: UInt64, order: UInt64)
    case tableMade(level: Int, frame: UInt64)
    case tableFreed(level: Int, frame: UInt64)
    case entries(TraceEntries, start: UInt64, count: UInt64, other: UInt64)
    case invalidated(TraceInvalidation, address: UInt64, pages: UInt64, asid: UInt64)
    case pageCopied(from: UInt64, to: UInt64)
    case switched(task: Int32, root: UInt64, asid: UInt64)
    case taskMade(task: Int32, group: UInt64, parent: UInt64, root: UInt64)
    case taskBegan(task: Int32, root: UInt64, path: String)
    case taskEnded(task: Int32, status: UInt64)
    case spaceGone(root: UInt64)
    case signal(number: Int32, handler: UInt64, code: Int32, address: UInt64)
    /// A probe was come by; its callers come next.
    case probeEntered(
      tag: UInt16, task: Int32, arguments: [UInt64], stackPointer: UInt64, isInside: Bool)
    case probeLeft(tag: UInt16, task: Int32, result: UInt64, stackPointer: UInt64)
    case probeLost(tag: UInt16, task: Int32)
    /// Program counter, link register, callers; of the cause that comes next.
    case stack([UInt64])
  }
}

/// One area as the kernel told it.
package struct TraceArea: Sendable, Equatable {
  package var start: UInt64
  package var end: UInt64
  /// As Linux's `vm_flags`.
  package var flags: UInt64
  /// In pages.
  package var pageOffset: UInt64
  package var inode: UInt64
  package var name: TraceAreaName
  package var path = ""

  /// As `/proc/PID/maps` has them.
  var permissions: String {
    (flags & 1 != 0 ? "r" : "-") + (flags & 2 != 0 ? "w" : "-") + (flags & 4 != 0 ? "x" : "-")
      + (flags & 0x80 != 0 ? "s" : "p")
  }

  /// Where in its file an address is.
  func fileOffset(of address: UInt64, _ pageSize: UInt64) -> UInt64 {
    address &- start &+ pageOffset &* pageSize
  }

  var label: String {
    switch name {
    case .none: ""
    case .heap: "[heap]"
    case .stack: "[stack]"
    case .vvar: "[vvar]"
    case .vdso: "[vdso]"
    case .file: path
    }
  }
}
