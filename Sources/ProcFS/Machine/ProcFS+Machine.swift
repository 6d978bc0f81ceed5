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
    out.decimal(kernel.store.pointee.realtimeOffset / 1_000_000_000)
    out.text("\nprocesses ")
    out.decimal(kernel.store.pointee.forks)
    out.text("\nprocs_running ")
    out.decimal(runnableTasks)
    out.text("\nprocs_blocked 0\nsoftirq 0 0 0 0 0 0 0 0 0 0 0\n")
  }

  /// `/proc/devices`: the majors there are (block/genhd.c, fs/char_dev.c).
  func devices(_ out: inout Writer) {
    out.text("Character devices:\n  1 mem\n  5 /dev/tty\n  5 /dev/console\n204 ttyAMA\n")
    out.text("\nBlock devices:\n")
  }

  /// `/proc/interrupts`: the timer's, and the serial line's.
  func interrupts(_ out: inout Writer) {
    out.text("           CPU0       \n 11:          0 GIC-0  27 Level     arch_timer\n")
    out.text(" 13:          0 GIC-0  33 Level     uart-pl011\nErr:          0\n")
  }

  /// `/proc/softirqs`: this kernel has none (fs/proc/softirqs.c: show_softirqs()).
  func softirqs(_ out: inout Writer) {
    out.text("                    CPU0       \n")
    for index in 0..<10 {
      let name = Self.softirqName(index)
      out.pad(12 &- name.utf8CodeUnitCount)
      out.text(name)
      out.text(":          0\n")
    }
  }

  private static func softirqName(_ index: Int) -> StaticString {
    switch index {
    case 0: "HI"
    case 1: "TIMER"
    case 2: "NET_TX"
    case 3: "NET_RX"
    case 4: "BLOCK"
    case 5: "IRQ_POLL"
    case 6: "TASKLET"
    case 7: "SCHED"
    case 8: "HRTIMER"
    default: "RCU"
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
