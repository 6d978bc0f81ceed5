import Foundation

/// Accesses as Documentation/MemoryTrace.md has them: every other one a store, of 8 bytes.
///
/// Runs where the accesses are periodic, as the recorder finds them, and single records elsewhere.
/// Stored as they are: random addresses do not compress.
enum OwnTrace {
  private static let chunk = 32_768

  static func write(_ addresses: [UInt64], to file: URL) throws {
    try BufferedFile.write(to: file) { out in
      out.append(contentsOf: "KLBMEMT\n".utf8)
      out.append(contentsOf: [2, 0, 0, 0, 0, 0, 0, 0])
      add("M", [], count: 0, first: 0, to: &out)
      var offset = 56
      var index: [UInt8] = []
      var start = 0
      while start < addresses.count {
        let end = min(start + chunk, addresses.count)
        let content = content(addresses[start..<end], first: start)
        var entry = BufferedNumbers()
        entry.append(UInt64(offset))
        entry.append(UInt64(start))
        entry.append(0)
        index += entry.bytes
        add("A", content, count: end - start, first: start, to: &out)
        offset += 40 + content.count
        start = end
        try out.spill()
      }
      let place = offset
      for from in stride(from: 0, to: index.count, by: 24 << 16) {
        let part = Array(index[from..<min(from + 24 << 16, index.count)])
        add("I", part, count: part.count / 24, first: 0, to: &out)
      }
      var end = BufferedNumbers()
      end.append(UInt64(addresses.count))
      end.append(0)
      end.append(UInt64(place))
      add("Z", end.bytes, count: 0, first: 0, to: &out)
    }
  }

  private static func add(
    _ kind: Unicode.Scalar, _ content: [UInt8], count: Int, first: Int,
    to out: inout BufferedFile
  ) {
    out.append(contentsOf: [UInt8(kind.value), 0, 0, 0])
    out.append(fixed: UInt32(content.count))
    out.append(fixed: UInt32(content.count))
    out.append(fixed: UInt32(count))
    out.append(fixed: UInt64(first))
    out.append(fixed: UInt64(0))
    out.append(fixed: sum(content))
    out.append(contentsOf: content)
  }

  private static func sum(_ bytes: [UInt8]) -> UInt64 {
    var sum: UInt64 = 0
    for start in stride(from: 0, to: bytes.count, by: 8) {
      var word: UInt64 = 0
      for place in start..<min(start + 8, bytes.count) {
        word |= UInt64(bytes[place]) << UInt64((place - start) * 8)
      }
      let mixed = sum ^ word
      sum = (mixed << 29 | mixed >> 35) &* 0x9E37_79B9_7F4A_7C15
    }
    return sum
  }

  private static func content(_ addresses: ArraySlice<UInt64>, first: Int) -> [UInt8] {
    let list = Array(addresses)
    var operations = BufferedNumbers()
    var control: [UInt8] = []
    var payload: [UInt8] = []
    // One context a kind is enough for these streams: the nearer of two is not looked for.
    var last: [UInt64] = [0, 0]
    var hasSize = [true, true]
    var single = 0
    var index = 0
    while index < list.count {
      var run = 0
      if index >= 2 {
        let strides = [
          list[index] &- list[index - 2],
          index + 1 < list.count ? list[index + 1] &- list[index - 1] : 0,
        ]
        while index + run < list.count,
          list[index + run] &- list[index + run - 2] == strides[run & 1]
        {
          run += 1
        }
        if run >= 12 {
          if single > 0 { operations.append(number: UInt64(single) << 1) }
          single = 0
          operations.append(number: UInt64(run) << 1 | 1)
          operations.append(number: 2)
          for stride in strides { operations.append(number: zigzag(stride)) }
          index += run
          for place in index - 2..<index { last[(first + place) & 1] = list[place] }
          continue
        }
      }
      let kind = (first + index) & 1
      let coded = zigzag(list[index] &- last[kind])
      last[kind] = list[index]
      let bytes = (64 - coded.leadingZeroBitCount + 7) / 8
      let code = bytes > 6 ? 7 : bytes
      control.append(UInt8(kind | code << 3 | (hasSize[kind] ? 0x40 : 0)))
      if hasSize[kind] { payload.append(8) }
      hasSize[kind] = false
      for place in 0..<(code == 7 ? 8 : bytes) {
        payload.append(UInt8(truncatingIfNeeded: coded >> UInt64(place * 8)))
      }
      single += 1
      index += 1
    }
    if single > 0 { operations.append(number: UInt64(single) << 1) }
    var content = BufferedNumbers()
    for length in [operations.bytes.count, control.count, payload.count, 0] {
      content.append(UInt32(length))
    }
    return content.bytes + operations.bytes + control + payload
  }

  private static func zigzag(_ difference: UInt64) -> UInt64 {
    difference << 1 ^ UInt64(bitPattern: Int64(bitPattern: difference) >> 63)
  }
}

/// Numbers of the format, behind one another.
struct BufferedNumbers {
  var bytes: [UInt8] = []

  mutating func append<T: FixedWidthInteger>(_ number: T) {
    for shift in 0..<MemoryLayout<T>.size {
      bytes.append(UInt8(truncatingIfNeeded: number >> T(shift * 8)))
    }
  }

  mutating func append(number: UInt64) {
    var rest = number
    while rest > 127 {
      bytes.append(UInt8(truncatingIfNeeded: rest) | 128)
      rest >>= 7
    }
    bytes.append(UInt8(rest))
  }
}
