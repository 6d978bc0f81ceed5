import HostBoard
import MemoryTypes
import PageFrames
import TestSupport

/// A machine of a test: banks of RAM on the host board, with the frame allocator started.
typealias TestMachine = HostMachine<HostBoard>

extension HostMachine where B == HostBoard {
  var pageSize: PageSize { board.pageSize }

  func end() { board.release() }
}

let mebibyte: UInt64 = 1 << 20
let gibibyte: UInt64 = 1 << 30
let pageSizes: [PageSize] = [.fourKiB, .sixteenKiB, .sixtyFourKiB]
