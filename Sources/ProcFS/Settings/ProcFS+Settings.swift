import AddressSpaces
import Arm64
import Files
import MemoryTypes
import PageFrames
import Tasks

extension ProcFS {
  /// Writes a setting of `/proc/sys` or `/sys`.
  func setting(_ kind: NodeKind, _ out: inout Writer) {
    switch kind {
    case .hugePageEnabled: out.text("always madvise [never]\n")
    case .hugePageDefrag: out.text("always defer defer+madvise [madvise] never\n")
    case .cpuOnline, .cpuPossible, .cpuPresent: out.text("0\n")
    case .ostype: word(SystemName.system, &out)
    case .osrelease: word(SystemName.release, &out)
    case .kernelVersion: word(SystemName.version, &out)
    case .hostname: word(SystemName.node, &out)
    case .lowmemReserveRatio: out.text("256\t256\t32\t0\n")
    default:
      out.decimal(number(kind))
      out.newline()
    }
  }

  private func word(_ text: StaticString, _ out: inout Writer) {
    out.text(text)
    out.newline()
  }

  /// The value of a setting that is a number.
  private func number(_ kind: NodeKind) -> UInt64 {
    let settings = kernel.memory.pointee.settings
    switch kind {
    case .adminReserve: return settings.adminReserveKilobytes
    case .userReserve: return settings.userReserveKilobytes
    case .legacyLayout: return settings.legacyLayout ? 1 : 0
    case .maxMapCount: return UInt64(settings.maximumMapCount)
    case .minFreeKilobytes: return kernel.frames.pointee.minFree.kibibytes
    case .mmapMinAddress: return settings.mmapMinAddress
    case .overcommitKilobytes: return settings.overcommitKilobytes
    case .overcommitMemory: return settings.overcommit.rawValue
    case .overcommitRatio: return settings.overcommitRatio
    case .hugePageSize: return hugePageSize.rawValue
    case .threadsMax: return kernel.store.pointee.maximumThreads
    case .pidMax: return 32768
    case .ngroupsMax: return 65536
    case .fileMax: return 0x7fff_ffff_ffff_ffff
    case .nrOpen: return 4096
    case .useZeroPage: return 1
    // Linux's defaults for what nothing here reads yet; they cannot be written.
    case .compactionProactiveness: return 20
    case .dirtyBackgroundRatio: return 10
    case .dirtyRatio: return 20
    case .extfragThreshold: return 500
    case .pageCluster: return 3
    case .swappiness: return 60
    case .cachePressure: return 100
    case .watermarkBoost: return 15000
    case .watermarkScale: return 10
    default: return 0
    }
  }

  /// Takes what a program writes to a file; answers the bytes used.
  func store(
    in node: ProceduralNode, at position: UInt64, _ count: UInt64, _ source: ByteSource
  ) throws(Errno) -> Int {
    guard let file = ProcNode(node) else { throw .EINVAL }
    guard count > 0 else { return 0 }
    var buffer = InlineArray<64, UInt64>(repeating: 0)
    var span = buffer.mutableSpan
    // SAFETY: the bytes are a local's, which outlives the call.
    return unsafe try span.withUnsafeMutableBytes { (bytes) throws(Errno) in
      let length = Int(min(count, 512))
      let room = unsafe ByteRoom(bytes.baseAddress.unsafelyUnwrapped, count: length)
      guard try source(room) == length else { throw Errno.EFAULT }
      return try store(room.contents, in: file)
    }
  }

  private func store(_ text: ByteString, in file: ProcNode) throws(Errno) -> Int {
    switch file.kind {
    case .comm:
      // Of oneself only (fs/proc/base.c: comm_write()).
      guard let task = task(file), task == kernel.current else { throw .EINVAL }
      task.pointee.name = TaskName(exactly: text)
      return text.count
    default: break
    }
    guard let value = Self.number(in: text) else { throw .EINVAL }
    try set(file.kind, to: value)
    return text.count
  }

  /// A number as sysctls take it: blanks, decimal digits, and nothing else but blanks behind them
  /// (kernel/sysctl.c: proc_get_long()).
  static func number(in text: ByteString) -> UInt64? {
    var index = 0
    func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || (byte >= 0x09 && byte <= 0x0D) }
    while index < text.count, isBlank(text[index]) { index &+= 1 }
    var value: UInt64 = 0
    var digits = 0
    while index < text.count, text[index] >= 0x30, text[index] <= 0x39 {
      let (tenfold, overflow) = value.multipliedReportingOverflow(by: 10)
      let (sum, carry) = tenfold.addingReportingOverflow(UInt64(text[index] &- 0x30))
      guard !overflow, !carry else { return nil }
      value = sum
      digits &+= 1
      index &+= 1
    }
    guard digits > 0 else { return nil }
    while index < text.count {
      guard isBlank(text[index]) || text[index] == 0 else { return nil }
      index &+= 1
    }
    return value
  }

  private func set(_ kind: NodeKind, to value: UInt64) throws(Errno) {
    // Most are ints in Linux.
    guard value <= 0x7fff_ffff || kind == .mmapMinAddress || kind == .overcommitKilobytes else {
      throw .EINVAL
    }
    let memory = kernel.memory
    switch kind {
    case .overcommitMemory:
      guard let mode = MemorySettings.Overcommit(rawValue: value) else { throw .EINVAL }
      memory.pointee.settings.overcommit = mode
    case .overcommitRatio:
      // Ratio and kilobytes exclude each other (overcommit_ratio_handler()).
      memory.pointee.settings.overcommitRatio = value
      memory.pointee.settings.overcommitKilobytes = 0
    case .overcommitKilobytes:
      memory.pointee.settings.overcommitKilobytes = value
      memory.pointee.settings.overcommitRatio = 0
    case .maxMapCount: memory.pointee.settings.maximumMapCount = Int(value)
    case .mmapMinAddress: memory.pointee.settings.mmapMinAddress = value
    case .legacyLayout: memory.pointee.settings.legacyLayout = value != 0
    case .adminReserve: memory.pointee.settings.adminReserveKilobytes = value
    case .userReserve: memory.pointee.settings.userReserveKilobytes = value
    case .oomScoreAdjust:
      // The out-of-memory rule looks at size alone: the one value that can be had.
      guard value == 0 else { throw .EINVAL }
    case .minFreeKilobytes: kernel.frames.pointee.setMinFree(.kibibytes(value))
    default: throw .EACCES
    }
  }
}
