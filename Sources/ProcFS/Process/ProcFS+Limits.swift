import AddressSpaces
import Arm64
import Files
import MemoryTypes
import Tasks

extension ProcFS {
  /// `/proc/PID/limits` (fs/proc/base.c: proc_pid_limits()).
  func limits(_ task: KernelPointer<Task<B>>, _ out: inout Writer) {
    out.text("Limit                     Soft Limit           Hard Limit           Units     \n")
    for number in 0..<16 {
      guard let resource = ResourceLimits.Resource(rawValue: number) else { continue }
      let limit = task.pointee.process.pointee.limits[resource]
      let mark = out.count
      let (name, unit) = Self.names(of: resource)
      out.text(name)
      out.pad(to: 26, since: mark)
      value(limit.soft, &out)
      out.pad(to: 47, since: mark)
      value(limit.hard, &out)
      out.pad(to: 68, since: mark)
      if let unit {
        out.text(unit)
        out.pad(to: 78, since: mark)
      }
      out.newline()
    }
  }

  private func value(_ limit: UInt64, _ out: inout Writer) {
    if limit == ResourceLimits.infinity { out.text("unlimited") } else { out.decimal(limit) }
  }

  private static func names(
    of resource: ResourceLimits.Resource
  ) -> (StaticString, StaticString?) {
    switch resource {
    case .cpu: ("Max cpu time", "seconds")
    case .fileSize: ("Max file size", "bytes")
    case .data: ("Max data size", "bytes")
    case .stack: ("Max stack size", "bytes")
    case .core: ("Max core file size", "bytes")
    case .residentSet: ("Max resident set", "bytes")
    case .processes: ("Max processes", "processes")
    case .openFiles: ("Max open files", "files")
    case .lockedMemory: ("Max locked memory", "bytes")
    case .addressSpace: ("Max address space", "bytes")
    case .locks: ("Max file locks", "locks")
    case .pendingSignals: ("Max pending signals", "signals")
    case .messageQueues: ("Max msgqueue size", "bytes")
    case .nice: ("Max nice priority", nil)
    case .realtimePriority: ("Max realtime priority", nil)
    case .realtimeTime: ("Max realtime timeout", "us")
    }
  }
}
