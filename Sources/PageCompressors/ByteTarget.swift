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
