import AddressSpaces
import Arm64
import Files
import MemoryTypes
import Tasks

/// What programs write to files of `/proc` and `/sys`.
extension ProcFS {
  /// Takes what a program writes to a file; answers the bytes used.
  func store(
    in node: ProceduralNode, at position: UInt64, _ count: UInt64, _ source: ByteSource
  ) throws(Errno) -> Int {
    guard let file = ProcNode(node) else { throw .EINVAL }
    if file.kind == .mem {
      guard let space = task(file)?.pointee.memory.space else { return 0 }
      return try writeMemory(of: space, VirtualAddress(position), count, source)
    }
    guard count > 0 || file.kind.isOfProcess else { return 0 }
    if file.kind == .controlFile, count > 512 {
      throw count > kernel.board.pageSize.bytes.rawValue ? .E2BIG : .EINVAL
    }
    var buffer = InlineArray<64, UInt64>(repeating: 0)
    var span = buffer.mutableSpan
    // SAFETY: the bytes are a local's, which outlives the call.
    return unsafe try span.withUnsafeMutableBytes { (bytes) throws(Errno) in
      let length = Int(min(count, 512))
      let room = unsafe ByteRoom(bytes.baseAddress.unsafelyUnwrapped, count: length)
      guard try source(room) == length else { throw Errno.EFAULT }
      if file.kind == .setting {
        guard let setting = Sysctl(rawValue: file.number) else { throw Errno.EINVAL }
        // Only what is written at the beginning counts (sysctl_writes_strict).
        guard position == 0 else { return length }
        return try store(room.contents, in: setting)
      }
      if file.kind == .controlFile {
        try storeControl(room.contents, in: file)
        return length
      }
      if file.kind == .moduleParameter { return try store(room.contents, inParameter: file) }
      if file.kind == .attribute {
        try storeAttribute(room.contents, file.number)
        return length
      }
      if file.kind == .slabAttribute {
        try storeSlab(room.contents, in: file)
        return length
      }
      if file.kind == .zramAttribute {
        try storeZRAM(room.contents, in: file)
        return length
      }
      guard let task = task(file) else {
        throw file.kind.isOfProcess ? Errno.ESRCH : Errno.EINVAL
      }
      try store(room.contents, in: file, of: task)
      // Of a number the first 12 bytes are looked at, and the rest is left (PROC_NUMBUF).
      return file.kind.takesNumber ? min(length, 12) : length
    }
  }

  private func store(
    _ text: ByteString, in file: ProcNode, of task: KernelPointer<Task<B>>
  ) throws(Errno) {
    switch file.kind {
    case .comm:
      // By the process's own threads (comm_write()).
      guard task.pointee.process == kernel.current.pointee.process else { throw .EINVAL }
      task.pointee.name = TaskName(exactly: text)
    case .oomScoreAdjust:
      let value = try Self.signed(text)
      guard value >= -1000, value <= 1000 else { throw .EINVAL }
      try adjust(task, to: Int32(value))
    case .oomAdjust:
      let value = try Self.signed(text)
      guard value >= -16 && value <= 15 || value == -17 else { throw .EINVAL }
      // The old scale ended at 15, which means certainly (oom_adj_write()).
      try adjust(task, to: Int32(value == 15 ? 1000 : value &* 1000 / 17))
    case .clearRefs:
      let value = try Self.signed(text)
      guard value >= 1, value <= 5 else { throw .EINVAL }
      guard let space = task.pointee.memory.space else { return }
      switch value {
      case 1: space.pointee.clearReferences(.all)
      case 2: space.pointee.clearReferences(.anonymous)
      case 3: space.pointee.clearReferences(.mapped)
      case 5: space.pointee.resetPeakResident()
      // arm64 has no soft-dirty bit: nothing to forget.
      default: break
      }
    case .coredumpFilter:
      var reader = NumberReader(text)
      guard let number = reader.next(), !number.isNegative else { throw .EINVAL }
      // The bits there are (MMF_DUMP_FILTER_MASK).
      task.pointee.process.pointee.coredumpFilter =
        UInt32(truncatingIfNeeded: number.magnitude) & 0x1FF
    case .timerSlack:
      var reader = NumberReader(text)
      guard let number = reader.next(), !number.isNegative else { throw .EINVAL }
      guard mayInspect(task) else { throw .EPERM }
      task.pointee.timerSlack =
        number.magnitude == 0 ? task.pointee.defaultTimerSlack : number.magnitude
    default: throw .EINVAL
    }
  }

  /// Sets what a process adds to its badness (__set_oom_adj()): less than it was only by user 0.
  private func adjust(_ task: KernelPointer<Task<B>>, to value: Int32) throws(Errno) {
    let process = task.pointee.process
    let isRoot = kernel.current.pointee.credentials.effectiveUser == 0
    guard value >= process.pointee.oomScoreAdjustmentMinimum || isRoot else { throw .EACCES }
    process.pointee.oomScoreAdjustment = value
    if isRoot { process.pointee.oomScoreAdjustmentMinimum = value }
  }

  /// A number alone between blanks, as kstrtoint() takes it from the first 12 bytes.
  static func signed(_ text: ByteString) throws(Errno) -> Int64 {
    let text = text[0..<min(text.count, 12)]
    var index = 0
    var end = text.count
    func isBlank(_ byte: UInt8) -> Bool {
      byte == 0x20 || byte >= 0x09 && byte <= 0x0D || byte == 0
    }
    while index < end, isBlank(text[index]) { index &+= 1 }
    while end > index, isBlank(text[end &- 1]) { end &-= 1 }
    var isNegative = false
    if index < end, text[index] == 0x2D || text[index] == 0x2B {
      isNegative = text[index] == 0x2D
      index &+= 1
    }
    guard index < end else { throw .EINVAL }
    // Base 0: octal after 0, hexadecimal after 0x.
    var base: Int64 = 10
    if text[index] == 0x30, index &+ 1 < end {
      base = text[index &+ 1] | 0x20 == 0x78 ? 16 : 8
      index &+= base == 16 ? 2 : 1
    }
    var value: Int64 = 0
    guard index < end else { throw .EINVAL }
    while index < end {
      let digit: UInt8 =
        switch text[index] {
        case 0x30...0x39: text[index] &- 0x30
        case 0x61...0x66: text[index] &- 0x57
        case 0x41...0x46: text[index] &- 0x37
        default: 99
        }
      guard Int64(digit) < base else { throw .EINVAL }
      value = value &* base &+ Int64(digit)
      index &+= 1
    }
    guard value <= 0x7fff_ffff || isNegative && value == 0x8000_0000 else { throw .ERANGE }
    return isNegative ? -value : value
  }
}
