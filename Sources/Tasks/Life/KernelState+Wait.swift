import AddressSpaces
import Arm64
import Files
public import MemoryTypes

/// Which children a wait means.
@safe public enum WaitTarget<B: Processor>: BitwiseCopyable {
  case any
  /// The process with a number; nil for none.
  case child(KernelPointer<PID<B>>?)
  /// The members of a process group; nil for none.
  case group(KernelPointer<PID<B>>?)

  var number: KernelPointer<PID<B>>? {
    switch self {
    case .any: nil
    case .child(let number), .group(let number): number
    }
  }
}

/// What a wait is for (include/uapi/linux/wait.h).
public struct WaitOptions: OptionSet, BitwiseCopyable, Sendable {
  public var rawValue: UInt32
  @inlinable public init(rawValue: UInt32) { self.rawValue = rawValue }

  @inlinable public static var noHang: WaitOptions { WaitOptions(rawValue: 1) }
  /// WUNTRACED, WSTOPPED.
  @inlinable public static var stopped: WaitOptions { WaitOptions(rawValue: 2) }
  @inlinable public static var exited: WaitOptions { WaitOptions(rawValue: 4) }
  @inlinable public static var continued: WaitOptions { WaitOptions(rawValue: 8) }
  /// The child stays as it is, to be found again.
  @inlinable public static var noWait: WaitOptions { WaitOptions(rawValue: 0x0100_0000) }
  /// Only children of this thread.
  @inlinable public static var noThread: WaitOptions { WaitOptions(rawValue: 0x2000_0000) }
  /// Children of every kind; only those whose end sends something else than SIGCHLD.
  @inlinable public static var all: WaitOptions { WaitOptions(rawValue: 0x4000_0000) }
  @inlinable public static var clone: WaitOptions { WaitOptions(rawValue: 0x8000_0000) }
}

/// What a wait found.
public struct WaitResult: BitwiseCopyable, Sendable {
  public var pid: Int32
  public var user: UInt32
  /// A CLD_* of ``SignalCode``, and the exit code or signal that goes with it.
  public var code: Int32
  public var status: UInt32
  public var usage: UsageCounts

  /// The number that wait4 stores.
  public var waitStatus: UInt32 {
    switch code {
    case SignalCode.exited: status &<< 8
    case SignalCode.stopped: status &<< 8 | 0x7f
    case SignalCode.continued: 0xffff
    default: status
    }
  }
}

extension KernelState {
  /// Waits until a child has ended, stopped or gone on, as the options say, and takes it
  /// (kernel/exit.c:do_wait()); nil without one yet where the caller does not want to wait.
  public func wait(
    _ target: WaitTarget<B>, _ options: WaitOptions
  ) throws(Errno) -> WaitResult? {
    let parent = current.pointee.process
    // Held, as find_get_pid() does: another thread may take the child, and with it the number.
    let number = target.number
    if let number { retain(number) }
    defer { if let number { release(number) } }
    while true {
      var hasCandidate = false
      switch target {
      case .child(let number):
        // As good as a look through all children, and as quick with many as with one.
        if let child = number?.pointee.process, child.pointee.parent == parent,
          let found = consider(child, options, &hasCandidate)
        {
          return found
        }
      case .any, .group:
        var next = parent.pointee.children.first
        while let child = next {
          next = child.pointee.siblingPlace.next
          if case .group(let number) = target, number == nil || child.pointee.group != number {
            continue
          }
          if let found = consider(child, options, &hasCandidate) { return found }
        }
      }
      guard hasCandidate else { throw .ECHILD }
      if options.contains(.noHang) { return nil }
      if hasSignal { throw .ERESTARTSYS }
      block(on: WaitChannel(kind: .child, object: parent.address))
    }
  }

  /// Looks whether a child is what is waited for (wait_consider_task()).
  private func consider(
    _ child: KernelPointer<Process<B>>, _ options: WaitOptions, _ isCandidate: inout Bool
  ) -> WaitResult? {
    // eligible_child(): of one kind or the other, or all.
    if !options.contains(.all)
      && (child.pointee.exitSignal != .child) != options.contains(.clone)
    {
      return nil
    }
    if child.pointee.isZombie {
      guard options.contains(.exited) else { return nil }
      return takeZombie(child, options)
    }
    isCandidate = true
    let stop = child.pointee.stop
    if options.contains(.stopped), stop.isStopped, stop.signal != 0 {
      if !options.contains(.noWait) { child.pointee.stop.signal = 0 }
      return result(child, SignalCode.stopped, stop.signal)
    }
    if options.contains(.continued), stop.isContinued {
      if !options.contains(.noWait) { child.pointee.stop.isContinued = false }
      return result(child, SignalCode.continued, Signal.continue.rawValue)
    }
    return nil
  }

  /// A child that has ended, with its usage added to its parent's children's (wait_task_zombie()).
  private func takeZombie(
    _ child: KernelPointer<Process<B>>, _ options: WaitOptions
  ) -> WaitResult {
    var found: WaitResult
    switch child.pointee.exitStatus {
    case .exited(let code): found = result(child, SignalCode.exited, UInt32(code))
    case .signalled(let signal): found = result(child, SignalCode.killed, signal.rawValue)
    }
    if !options.contains(.noWait) {
      let parent = current.pointee.process
      let own = child.pointee.usage
      parent.pointee.childrensUsage.add(own)
      parent.pointee.childrensUsage.add(child.pointee.childrensUsage)
      release(child.pointee.leader)
    }
    return found
  }

  /// What is told of a child; its usage is its own and its children's (RUSAGE_BOTH).
  private func result(
    _ child: KernelPointer<Process<B>>, _ code: Int32, _ status: UInt32
  ) -> WaitResult {
    var usage = child.pointee.usage
    usage.add(child.pointee.childrensUsage)
    return WaitResult(
      pid: child.pointee.id, user: child.pointee.leader.pointee.credentials.user, code: code,
      status: status, usage: usage)
  }
}
