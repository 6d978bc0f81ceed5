import MemoryTypes

/// What `mount -t tmpfs -o …` can say (mm/shmem.c: shmem_parse_one()).
struct MemoryMountOptions: BitwiseCopyable {
  var pages: UInt64
  var inodes: UInt64
  var mode: UInt32 = 0o1777
  var owner: UInt32?
  var group: UInt32?
  private let pageSize: PageSize

  /// The defaults: half of RAM, and as many inodes.
  init(half: UInt64, _ pageSize: PageSize) {
    pages = half
    inodes = half
    self.pageSize = pageSize
  }

  /// Reads the options, between commas; EINVAL for one that tmpfs does not know.
  mutating func parse(_ text: ByteString, all: UInt64) throws(Errno) {
    var start = 0
    while start < text.count {
      var end = start
      while end < text.count, text[end] != 0x2C { end &+= 1 }
      if end > start { try take(text[start..<end], all: all) }
      start = end &+ 1
    }
  }

  private mutating func take(_ option: ByteString, all: UInt64) throws(Errno) {
    guard let equals = option.firstIndex(of: 0x3D) else { throw .EINVAL }
    let name = option[0..<equals]
    let value = option[equals &+ 1..<option.count]
    if name == "size" {
      pages = try size(value, all: all)
    } else if name == "nr_blocks" {
      pages = try number(value)
    } else if name == "nr_inodes" {
      inodes = try number(value)
    } else if name == "mode" {
      mode = UInt32(try number(value, radix: 8) & 0o7777)
    } else if name == "uid" {
      owner = try identity(value)
    } else if name == "gid" {
      group = try identity(value)
    } else if !(name == "mpol") && !(name == "huge" && value == "never") {
      throw .EINVAL
    }
  }

  private func identity(_ text: ByteString) throws(Errno) -> UInt32 {
    guard let id = UInt32(exactly: try number(text)) else { throw .EINVAL }
    return id
  }

  /// Bytes, or a part of RAM in per cent, in whole pages.
  private func size(_ text: ByteString, all: UInt64) throws(Errno) -> UInt64 {
    if text.count > 1, text[text.count &- 1] == 0x25 {
      let percent = try number(text[0..<text.count &- 1])
      guard percent <= 100_000 else { throw .EINVAL }
      return percent &* all / 100
    }
    return ByteCount(try number(text)).pagesNeeded(of: pageSize).rawValue
  }

  /// A number with K, M or G behind it (memparse()).
  private func number(_ text: ByteString, radix: UInt64 = 10) throws(Errno) -> UInt64 {
    var value: UInt64 = 0
    var end = text.count
    var shift: UInt64 = 0
    if end > 1 {
      switch text[end &- 1] | 0x20 {
      case 0x6B: shift = 10
      case 0x6D: shift = 20
      case 0x67: shift = 30
      default: break
      }
      if shift > 0 { end &-= 1 }
    }
    guard end > 0 else { throw .EINVAL }
    for index in 0..<end {
      let digit = UInt64(text[index] &- 0x30)
      guard digit < radix, value < 1 &<< 48 else { throw .EINVAL }
      value = value &* radix &+ digit
    }
    guard value < 1 &<< (62 &- shift) else { throw .EINVAL }
    return value &<< shift
  }
}
