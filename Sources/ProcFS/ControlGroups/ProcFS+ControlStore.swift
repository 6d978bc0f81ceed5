import Arm64
import Files
import MemoryTypes
import PageFrames
import Tasks

/// What programs write to the files of a control group.
extension ProcFS {
  func storeControl(_ text: ByteString, in node: ProcNode) throws(Errno) {
    guard let file = ControlFile(rawValue: node.file) else { throw .ENODEV }
    try storeControl(text, in: file, of: try controlGroup(node))
  }

  /// The same by the file's name; ENOENT for one that there is not.
  func storeControl(
    _ text: ByteString, named name: ByteString, of group: KernelPointer<ControlGroup>
  ) throws(Errno) {
    for raw in 1..<ControlFile.count {
      if let file = ControlFile(rawValue: raw), name == ByteString(file.name) {
        return try storeControl(text, in: file, of: group)
      }
    }
    throw .ENOENT
  }

  private func storeControl(
    _ text: ByteString, in file: ControlFile, of group: KernelPointer<ControlGroup>
  ) throws(Errno) {
    let text = text.stripped
    if file.isOfMemory {
      // Limits of the root's cannot be written, as it has none of these files but one.
      if file == .memoryReclaim {
        guard group.hasMemory else { throw .ENODEV }
        return try kernel.reclaim(try pages(text, maximum: ""), from: group.pointee.memory)
      }
      guard let memory = group.pointee.memory else { throw .ENODEV }
      return try storeMemory(text, in: file, memory)
    }
    switch file {
    case .processes: try kernel.move(try number(text), to: group)
    case .threads: try kernel.moveThread(try number(text), to: group)
    case .subtreeControl: try storeSubtree(text, group)
    case .maximumDepth: group.pointee.maximumDepth = try limit(text)
    case .maximumDescendants: group.pointee.maximumDescendants = try limit(text)
    case .kill:
      guard try Self.signed(text) == 1 else { throw .ERANGE }
      kernel.killMembers(of: group)
    case .type:
      guard text == "threaded" else { throw .EINVAL }
      // Memory is not shared out to threads (cgroup_enable_threaded()).
      throw .EOPNOTSUPP
    default: throw .EINVAL
    }
  }

  private func storeMemory(
    _ text: ByteString, in file: ControlFile, _ memory: KernelPointer<MemoryGroup>
  ) throws(Errno) {
    switch file {
    case .oomGroup:
      let value = try Self.signed(text)
      guard value == 0 || value == 1 else { throw .EINVAL }
      memory.pointee.killsTogether = value == 1
    case .memoryMin: memory.setMinimum(try pages(text))
    case .memoryLow: memory.setLow(try pages(text))
    case .memoryHigh: kernel.setHigh(try pages(text), of: memory)
    case .memoryMax: kernel.setMaximum(try pages(text), of: memory)
    case .swapHigh: memory.setSwapHigh(try pages(text))
    case .swapMax: memory.setSwapMaximum(try pages(text))
    default: throw .EINVAL
    }
  }

  /// Bytes in whole pages, or `max` (page_counter_memparse()).
  private func pages(
    _ text: ByteString, maximum: ByteString = "max"
  ) throws(Errno) -> Int {
    if text == maximum { return PageCounter.unlimited }
    var reader = MemoryReader(text)
    let bytes = reader.read()
    guard reader.isAtEnd else { throw .EINVAL }
    let shift = kernel.board.pageSize.shift
    let pages = bytes &>> shift
    return pages >= UInt64(Int.max) &>> shift ? PageCounter.unlimited : Int(pages)
  }

  /// The number of a process (cgroup_procs_write_start()).
  private func number(_ text: ByteString) throws(Errno) -> Int32 {
    let value: Int64
    do throws(Errno) { value = try Self.signed(text) } catch { throw .EINVAL }
    guard value >= 0 else { throw .EINVAL }
    return Int32(truncatingIfNeeded: value)
  }

  /// cgroup_max_depth_write().
  private func limit(_ text: ByteString) throws(Errno) -> Int {
    if text == "max" { return .max }
    let value = try Self.signed(text)
    guard value >= 0 else { throw .ERANGE }
    return Int(value)
  }

  /// `+memory`, `-memory`, any number of them: the last one counts
  /// (cgroup_subtree_control_write()).
  private func storeSubtree(
    _ text: ByteString, _ group: KernelPointer<ControlGroup>
  ) throws(Errno) {
    var wanted: Bool?
    var start = 0
    while start < text.count {
      var end = start
      while end < text.count, text[end] != 0x20 { end &+= 1 }
      if end > start {
        let token = text[start..<end]
        let isOn = token[0] == 0x2B
        guard isOn || token[0] == 0x2D, token[1..<token.count] == "memory" else { throw .EINVAL }
        wanted = isOn
      }
      start = end &+ 1
    }
    if let wanted { try kernel.setSharesMemory(wanted, group) }
  }
}

/// Reads a number of bytes as lib/cmdline.c:memparse() does: decimal, octal after `0`, hexadecimal
/// after `0x`, and a letter for its unit; too large a number loses its upper bits.
struct MemoryReader {
  private let text: ByteString
  private var index = 0

  init(_ text: ByteString) { self.text = text }

  var isAtEnd: Bool { index == text.count }

  private func byte(_ offset: Int = 0) -> UInt8 {
    index &+ offset < text.count ? text[index &+ offset] : 0
  }

  mutating func read() -> UInt64 {
    var base: UInt64 = 10
    if byte() == 0x30 {
      base = 8
      if byte(1) | 0x20 == 0x78, Self.digit(byte(2)) < 16 {
        base = 16
        index &+= 2
      }
    }
    var value: UInt64 = 0
    while Self.digit(byte()) < base {
      value = value &* base &+ Self.digit(byte())
      index &+= 1
    }
    let shift: UInt64 =
      switch byte() | 0x20 {
      case 0x6B: 10
      case 0x6D: 20
      case 0x67: 30
      case 0x74: 40
      case 0x70: 50
      case 0x65: 60
      default: 0
      }
    guard shift > 0 else { return value }
    index &+= 1
    return value &<< shift
  }

  private static func digit(_ byte: UInt8) -> UInt64 {
    switch byte {
    case 0x30...0x39: UInt64(byte &- 0x30)
    case 0x41...0x46: UInt64(byte &- 0x37)
    case 0x61...0x66: UInt64(byte &- 0x57)
    default: 99
    }
  }
}

extension ByteString {
  /// Without white space at both ends (lib/string_helpers.c: strstrip()); ends at a zero.
  var stripped: ByteString {
    func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte >= 0x09 && byte <= 0x0D }
    var end = firstIndex(of: 0) ?? count
    var start = 0
    while start < end, isBlank(self[start]) { start &+= 1 }
    while end > start, isBlank(self[end &- 1]) { end &-= 1 }
    return self[start..<end]
  }
}
