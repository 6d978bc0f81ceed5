/// Addresses of networks, UUIDs and sets of bits, as printk writes them (lib/vsprintf.c).
extension FormatOutput {
  /// `%pM`, `%pm`: six bytes, with colons for a capital letter; F with dashes, R from the last
  /// (`mac_address_string()`).
  @unsafe mutating func append(
    hardwareAddress bytes: UnsafePointer<UInt8>, _ letters: (UInt8, UInt8, UInt8)
  ) {
    for index in 0..<6 {
      if index > 0, letters.0 == 0x4d { append(letters.1 == 0x46 ? 0x2d : 0x3a) }
      unsafe append(hex: UInt64(bytes[letters.1 == 0x52 ? 5 &- index : index]), digits: 2)
    }
  }

  /// `%pU`: big endian, l and L as little-endian systems keep them; capital letters for B and L
  /// (`uuid_string()`).
  @unsafe mutating func append(uuid bytes: UnsafePointer<UInt8>, _ letter: UInt8) {
    let isLittle = letter | 0x20 == 0x6c
    let isCapital = letter == 0x42 || letter == 0x4c
    let order: InlineArray<16, Int> =
      isLittle
      ? [3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15]
      : [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15]
    for index in 0..<16 {
      if index == 4 || index == 6 || index == 8 || index == 10 { append(0x2d) }
      let byte = unsafe bytes[order[index]]
      append(digit: byte &>> 4, isCapital)
      append(digit: byte & 15, isCapital)
    }
  }

  private mutating func append(digit: UInt8, _ isCapital: Bool) {
    append(digit < 10 ? 0x30 &+ digit : (isCapital ? 0x37 : 0x57) &+ digit)
  }

  /// `%pI4`, `%pi4`, `%pI6`, `%pi6`, `%pI6c` (`ip_addr_string()`).
  @unsafe mutating func append(
    internetAddress bytes: UnsafePointer<UInt8>, _ letters: (UInt8, UInt8, UInt8)
  ) {
    switch letters.1 {
    case 0x34: unsafe append(quad: bytes, hasZeros: letters.0 == 0x69, letters.2)
    case 0x36 where letters.0 == 0x49 && letters.2 == 0x63: unsafe append(compressed: bytes)
    case 0x36:
      for index in 0..<16 {
        if index > 0, index % 2 == 0, letters.0 == 0x49 { append(0x3a) }
        unsafe append(hex: UInt64(bytes[index]), digits: 2)
      }
    default: append(error: letters.0 == 0x49 ? "(%pI?)" : "(%pi?)", FormatSpecification())
    }
  }

  /// Four numbers; of this machine's byte order for h, of a little-endian one for l
  /// (`ip4_string()`).
  private mutating func append(
    quad bytes: UnsafePointer<UInt8>, hasZeros: Bool, _ order: UInt8
  ) {
    let isReversed = order == 0x68 || order == 0x6c
    var digits = FormatSpecification()
    if hasZeros { digits.precision = 3 }
    for index in 0..<4 {
      if index > 0 { append(0x2e) }
      let byte = unsafe bytes[isReversed ? 3 &- index : index]
      append(UInt64(byte), base: 10, isNegative: false, digits)
    }
  }

  /// The longest row of zeros is left out, and an address of the old kind in a new one is written as
  /// one (`ip6_compressed_string()`, RFC 5952).
  private mutating func append(compressed bytes: UnsafePointer<UInt8>) {
    func word(_ index: Int) -> UInt64 {
      unsafe UInt64(bytes[index &* 2]) &<< 8 | UInt64(bytes[index &* 2 &+ 1])
    }
    let upper = word(0) | word(1) | word(2) | word(3)
    let isMapped = upper == 0 && word(4) == 0 && word(5) == 0xffff
    // ISATAP (RFC 5214), the universal bit left aside.
    let isTunnelled = word(4) & ~0x200 == 0 && word(5) == 0x5efe
    let range = isMapped || isTunnelled ? 6 : 8
    var longest = 1
    var place = -1
    for start in 0..<range {
      var length = 0
      while start &+ length < range, word(start &+ length) == 0 { length &+= 1 }
      if length > longest { (longest, place) = (length, start) }
    }
    var needsColon = false
    var index = 0
    while index < range {
      if index == place {
        if needsColon || index == 0 { append(0x3a) }
        append(0x3a)
        needsColon = false
        index &+= longest
        continue
      }
      if needsColon { append(0x3a) }
      append(hex: word(index))
      needsColon = true
      index &+= 1
    }
    guard range == 6 else { return }
    if needsColon { append(0x3a) }
    unsafe append(quad: bytes + 12, hasZeros: false, 0)
  }
}

/// A set of bits in words of 64.
@safe struct FormatBits {
  // SAFETY: the maker keeps the words while this is used.
  private let words: UnsafeRawPointer
  private let count: Int

  @unsafe init(_ bytes: UnsafePointer<UInt8>, count: Int) {
    unsafe words = UnsafeRawPointer(bytes)
    self.count = count
  }

  private func contains(_ bit: Int) -> Bool {
    unsafe words.loadUnaligned(fromByteOffset: bit &>> 6 &* 8, as: UInt64.self)
      &>> UInt64(bit & 63) & 1 != 0
  }

  /// Numbers of 32 bits with commas, the highest first (`bitmap_string()`).
  func appendMask(to output: inout FormatOutput) {
    var first = (count &+ 31) & ~31
    while first > 0 {
      first &-= 32
      let bits = min(count &- first, 32)
      var value: UInt64 = 0
      for bit in 0..<bits where contains(first &+ bit) { value |= 1 &<< UInt64(bit) }
      output.append(hex: value, digits: (bits &+ 3) / 4)
      if first > 0 { output.append(0x2c) }
    }
  }

  /// `1-3,7` (`bitmap_list_string()`).
  func appendList(to output: inout FormatOutput) {
    var bit = 0
    var isFirst = true
    while bit < count {
      guard contains(bit) else {
        bit &+= 1
        continue
      }
      let start = bit
      while bit < count, contains(bit) { bit &+= 1 }
      if !isFirst { output.append(0x2c) }
      isFirst = false
      output.append(UInt64(start), base: 10, isNegative: false, FormatSpecification())
      guard bit &- start > 1 else { continue }
      output.append(0x2d)
      output.append(UInt64(bit &- 1), base: 10, isNegative: false, FormatSpecification())
    }
  }
}
