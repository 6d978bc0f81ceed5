import KernelAssembly
import KernelLog

/// The names of the kernel's functions: text that the build puts into the image, a line each,
/// `address name` with the address in eight hexadecimal digits from the image's start, rising.
enum Symbols {
  /// Appends `name+0x12` for an address in the image's text; the bare address for any other.
  static func append(_ address: UInt64, to line: inout LogLine) {
    guard
      address >= address_of_text_start(), address < address_of_text_end(),
      let found = find(UInt32(truncatingIfNeeded: address &- address_of_image_start()))
    else {
      line.append("0x")
      line.append(hex: address, digits: 16)
      return
    }
    // SAFETY: the name lies in the section.
    unsafe line.append(
      bytes: UnsafeRawBufferPointer(
        start: UnsafeRawPointer(bitPattern: UInt(found.name)), count: found.length))
    line.append("+0x")
    line.append(hex: UInt64(found.distance))
  }

  /// A function's name, and how far into it an address is.
  private struct Found {
    var name: UInt64
    var length: Int
    var distance: UInt32
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
        guard digit != 0 else { return best }
        start = start &<< 4 | UInt32(digit < 0x3A ? digit &- 0x30 : digit &- 0x57)
      }
      if start > offset { break }
      var length = 0
      while at &+ 9 &+ UInt64(length) < end, unsafe bytes[9 &+ length] != 0x0A { length &+= 1 }
      best = Found(name: at &+ 9, length: length, distance: offset &- start)
      at &+= 10 &+ UInt64(length)
    }
    return best
  }
}
