import Arm64
import BoardFormat
import Files
import KernelAssembly
import KernelLog
import KernelHeap
import MemoryTypes
import PageFrames
import ProcFS
import Tasks

/// What SwiftPM takes for the entry point of an executable; the board's is ``kernelMain()``.
@main
struct Kernel {
  static func main() {}
}

/// Called by Head.S with the MMU on, in the kernel half, on the boot stack.
@_cdecl("kernel_main")
func kernelMain() -> Never {
  VirtBoard.settle()
  start(VirtBoard())
}

/// Starts everything, runs the program and ends the machine.
///
/// A function of its own: to the compiler `kernel_parameters` never changes, so what reads it must
/// not be compiled together with what writes it.
@inline(never)
private func start(_ board: VirtBoard) -> Never {
  board.startConsole()
  guard board.header.pointee.version == BoardVersion.current else {
    // Where the output ring is cannot be told either: straight over the line.
    unsafe kernel_variables().pointee.dying = 1
    board.powerOff(EndRecord(reason: .otherVersion, status: BoardVersion.current))
  }
  board.forgetFirmware()
  guard var map = MemoryMap.describing(board) else { die("the device tree has no memory") }
  let log = BootLog(board: board)
  log.banner()
  log.zones(map)
  log.features()
  let ramIsZero = board.header.pointee.options.contains(.ramIsZero)
  guard
    let tables = KernelTables(board, &map, ramIsZero: ramIsZero),
    tables.mapRAM(&map), tables.mapImage(&map), tables.mapDevices(&map),
    tables.mapWindows(&map),
    let frameTable = tables.mapFrameTable(&map)
  else { die("too little RAM for the page tables") }
  #if KASAN
  guard let shadow = tables.mapShadow(&map) else { die("too little RAM for the shadow") }
  #endif
  tables.activate()
  #if KASAN
  KASAN.start(board, tables.layout, shadow, &map)
  #endif
  guard tables.dropInit(&map) else { die("too many pieces of RAM") }
  InterruptController.start()
  var options = FrameAllocator<VirtBoard>.Options()
  options.ramIsZero = ramIsZero
  options.memTotal = ByteCount(board.header.pointee.memTotal)
  guard
    let frames = FrameAllocator.start(
      board: board, map: &map, frames: frameTable, options: options)
  else { die("too little RAM for the frame allocator") }
  log.memory(map, frames)
  log.clock()
  #if KASAN
  KASAN.poisonFree(map, board, frames)
  let hooks = KASAN.slabHooks
  #else
  let hooks: KernelPointer<SlabHooks>? = nil
  #endif
  guard let slab = SlabAllocator.start(frames: frames, hooks: hooks) else {
    die("too little RAM for the heap")
  }
  #if KASAN
  unsafe kasan_board().pointee.slab = UInt64(slab.address)
  #endif
  guard let vmalloc = tables.startVMalloc(slab) else { die("too little RAM for vmalloc") }
  guard Modules.start(slab: slab, vmalloc: vmalloc) else { die("too little RAM for modules") }
  let files = startFiles(board, frames, slab)
  guard let statistics = startStatistics(board), let vdso = makeVDSO(board, frames) else {
    die("too little RAM for the kernel")
  }
  var foundation = KernelState.Foundation(
    board: board, header: board.header.pointee, layout: tables.layout, frames: frames,
    slab: slab, vmalloc: vmalloc, files: files, statistics: statistics, vdso: vdso)
  foundation.compat = makeCompatPages(board, frames)
  guard
    let kernel = KernelState.start(foundation)
  else { die("too little RAM for the kernel") }
  unsafe kernel_variables().pointee.state = UInt64(kernel.store.address)
  kernel.store.pointee.modules = Modules.door
  ProcFS.connect(kernel)
  log.freed()
  board.powerOff(run(kernel))
}

/// Ends a start-up that cannot go on.
func die(_ text: StaticString) -> Never {
  var line = LogLine("kilburn: ")
  line.append(text)
  line.send()
  VirtBoard.powerOffBroken()
}

/// The files from the archive; dies if there is no room for their names.
private func startFiles(
  _ board: VirtBoard, _ frames: KernelPointer<FrameAllocator<VirtBoard>>,
  _ slab: KernelPointer<SlabAllocator<VirtBoard>>
) -> KernelPointer<FileSystem<VirtBoard>> {
  let header = board.header.pointee
  // SAFETY: nobody writes to the areas once the machine runs.
  let sources = unsafe FileSystemSources(
    archive: UnsafeRawBufferPointer(board.bytes(of: header.archive)),
    standardInput: UnsafeRawBufferPointer(board.bytes(of: header.standardInput)),
    isInteractive: header.options.contains(.interactive), realtimeSeconds: header.realtimeSeconds)
  do throws(Errno) {
    return try FileSystem.start(board: board, frames: frames, slab: slab, sources: sources)
  } catch {
    die(error == .EINVAL ? "the archive of files is damaged" : "too little RAM for the files")
  }
}
