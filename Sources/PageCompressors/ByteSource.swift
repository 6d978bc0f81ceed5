/// Bytes that are read at any place, in words of any alignment.
///
/// SAFETY: the initialiser was promised `count` readable bytes, and whoever reads has compared the
/// place with `count`; that is asserted where assertions are on.
@safe struct ByteSource: BitwiseCopyable {
  let base: UnsafeRawPointer
  let count: Int

  @unsafe @inline(__always) init(_ base: UnsafeRawPointer, _ count: Int) {
    unsafe self.base = base
    self.count = count
  }

  @inline(__always) subscript(_ place: Int) -> UInt8 {
    assert(place >= 0 && place < count)
    return unsafe (base + place).assumingMemoryBound(to: UInt8.self).pointee
  }

  // Typed, and not `loadUnaligned`, which becomes a load a byte where the target's alignment rules
  // are not known: normal memory has no such rule on either board.
  @inline(__always) func word16(_ place: Int) -> Int {
    assert(place >= 0 && place &+ 2 <= count)
    return unsafe Int((base + place).assumingMemoryBound(to: UInt16.self).pointee)
  }

  @inline(__always) func word32(_ place: Int) -> UInt32 {
    assert(place >= 0 && place &+ 4 <= count)
    return unsafe (base + place).assumingMemoryBound(to: UInt32.self).pointee
  }

  @inline(__always) func word64(_ place: Int) -> UInt64 {
    assert(place >= 0 && place &+ 8 <= count)
    return unsafe (base + place).assumingMemoryBound(to: UInt64.self).pointee
  }

  /// How many bytes from two places on are the same, up to the end of the later one's room.
  @inline(__always)
  func commonLength(_ place: Int, _ earlier: Int, end: Int) -> Int {
    let distance = place &- earlier
    var at = place
    if distance <= 8, distance & (distance &- 1) == 0, at &+ 8 <= end,
      word64(at) == word64(at &- distance)
    {
      // The same word again and again, as zeros are.
      at = endOfRun(of: word64(at), from: at, end: end)
      while at < end, self[at] == self[at &- distance] { at &+= 1 }
      return at &- place
    }
    while at &+ 8 <= end {
      let difference = word64(at) ^ word64(at &- distance)
      if difference != 0 { return at &- place &+ difference.trailingZeroBitCount / 8 }
      at &+= 8
    }
    while at < end, self[at] == self[at &- distance] { at &+= 1 }
    return at &- place
  }

  /// The first place, in steps of a word, where another word stands.
  @inline(__always)
  func endOfRun(of word: UInt64, from place: Int, end: Int) -> Int {
    var at = place
    while at &+ 64 <= end {
      let a = (word64(at) ^ word) | (word64(at &+ 8) ^ word)
      let b = (word64(at &+ 16) ^ word) | (word64(at &+ 24) ^ word)
      let c = (word64(at &+ 32) ^ word) | (word64(at &+ 40) ^ word)
      let d = (word64(at &+ 48) ^ word) | (word64(at &+ 56) ^ word)
      if a | b | c | d != 0 { break }
      at &+= 64
    }
    while at &+ 8 <= end, word64(at) == word { at &+= 8 }
    return at
  }

  /// The first place that has no zero.
  @inline(__always)
  func endOfZeros(from place: Int) -> Int {
    var at = place
    while at &+ 64 <= count {
      let a = word64(at) | word64(at &+ 8) | word64(at &+ 16) | word64(at &+ 24)
      let b = word64(at &+ 32) | word64(at &+ 40) | word64(at &+ 48) | word64(at &+ 56)
      if a | b != 0 { break }
      at &+= 64
    }
    while at &+ 8 <= count {
      let word = word64(at)
      if word != 0 { return at &+ word.trailingZeroBitCount / 8 }
      at &+= 8
    }
    while at < count, self[at] == 0 { at &+= 1 }
    return at
  }
}
