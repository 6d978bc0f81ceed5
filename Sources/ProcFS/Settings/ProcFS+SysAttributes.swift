import Arm64
import Files
import MemoryTypes
import PageFrames
import Tasks

/// `/sys`: the texts of attributes, and the folders of huge pages, which have their size's name.
extension ProcFS {
  func write(_ attribute: SysAttribute, _ out: inout Writer) {
    if let text = attribute.row.text {
      out.text(text)
      return
    }
    // The entries of a table of the last level: what a huge page would replace.
    let entries = kernel.board.pageSize.bytes.rawValue / 8
    switch attribute {
    case .pageTables: kernelPageTables(&out)
    case .modalias: cpuModalias(&out)
    case .unusableIndex: fragmentation(&out, isUnusable: true)
    case .fragmentationIndex: fragmentation(&out, isUnusable: false)
    case .midr:
      out.text("0x")
      out.hexadecimal(kernel.board.idRegisters.midr, width: 16)
      out.newline()
    case .hugePageSize: line(hugePageSize.rawValue, &out)
    case .freeHugePages, .numberOfHugePages, .freeContiguousPages, .numberOfContiguousPages:
      line(UInt64(pool(attribute).count), &out)
    case .overcommitHugePages, .overcommitContiguousPages: line(pool(attribute).overcommit, &out)
    case .usesGenerations: writeGenerations(&out)
    case .generationLife: line(generationLife, &out)
    case .maxShared: line(entries / 2, &out)
    case .maxNone: line(entries &- 1, &out)
    case .pagesToScan: line(entries &* 8, &out)
    case .maxSwap: line(entries / 8, &out)
    default: return
    }
  }

  private func pool(_ attribute: SysAttribute) -> HugePagePool {
    kernel.frames.pointee.hugePages[attribute.hugePageSize.rawValue]
  }

  /// Takes what a program writes to a file of a pool of huge pages (nr_hugepages_store_common()).
  func storeAttribute(_ text: ByteString, _ number: UInt16) throws(Errno) {
    guard let attribute = SysAttribute(rawValue: UInt8(truncatingIfNeeded: number)) else {
      throw .EINVAL
    }
    if attribute == .usesGenerations { return try storeGenerations(text) }
    if attribute == .generationLife { return try storeGenerationLife(text) }
    var reader = NumberReader(text)
    guard let value = reader.next(), !value.isNegative else { throw .EINVAL }
    reader.skipBlanks()
    guard reader.isAtEnd else { throw .EINVAL }
    let size = attribute.hugePageSize
    switch attribute {
    case .numberOfHugePages, .numberOfContiguousPages:
      kernel.setHugePages(value.magnitude, size)
    case .overcommitHugePages, .overcommitContiguousPages:
      kernel.frames.pointee.hugePages[size.rawValue].overcommit = value.magnitude
    default: throw .EINVAL
    }
  }

  private func line(_ value: UInt64, _ out: inout Writer) {
    out.decimal(value)
    out.newline()
  }

  /// `cpu:type:aarch64:feature:`, and the numbers of the features (drivers/base/cpu.c:
  /// print_cpu_modalias()).
  private func cpuModalias(_ out: inout Writer) {
    out.text("cpu:type:aarch64:feature:")
    let capabilities = kernel.store.pointee.capabilities
    for bit in 0..<UInt64(64) where capabilities.hwcap &>> bit & 1 != 0 { feature(bit, &out) }
    for bit in 0..<UInt64(64) where capabilities.hwcap2 &>> bit & 1 != 0 {
      feature(bit &+ 64, &out)
    }
    out.newline()
  }

  private func feature(_ number: UInt64, _ out: inout Writer) {
    out.byte(0x2C)
    for shift in stride(from: 12, through: 0, by: -4) as StrideThrough<UInt64> {
      let digit = UInt8(truncatingIfNeeded: number &>> shift & 0xF)
      out.byte(digit < 10 ? 0x30 &+ digit : 0x37 &+ digit)
    }
  }

  /// The name of an entry of `/sys`.
  func withName<T>(
    of attribute: SysAttribute, _ body: (ByteString) throws(Errno) -> T
  ) throws(Errno) -> T {
    guard attribute == .hugePageFolder || attribute == .contiguousPageFolder else {
      return try body(ByteString(attribute.row.name))
    }
    var bytes = InlineArray<64, UInt8>(repeating: 0)
    var span = bytes.mutableSpan
    // SAFETY: the bytes are a local's, which outlives the call.
    return unsafe try span.withUnsafeMutableBytes { (room) throws(Errno) in
      var writer = unsafe Writer(kernel.files, room)
      writer.text("hugepages-")
      writer.decimal(kernel.frames.pointee.hugePageBytes(attribute.hugePageSize).kibibytes)
      writer.text("kB")
      let length = Int(writer.count)
      return try unsafe body(ByteString(UnsafeRawBufferPointer(rebasing: room[..<length])))
    }
  }
}
