import Files
import KernelAssembly
import KernelLog

/// The names of the kernel's functions: text that the build puts into the image, a line each,
/// `address name` with the address in eight hexadecimal digits from the image's start, rising.
enum Symbols {
  /// Appends `name+0x12/0x34` for an address in the image's text, with ` [module]` in a module's;
  /// the bare address for any other (lib/vsprintf.c: `%pS`).
  ///
  /// - Parameter isCaller: looks up the instruction before, as `%pB` does: behind a call that does
  ///   not return another function may begin.
  static func append(
    _ address: UInt64, to line: inout LogLine, isCaller: Bool = false, hasOffset: Bool = true
  ) {
    let place = isCaller ? address &- 1 : address
    if OopsModules.append(place, address &- place, hasOffset: hasOffset, to: &line) { return }
    guard
      place >= address_of_text_start(), place < address_of_text_end(),
      let found = find(UInt32(truncatingIfNeeded: place &- address_of_image_start()))
    else {
      line.append("0x")
      line.append(hex: address)
      return
    }
    unsafe line.append(bytes: found.name.bytes)
    guard hasOffset else { return }
    line.append("+0x")
    line.append(hex: found.distance &+ (address &- place))
    line.append("/0x")
    line.append(hex: found.size)
  }

  /// The function at a place of the table, and the place of the next; nil behind the last.
  static func entry(at place: UInt64) -> (address: UInt64, name: ByteString, next: UInt64)? {
    let start = address_of_symbols_start()
    let size = address_of_symbols_end() &- start
    guard place &+ 9 < size,
      // SAFETY: the section is text from its start to its end.
      let bytes = unsafe UnsafePointer<UInt8>(bitPattern: UInt(start &+ place)),
      unsafe bytes[0] != 0
    else { return nil }
    var offset: UInt64 = 0
    for index in 0..<8 {
      let digit = unsafe bytes[index]
      offset = offset &<< 4 | UInt64(digit < 0x3A ? digit &- 0x30 : digit &- 0x57)
    }
    var length = 0
    while place &+ 9 &+ UInt64(length) < size, unsafe bytes[9 &+ length] != 0x0A { length &+= 1 }
    return (
      address_of_image_start() &+ offset, unsafe ByteString(bytes + 9, count: length),
      place &+ 10 &+ UInt64(length)
    )
  }

  /// A function's name, how far into it an address is, and how long it is.
  private struct Found {
    var name: ByteString
    var distance: UInt64
    var size: UInt64
  }

  private static func find(_ offset: UInt32) -> Found? {
    let address = address_of_image_start() &+ UInt64(offset)
    var found: (address: UInt64, name: ByteString)?
    var place = nearPlace(before: address)
    while let next = entry(at: place), next.address <= address {
      found = (next.address, next.name)
      place = next.next
    }
    guard let found else { return nil }
    // A function ends where the next begins.
    let end = entry(at: place)?.address ?? address_of_text_end()
    return Found(
      name: found.name, distance: address &- found.address, size: end &- found.address)
  }

  /// The place of a line not far before the one that an address belongs to: lines rise, so the table
  /// is halved until linear search is as good.
  private static func nearPlace(before address: UInt64) -> UInt64 {
    var low: UInt64 = 0
    var high = address_of_symbols_end() &- address_of_symbols_start()
    while high &- low > 1024 {
      let middle = (low &+ high) / 2
      // No line is longer than half of what is left.
      if let line = lineStart(after: middle), let found = entry(at: line),
        found.address <= address
      {
        low = line
      } else {
        high = middle
      }
    }
    return low
  }

  /// The place behind the next end of a line; nil in what the table does not fill.
  private static func lineStart(after place: UInt64) -> UInt64? {
    let start = address_of_symbols_start()
    let size = address_of_symbols_end() &- start
    // SAFETY: the section is text from its start to its end.
    guard let bytes = unsafe UnsafePointer<UInt8>(bitPattern: UInt(start)) else { return nil }
    for place in Int(place)..<Int(size) {
      switch unsafe bytes[place] {
      case 0: return nil
      case 0x0A: return UInt64(place &+ 1)
      default: continue
      }
    }
    return nil
  }
}
