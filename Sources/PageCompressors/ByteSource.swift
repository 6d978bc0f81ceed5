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

/// Where bytes are written, up to a limit.
///
/// SAFETY: the initialiser was promised the room, and whoever writes has compared the place with
/// `room`.
@safe struct ByteTarget: BitwiseCopyable {
  let base: UnsafeMutableRawPointer
  let room: Int

  @unsafe @inline(__always) init(_ base: UnsafeMutableRawPointer, _ room: Int) {
    unsafe self.base = base
    self.room = room
  }

  @inline(__always) subscript(_ place: Int) -> UInt8 {
    get { unsafe (base + place).assumingMemoryBound(to: UInt8.self).pointee }
    nonmutating set {
      unsafe (base + place).assumingMemoryBound(to: UInt8.self).pointee = newValue
    }
  }

  @inline(__always) func word64(_ place: Int) -> UInt64 {
    unsafe (base + place).assumingMemoryBound(to: UInt64.self).pointee
  }

  @inline(__always) func set(_ word: UInt64, at place: Int) {
    unsafe (base + place).assumingMemoryBound(to: UInt64.self).pointee = word
  }

  /// A distance, lowest byte first.
  @inline(__always) func set16(_ value: Int, at place: Int) {
    self[place] = UInt8(truncatingIfNeeded: value)
    self[place &+ 1] = UInt8(truncatingIfNeeded: value &>> 8)
  }

  /// Copies bytes from elsewhere.
  @inline(__always)
  func copy(_ source: ByteSource, _ from: Int, _ count: Int, to place: Int) {
    if count < 16 {
      for index in 0..<count { self[place &+ index] = source[from &+ index] }
      return
    }
    unsafe (base + place).copyMemory(from: source.base + from, byteCount: count)
  }

  /// Writes bytes that stand `distance` before; the two rows may overlap, which repeats them.
  @inline(__always)
  func `repeat`(_ count: Int, distance: Int, at place: Int) {
    let end = place &+ count
    var at = place
    if distance >= 8 {
      if distance >= count, count >= 64 {
        unsafe (base + place).copyMemory(from: base + (place &- distance), byteCount: count)
        return
      }
      while at &+ 8 <= end {
        set(word64(at &- distance), at: at)
        at &+= 8
      }
    } else if count >= 16, distance & (distance &- 1) == 0 {
      for _ in 0..<8 {
        self[at] = self[at &- distance]
        at &+= 1
      }
      fill(word64(place), from: at, to: end)
      at = end &- (end &- at) & 7
    }
    while at < end {
      self[at] = self[at &- distance]
      at &+= 1
    }
  }

  /// Writes zeros.
  @inline(__always)
  func clear(_ count: Int, at place: Int) {
    unsafe (base + place).initializeMemory(as: UInt8.self, repeating: 0, count: count)
  }

  /// Writes a word as often as it fits whole.
  @inline(__always)
  func fill(_ word: UInt64, from place: Int, to end: Int) {
    var at = place
    while at &+ 64 <= end {
      set(word, at: at)
      set(word, at: at &+ 8)
      set(word, at: at &+ 16)
      set(word, at: at &+ 24)
      set(word, at: at &+ 32)
      set(word, at: at &+ 40)
      set(word, at: at &+ 48)
      set(word, at: at &+ 56)
      at &+= 64
    }
    while at &+ 8 <= end {
      set(word, at: at)
      at &+= 8
    }
  }
}

/// Where four bytes were seen last, by their hash.
///
/// SAFETY: the initialiser was promised a table of ``PageCompressor/tableBytes``; a hash has no more
/// bits than the table has entries.
@safe struct MatchTable: BitwiseCopyable {
  private let entries: UnsafeMutablePointer<UInt16>

  @unsafe @inline(__always) init(_ memory: UnsafeMutableRawPointer) {
    unsafe entries = memory.assumingMemoryBound(to: UInt16.self)
  }

  /// Where these four bytes may have been before; they are here now.
  @inline(__always) func swap(_ word: UInt32, at place: Int) -> Int {
    // Knuth's multiplicative hash: the highest bits depend on all bytes.
    let hash = Int(
      truncatingIfNeeded: (word &* 2_654_435_761) &>> UInt32(32 &- PageCompressor.tableBits))
    let found = unsafe Int(entries[hash])
    unsafe entries[hash] = UInt16(truncatingIfNeeded: place)
    return found
  }
}
