// The Embedded check's client: instantiates the rooms' generics with a board of its own and lets
// them work, compiled as Embedded Swift for the host. Compiling the rooms alone finds nothing in
// generic code that nobody instantiates. `Scripts/embedded-check` builds and runs it.

import AddressSpaces
import Arm64
import BoardFormat
import Files
import KernelHeap
import KernelLayout
import MemoryTypes
import PageFrames
import ProcFS
import SystemCalls
import Tasks

@main
enum EmbeddedProbe {
  static func main() {
    for (size, bits) in [(PageSize.fourKiB, 48), (.sixteenKiB, 47), (.sixtyFourKiB, 42)] {
      guard let geometry = TranslationGeometry(pageSize: size, vaBits: UInt64(bits)) else {
        fatalError()
      }
      probe(ProbeBoard(geometry))
      MallocProbe.run(size)
    }
    print("embedded probe: the rooms work with 4K, 16K and 64K pages")
  }

  /// From a memory map to a mapping that is written, read back and gone.
  static func probe(_ board: ProbeBoard) {
    let kernel = start(board)
    ProcFS.connect(kernel)
    var context = UserContext()
    context.x[8] = 173
    unsafe withUnsafeMutablePointer(to: &context) {
      unsafe SystemCalls.dispatch(kernel, KernelPointer($0))
    }
    // Once, so that every cache has what it keeps.
    useSpace(kernel)
    let free = kernel.frames.pointee.unused
    useSpace(kernel)
    precondition(kernel.frames.pointee.unused == free, "frames were lost")
    kernel.frames.pointee.checkInvariants()
    kernel.slab.pointee.checkInvariants()
    // Every text and signal is instantiated, if not used.
    if kernel.store.pointee.taskCount == 0 {
      kernel.handleUserException(ExceptionSyndrome(0), faultAddress: VirtualAddress(0))
      ProcFS(kernel).sendTexts(at: .end, of: kernel.initTask)
    }
  }

  static func useSpace(_ kernel: KernelState<ProbeBoard>) {
    guard let space = AddressSpace.make(in: kernel.memory) else { fatalError() }
    do throws(Errno) {
      space.pointee.startStack = VirtualAddress(0x7fff_0000)
      let address = try space.pointee.map(
        MappingRequest(
          address: VirtualAddress(0x1000_0000), length: .mebibytes(1),
          protection: [.read, .write], flags: [.private, .anonymous, .fixed]))
      for page in 0..<UInt64(4) {
        try space.pointee.copyOut(page, to: address + ByteCount(page &<< 16))
      }
      for page in 0..<UInt64(4) {
        let value = try space.pointee.copyIn(UInt64.self, from: address + ByteCount(page &<< 16))
        precondition(value == page)
      }
      try space.pointee.protect(address, .kibibytes(64), .read)
      try space.pointee.unmap(address, .kibibytes(64))
    } catch { fatalError() }
    AddressSpace.release(space)
  }

  /// A kernel without programs.
  static func start(_ board: ProbeBoard) -> KernelState<ProbeBoard> {
    let layout = KernelLayout(linux6_1: board.translation)
    var map = MemoryMap(pageSize: board.pageSize)
    let ram = PhysicalRange(start: ProbeBoard.ramBase, length: ProbeBoard.size)
    guard map.add(ram) else { fatalError() }
    var table: FrameTable?
    let populated = map.populateFrameTable { frame, block in
      // SAFETY: the block is RAM of the board, which stays.
      table = unsafe FrameTable(
        base: board.pointer(to: block.start) - Int(frame.rawValue &<< FrameTable.frameShift))
      return true
    }
    let noArchive = unsafe UnsafeRawBufferPointer(start: nil, count: 0)
    let statistics = UnsafeMutablePointer<Statistics>.allocate(capacity: 1)
    unsafe statistics.initialize(to: Statistics())
    guard populated, let table,
      let frames = FrameAllocator.start(board: board, map: &map, frames: table),
      let slab = SlabAllocator.start(frames: frames),
      let files = try? FileSystem.start(
        board: board, frames: frames, slab: slab,
        sources: unsafe FileSystemSources(
          archive: noArchive, standardInput: noArchive, isInteractive: false, realtimeSeconds: 0)),
      let code = frames.pointee.allocate([.kernel, .zero]),
      let root = frames.pointee.allocate([.kernel, .zero]),
      let vmalloc = VMAllocator.start(
        slab: slab, table: PageTable(board: board, root: root),
        vmalloc: layout.vmallocStart..<layout.vmallocEnd,
        modules: layout.modulesStart..<layout.modulesEnd),
      let kernel = KernelState.start(
        .init(
          board: board, header: BoardHeader(), layout: layout, frames: frames, slab: slab,
          vmalloc: vmalloc, files: files, statistics: unsafe KernelPointer(statistics),
          vdso: VDSOImage(code: code, codePages: PageCount(1), data: code, dataPages: PageCount(2))
        ))
    else { fatalError() }
    return kernel
  }
}
