import Arm64
import HostBoard
import MemoryTypes
import Testing

/// A host board with one root table, and frames for tables that are counted.
final class Space {
  let board: HostBoard
  let table: PageTable<HostBoard>
  private(set) var used: Set<PageFrameNumber> = []
  private var free: [PageFrameNumber] = []
  private var next: PageFrameNumber

  var geometry: TranslationGeometry { board.translation }

  init(_ shape: Shape) throws {
    board = try #require(HostBoard(translation: shape.geometry, span: .mebibytes(512)))
    let first = PageFrameNumber(containing: HostBoard.ramBase, board.pageSize)
    table = PageTable(board: board, root: first)
    next = first + PageCount(1)
  }

  func release() { board.release() }

  /// A frame full of zeros.
  func frame() -> PageFrameNumber {
    let frame: PageFrameNumber
    if let old = free.popLast() {
      frame = old
    } else {
      frame = next
      next += PageCount(1)
    }
    board.clearPages(at: frame.address(board.pageSize), PageCount(1), board.pageSize)
    #expect(used.insert(frame).inserted)
    return frame
  }

  func giveBack(_ frame: PageFrameNumber) {
    #expect(used.remove(frame) != nil, "freed twice")
    free.append(frame)
  }

  /// The checked walk over these tables, as one half.
  func walker(upper: Bool) -> TableWalker<HostBoard> {
    TableWalker(
      ram: board, memory: HostBoard.ramBase..<HostBoard.ramBase + board.span,
      regime: TranslationRegime(
        geometry: geometry, lowerRoot: upper ? nil : table.root,
        upperRoot: upper ? table.root : nil))
  }
}
