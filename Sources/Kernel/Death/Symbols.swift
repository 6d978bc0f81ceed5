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
    // SAFETY: the name lies in the section.
    unsafe line.append(
      bytes: UnsafeRawBufferPointer(
        start: UnsafeRawPointer(bitPattern: UInt(found.name)), count: found.length))
    guard hasOffset else { return }
    line.append("+0x")
    line.append(hex: UInt64(found.distance) &+ (address &- place))
    line.append("/0x")
    line.append(hex: UInt64(found.size))
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
    var name: UInt64
    var length: Int
    var distance: UInt32
    var size: UInt32
  }

  private static func find(_ offset: UInt32) -> Found? {
    let end = address_of_symbols_end()
    var at = address_of_symbols_start()
    var best: Found?
    while at &+ 9 < end {
      // SAFETY: the section is text from its start to its end.
      let bytes = unsafe UnsafePointer<UInt8>(bitPattern: UInt(at)).unsafelyUnwrapped
      var start: UInt32 = 0
      for i in 0..<8 {
        let digit = unsafe bytes[i]
        guard digit != 0 else { return close(best, at: textSize, offset) }
        start = start &<< 4 | UInt32(digit < 0x3A ? digit &- 0x30 : digit &- 0x57)
      }
      if start > offset { return close(best, at: start, offset) }
      var length = 0
      while at &+ 9 &+ UInt64(length) < end, unsafe bytes[9 &+ length] != 0x0A { length &+= 1 }
      best = Found(name: at &+ 9, length: length, distance: offset &- start, size: 0)
      at &+= 10 &+ UInt64(length)
    }
    return close(best, at: textSize, offset)
  }

  private static var textSize: UInt32 {
    UInt32(truncatingIfNeeded: address_of_text_end() &- address_of_image_start())
  }

  /// A function ends where the next begins.
  private static func close(_ found: Found?, at end: UInt32, _ offset: UInt32) -> Found? {
    guard var found else { return nil }
    found.size = end &- (offset &- found.distance)
    return found
  }
}
