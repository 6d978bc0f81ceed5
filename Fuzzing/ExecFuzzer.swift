// exec of any bytes at all, on the host: each input is a file that a fresh program would be. The
// kernel may refuse it or run it; it may not trap, lose a frame, or break an invariant.
//
// `Scripts/fuzz` builds it with libFuzzer and the address sanitizer, outside SwiftPM.

@testable import AddressSpaces
import Arm64
import BoardFormat
@testable import Files
import KernelHeap
import KernelLayout
import MemoryTypes
import PageFrames
@testable import Tasks

/// One machine for each page size; which of them an input meets follows from its length.
nonisolated(unsafe) let machines: [FuzzedKernel] = [
  FuzzedKernel(.fourKiB, 48), FuzzedKernel(.sixteenKiB, 47), FuzzedKernel(.sixtyFourKiB, 42),
]

@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ bytes: UnsafePointer<UInt8>, _ count: Int) -> Int32 {
  unsafe machines[count % machines.count].run(UnsafeRawBufferPointer(start: bytes, count: count))
  return 0
}

/// A kernel without programs, and what it had free before the first of them.
final class FuzzedKernel {
  private let kernel: KernelState<ProbeBoard>
  private var free: PageCount?

  init(_ pageSize: PageSize, _ vaBits: UInt64) {
    guard let geometry = TranslationGeometry(pageSize: pageSize, vaBits: vaBits),
      let kernel = Self.start(ProbeBoard(geometry))
    else { fatalError("no machine") }
    self.kernel = kernel
  }

  /// Makes the bytes a file and executes it; then the machine must be as it was.
  func run(_ bytes: UnsafeRawBufferPointer) {
    let files = kernel.files
    do throws(Errno) {
      let file = try files.pointee.open(
        "/program", from: files.pointee.root, [.readWrite, .create, .truncate], permissions: 0o755)
      var place = 0
      _ = try files.pointee.write(file, ByteCount(UInt64(bytes.count))) { room in
        for index in 0..<room.count { unsafe room.bytes[index] = bytes[place + index] }
        place += room.count
        return room.count
      }
      files.pointee.release(file)
    } catch { fatalError("the file cannot be written: \(error)") }

    let strings = Array("/program\0/program\0argument\0A=b\0".utf8)
    unsafe strings.withUnsafeBytes { strings in
      do throws(ExecFailure) {
        try kernel.execute("/program", unsafe .kernel(strings, arguments: 2, environment: 1))
        touchEverything()
      } catch {}
    }
    forgetProgram()
    do throws(Errno) {
      try files.pointee.unlink("/program", from: files.pointee.root)
    } catch { fatalError("the file cannot be removed: \(error)") }
    kernel.slab.pointee.shrink()
    kernel.frames.pointee.drain()
    // The first run leaves the caches that it made.
    let now = kernel.frames.pointee.free
    if let free {
      precondition(now == free, "\(free.rawValue) frames were free, now \(now.rawValue)")
    }
    free = now
    kernel.frames.pointee.checkInvariants()
  }

  /// Reads and writes at the start and the end of each area, as the program might.
  private func touchEverything() {
    guard let space = kernel.current.pointee.memory.space else { return }
    if let broken = space.pointee.checkInvariants() { fatalError("invariant: \(broken)") }
    var next = space.pointee.areas.area(endingAbove: VirtualAddress(0))
    while let area = next {
      let (start, end) = (area.pointee.start, area.pointee.end)
      for address in [start, end - ByteCount(8)] {
        if let value = try? space.pointee.copyIn(UInt64.self, from: address) {
          try? space.pointee.copyOut(value, to: address)
        }
      }
      next = area.pointee.next
    }
  }

  private func forgetProgram() {
    kernel.leaveSpace()
    let task = kernel.current
    if let file = task.pointee.executable { kernel.files.pointee.release(file) }
    task.pointee.executable = nil
  }

  private static func start(_ board: ProbeBoard) -> KernelState<ProbeBoard>? {
    var map = MemoryMap(pageSize: board.pageSize)
    var table: FrameTable?
    guard map.add(PhysicalRange(start: ProbeBoard.ramBase, length: ProbeBoard.size)),
      map.populateFrameTable({ frame, block in
        // SAFETY: the block is RAM of the board, which stays.
        table = unsafe FrameTable(
          base: board.pointer(to: block.start) - Int(frame.rawValue &<< FrameTable.frameShift))
        return true
      }),
      let table, let frames = FrameAllocator.start(board: board, map: &map, frames: table),
      let slab = SlabAllocator.start(frames: frames)
    else { return nil }
    let nothing = unsafe UnsafeRawBufferPointer(start: nil, count: 0)
    let statistics = UnsafeMutablePointer<Statistics>.allocate(capacity: 1)
    unsafe statistics.initialize(to: Statistics())
    guard
      let files = try? FileSystem.start(
        board: board, frames: frames, slab: slab,
        sources: unsafe FileSystemSources(
          archive: nothing, standardInput: nothing, isInteractive: false, realtimeSeconds: 0)),
      let code = frames.pointee.allocate([.kernel, .zero])
    else { return nil }
    return KernelState.start(
      .init(
        board: board, header: BoardHeader(), layout: KernelLayout(linux6_1: board.translation),
        frames: frames, slab: slab, files: files, statistics: unsafe KernelPointer(statistics),
        vdso: VDSOImage(code: code, codePages: PageCount(1), data: code, dataPages: PageCount(2))))
  }
}
