import Arm64
import BoardFormat
import KernelAssembly
import MemoryTypes

/// What SwiftPM takes for the entry point of an executable; the board's is ``kernelMain()``.
@main
struct Kernel {
  static func main() {}
}

/// Called by Head.S with the MMU on, in the kernel half, on the boot stack.
@_cdecl("kernel_main")
func kernelMain() -> Never {
  VirtBoard.settle()
  let board = VirtBoard()
  board.startConsole()
  var line = LogLine("kilburn: up at ")
  line.add(hex: kernel_parameters.image_virtual)
  line.add(", ")
  line.add(board.pageSize.bytes.kibibytes)
  line.add("K pages, ")
  line.add(board.translation.vaBits)
  line.add(" VA bits, ")
  line.add(UInt64(board.translation.levels))
  line.add(" levels")
  line.send()
  board.powerOff(EndRecord(reason: .exited, status: 0))
}
