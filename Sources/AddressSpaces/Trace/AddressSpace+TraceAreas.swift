public import Arm64
import BoardFormat
import Files
import MemoryTypes

/// What `kilburn trace` hears of areas: after each cause, those that lie where something changed.
/// What exactly changed is the listener's to find out.
extension AddressSpace {
  /// Tells of the areas that touch what changed since this was last called.
  @inline(never)
  public mutating func traceAreas() {
    let low = areas.changedFrom
    let high = areas.changedTo
    guard low <= high, board.traced.contains(.areas) else { return }
    areas.changedFrom = VirtualAddress(.max)
    areas.changedTo = VirtualAddress(0)
    let first = areas.neighbours(of: low)
    var start = first.previous ?? first.area
    if let found = start, found.pointee.end < low { start = found.pointee.next }
    var count: Int32 = 0
    var area = start
    while let here = area, here.pointee.start <= high {
      count &+= 1
      area = here.pointee.next
    }
    board.trace(
      TraceRecord(.areas, number: count, root.rawValue, low.rawValue, high.rawValue))
    area = start
    while let here = area, here.pointee.start <= high {
      trace(here)
      area = here.pointee.next
    }
  }

  private func trace(_ area: Area) {
    let value = area.pointee
    let inode = value.file.map { $0.pointee.inode.pointee.number } ?? 0
    board.trace(
      TraceRecord(
        .area, detail: traceName(of: value).rawValue, value.start.rawValue, value.end.rawValue,
        UInt64(value.flags.rawValue), value.pageOffset, inode))
    guard let file = value.file else { return }
    var path = TraceText(board)
    path.add(pathOf: file.pointee.dentry)
    path.send()
  }

  private func traceName(of area: VirtualMemoryArea) -> TraceAreaName {
    if area.file != nil { return .file }
    switch area.special {
    case .vvar: return .vvar
    case .vdso, .vdso32, .vectors, .signalPage: return .vdso
    case .none, .attachment: break
    }
    if area.start <= programBreak && area.end >= startBreak { return .heap }
    if area.start <= startStack && area.end >= startStack { return .stack }
    return .none
  }
}

/// A text on its way into records.
public struct TraceText<B: Board>: ~Copyable {
  private let board: B
  private var bytes = InlineArray<256, UInt8>(repeating: 0)
  private var count = 0

  public init(_ board: B) { self.board = board }

  /// Adds a byte; what is beyond 256 is left out.
  public mutating func add(_ byte: UInt8) {
    guard count < 256 else { return }
    bytes[count] = byte
    count &+= 1
  }

  /// Adds a name's path from the root, as far as it fits.
  mutating func add(pathOf dentry: KernelPointer<Dentry>) {
    var depth = 0
    var up = dentry.pointee.parent
    while let here = up {
      depth &+= 1
      up = here.pointee.parent
    }
    if depth == 0 { add(name: dentry.name) }
    while depth > 0 {
      depth &-= 1
      var part = dentry
      for _ in 0..<depth { part = part.pointee.parent ?? part }
      add(0x2F)
      add(name: part.name)
    }
  }

  mutating func add(name: ByteString) {
    for index in 0..<name.count { add(name[index]) }
  }

  /// Sends what there is: 48 bytes a record.
  public func send() {
    var at = 0
    repeat {
      let length = min(48, count &- at)
      var record = TraceRecord(
        .text, detail: UInt16(truncatingIfNeeded: length), number: at &+ length < count ? 1 : 0)
      for index in 0..<length {
        record.words[index &>> 3] |= UInt64(bytes[at &+ index]) &<< UInt64(8 &* (index & 7))
      }
      board.trace(record)
      at &+= length
    } while at < count
  }
}
