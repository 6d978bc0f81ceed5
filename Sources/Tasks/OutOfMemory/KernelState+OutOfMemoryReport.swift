import AddressSpaces
import Arm64
import Files
import KernelLog
import MemoryTypes
import PageFrames

/// What the log says of a kill, line by line as Linux's (dump_header()).
extension KernelState {
  func report(_ request: OutOfMemoryRequest, victim: KernelPointer<Process<B>>?) {
    log(.warning) { line in
      line.append(current.pointee.name)
      line.append(" invoked oom-killer: gfp_mask=")
      // %#x: zero has no prefix.
      if request.flags.rawValue != 0 { line.append("0x") }
      line.append(hex: UInt64(request.flags.rawValue))
      line.append("(")
      request.flags.append(to: &line)
      line.append("), order=")
      line.append(signed: Int64(request.order))
      line.append(", oom_score_adj=")
      line.append(signed: Int64(current.pointee.process.pointee.oomScoreAdjustment))
    }
    reportStack()
    if request.isOfGroup { reportMemory(ofGroup: request.group) } else { reportMemory(request) }
    if memory.pointee.settings.dumpsTasks { reportTasks(request) }
    if let victim { reportChoice(request, victim) }
  }

  /// dump_stack(): this kernel's own callers.
  private func reportStack() {
    log(.warning) { line in
      line.append("CPU: 0 PID: ")
      line.append(signed: Int64(current.pointee.pid))
      line.append(" Comm: ")
      line.append(current.pointee.name)
      line.append(" ")
      board.describeTaint { line.append(byte: $0) }
      line.append(" ")
      line.append(SystemName.release)
      line.append(" ")
      line.append(SystemName.version)
      line.append(" ")
    }
    log(.warning) { $0.append("Hardware name: linux,dummy-virt (DT)") }
    log(.warning) { $0.append("Call trace:") }
    board.forEachCaller { address in
      log(.warning) { line in
        line.append(" ")
        board.describeCode(at: address) { line.append(byte: $0) }
      }
    }
  }

  /// dump_tasks().
  private func reportTasks(_ request: OutOfMemoryRequest) {
    log(.information) { $0.append("Tasks state (memory values in pages):") }
    log(.information) { line in
      line.append("[  pid  ]   uid  tgid total_vm      rss pgtables_bytes swapents ")
      line.append("oom_score_adj name")
    }
    var process = store.pointee.firstProcess
    while let found = process {
      process = found.pointee.nextProcess
      guard found != initProcess, isMember(found, of: request.group),
        let task = taskWithSpace(found), let space = task.pointee.memory.space
      else { continue }
      log(.information) { line in
        line.append("[")
        line.append(decimal: UInt64(UInt32(bitPattern: task.pointee.pid)), width: 7)
        line.append("] ")
        line.append(decimal: UInt64(task.pointee.credentials.user), width: 5)
        line.append(" ")
        line.append(decimal: UInt64(UInt32(bitPattern: task.pointee.threadGroup)), width: 5)
        line.append(" ")
        line.append(decimal: space.pointee.totalPages.rawValue, width: 8)
        line.append(" ")
        line.append(decimal: space.pointee.residentPages.rawValue, width: 8)
        line.append(" ")
        line.append(decimal: space.pointee.tableBytes.rawValue, width: 8)
        line.append(" ")
        line.append(decimal: space.pointee.residentPages(.swapped).rawValue, width: 8)
        line.append("         ")
        append(found.pointee.oomScoreAdjustment, width: 5, &line)
        line.append(" ")
        line.append(task.pointee.name)
      }
    }
  }

  /// `%5hd`.
  private func append(_ value: Int32, width: Int, _ line: inout LogLine) {
    var digits = value < 0 ? 2 : 1
    var rest = value.magnitude / 10
    while rest > 0 {
      digits &+= 1
      rest /= 10
    }
    while digits < width {
      line.append(byte: 0x20)
      digits &+= 1
    }
    line.append(signed: Int64(value))
  }

  /// dump_oom_summary().
  private func reportChoice(
    _ request: OutOfMemoryRequest, _ victim: KernelPointer<Process<B>>
  ) {
    let task = victim.pointee.leader
    log(.information) { line in
      line.append("oom-kill:constraint=CONSTRAINT_")
      line.append(request.isOfGroup ? "MEMCG" : "NONE")
      line.append(",nodemask=(null)")
      if request.isOfGroup {
        line.append(",oom_memcg=")
        appendPath(ofGroup: request.group, &line)
      } else {
        line.append(",global_oom")
      }
      line.append(",task_memcg=")
      appendPath(ofGroup: memoryGroup(of: victim), &line)
      line.append(",task=")
      line.append(task.pointee.name)
      line.append(",pid=")
      line.append(signed: Int64(task.pointee.pid))
      line.append(",uid=")
      line.append(decimal: UInt64(task.pointee.credentials.user))
    }
  }
}
