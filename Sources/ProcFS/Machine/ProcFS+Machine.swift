import Arm64
import BoardFormat
import Files
import MemoryTypes
import PageFrames
import Tasks

extension ProcFS {
  /// `/proc/version`, with what this system calls itself.
  func version(_ out: inout Writer) {
    out.text(SystemName.system)
    out.text(" version ")
    out.text(SystemName.release)
    out.text(" (kilburn) ")
    out.text(SystemName.version)
    out.newline()
  }

  /// `/proc/cmdline`: the kernel's parameter, as the tool gives it.
  func commandLine(_ out: inout Writer) { out.text("norandmaps\n") }

  /// `/proc/uptime`: seconds since the start, and idle ones, of which there are none.
  func uptime(_ out: inout Writer) {
    let hundredths = kernel.board.clock.nanoseconds / 10_000_000
    out.decimal(hundredths / 100)
    out.byte(0x2E)
    out.zeroFilled(hundredths % 100, width: 2)
    out.text(" 0.00\n")
  }

  /// `/proc/loadavg`.
  ///
  /// Averages are taken every five seconds of a clock tick that there is not.
  func loadavg(_ out: inout Writer) {
    out.text("0.00 0.00 0.00 ")
    out.decimal(runnableTasks)
    out.byte(0x2F)
    out.decimal(kernel.store.pointee.taskCount)
    out.byte(0x20)
    out.decimal(UInt64(kernel.store.pointee.forks &+ 1))
    out.newline()
  }

  private var runnableTasks: UInt64 {
    var count: UInt64 = 0
    kernel.forEachTask { task in
      if task.pointee.state == .runnable, task != kernel.initTask { count &+= 1 }
    }
    return count
  }

  /// `/proc/stat` (fs/proc/stat.c).
  ///
  /// Times are instructions, a nanosecond each.
  func stat(_ out: inout Writer) {
    let executed = kernel.board.instructions
    for label in 0..<2 {
      out.text(label == 0 ? "cpu  " : "cpu0 ")
      out.decimal(clockTicks(executed.user))
      out.text(" 0 ")
      out.decimal(clockTicks(executed.kernel))
      out.text(" 0 0 0 0 0 0 0\n")
    }
    out.text("intr 0\nctxt ")
    out.decimal(kernel.store.pointee.contextSwitches)
    out.text("\nbtime ")
    out.decimal(kernel.store.pointee.header.realtimeSeconds)
    out.text("\nprocesses ")
    out.decimal(kernel.store.pointee.forks)
    out.text("\nprocs_running ")
    out.decimal(runnableTasks)
    out.text("\nprocs_blocked 0\nsoftirq 0 0 0 0 0 0 0 0 0 0 0\n")
  }

  /// `/proc/filesystems`: none of them needs a device.
  func filesystems(_ out: inout Writer) {
    out.text("nodev\tsysfs\nnodev\ttmpfs\nnodev\tproc\nnodev\tdevtmpfs\n")
  }

  /// `/proc/PID/mounts` (fs/proc_namespace.c: show_vfsmnt()).
  func mounts(_ out: inout Writer) {
    var raw: UInt8 = 0
    while let mount = Mount(rawValue: raw) {
      raw &+= 1
      guard let path = mount.path else { continue }
      out.text(mount.sourceName)
      out.byte(0x20)
      out.text(path)
      out.byte(0x20)
      out.text(mount.typeName)
      switch mount {
      case .root, .devices:
        out.text(mount == .root ? " rw,size=" : " rw,relatime,size=")
        let limit = kernel.files.pointee.pageLimit(of: mount)
        out.decimal(PageCount(limit).bytes(of: kernel.board.pageSize).kibibytes)
        out.text("k,nr_inodes=")
        out.decimal(kernel.files.pointee.inodeLimit(of: mount))
        if mount == .devices { out.text(",mode=755") }
      default: out.text(" rw,relatime")
      }
      out.text(" 0 0\n")
    }
  }

  /// `/proc/iomem`: the banks of RAM.
  func iomem(_ out: inout Writer) {
    kernel.frames.pointee.forEachBank { bank in
      out.hexadecimal(bank.start.rawValue, width: 8)
      out.byte(0x2D)
      out.hexadecimal(bank.end.rawValue &- 1, width: 8)
      out.text(" : System RAM\n")
    }
  }
}
