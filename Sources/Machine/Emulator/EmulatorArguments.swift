import BoardFormat
import Cores
import MemoryTypes

/// QEMU's command line for a machine.
enum EmulatorArguments {
  /// The descriptor that the emulator has the board file as.
  static let boardFile: Int32 = 3
  /// The one that it has RAM as, where that is a file.
  static let ramFile: Int32 = 4
  /// The one that the observer answers in.
  static let observerFile: Int32 = 5

  static func list(
    _ machine: MachineDescription, _ board: BoardLayout, kernel: KernelImage, debugger port: Int?,
    keepsRAM: Bool, observer: ObserverPlugin? = nil, disk: Int32? = nil
  ) -> [String] {
    var list = [
      "-M", "virt,gic-version=2,dtb-randomness=off",
      "-m", "\((board.ram + board.size).rawValue)B",
      "-object",
      keepsRAM
        ? "memory-backend-file,id=ram,share=on,mem-path=/proc/self/fd/\(ramFile),"
          + "size=\(board.ram.rawValue)B"
        : "memory-backend-ram,id=ram,reserve=off,size=\(board.ram.rawValue)B",
      "-object",
      "memory-backend-file,id=board,share=on,mem-path=/proc/self/fd/\(boardFile),"
        + "size=\(board.size.rawValue)B",
      "-numa", "node,memdev=ram", "-numa", "node,memdev=board",
      "-cpu", machine.core.emulator.argument,
      "-smp", "1",
      // Virtual time is the number of instructions: one a nanosecond, whatever the host does.
      "-icount", "shift=0,sleep=off",
      "-rtc", "base=2024-01-01,clock=vm",
      // Nothing that the guest could reach the host through.
      "-nodefaults", "-no-user-config", "-display", "none", "-monitor", "none", "-nic", "none",
      "-sandbox", "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny",
      "-no-reboot",
      "-chardev", "stdio,id=console,signal=off", "-serial", "chardev:console",
      "-kernel", kernel.path,
      "-append", "\(BoardHeader.parameter)\(hexadecimal(board.header.start))",
    ]
    if let observer {
      // A comma in a value is written twice.
      let path = observer.path.split(separator: ",", omittingEmptySubsequences: false)
      list += ["-plugin", "\(path.joined(separator: ",,")),descriptor=\(observerFile)"]
    }
    if let disk { list += swapDisk(disk, errors: machine.configuration.swapErrors) }
    if let port { list += ["-gdb", "tcp:127.0.0.1:\(port)", "-S"] }
    return list
  }

  /// A virtio disk on the first transport, in the file that the emulator has under a number; what
  /// is to fail is said by rules of QEMU's blkdebug.
  private static func swapDisk(_ descriptor: Int32, errors: String?) -> [String] {
    var list = [
      "-global", "virtio-mmio.force-legacy=false",
      "-blockdev",
      "driver=file,node-name=swap-file,filename=/proc/self/fd/\(descriptor),locking=off",
    ]
    var below = "swap-file"
    if let errors {
      // A comma in a value is written twice.
      let path = errors.split(separator: ",", omittingEmptySubsequences: false)
      list += [
        "-blockdev",
        "driver=blkdebug,node-name=swap-errors,image=\(below),config=\(path.joined(separator: ",,"))",
      ]
      below = "swap-errors"
    }
    return list + [
      "-blockdev", "driver=raw,node-name=swap-disk,file=\(below)",
      "-device",
      "virtio-blk-device,drive=swap-disk,bus=virtio-mmio-bus.0,werror=report,rerror=report",
    ]
  }
}
