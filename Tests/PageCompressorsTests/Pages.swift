/// Pages as memory has them, made from a seed.
enum Pages {
  /// A generator whose numbers are the same everywhere (xorshift*).
  struct Numbers {
    var state: UInt64

    init(seed: UInt64) { state = seed &* 0x9E37_79B9_7F4A_7C15 | 1 }

    mutating func next() -> UInt64 {
      state ^= state >> 12
      state ^= state << 25
      state ^= state >> 27
      return state &* 0x2545_F491_4F6C_DD1D
    }

    mutating func below(_ limit: Int) -> Int { Int(next() % UInt64(limit)) }
  }

  static let sizes = [4096, 16384, 65536]

  static func page(_ seed: UInt64, _ size: Int) -> [UInt8] {
    var numbers = Numbers(seed: seed)
    var page = [UInt8](repeating: 0, count: size)
    switch seed % 8 {
    case 0: page[numbers.below(size)] = 1
    case 1: for index in 0..<size { page[index] = UInt8(truncatingIfNeeded: numbers.next()) }
    case 2:
      // Words with a few bits, as pointers and counters are.
      for index in stride(from: 0, to: size, by: 8) {
        page[index] = UInt8(numbers.below(256))
        page[index + 1] = UInt8(numbers.below(4))
        if numbers.below(3) == 0 { page[index + 5] = 0xAA }
      }
    case 3: for index in 0..<size { page[index] = UInt8(index % (1 + Int(seed / 8 % 13))) }
    default:
      // Rows of literals, rows that were there before, and runs.
      var at = 0
      while at < size {
        let length = min(1 + numbers.below(numbers.below(4) == 0 ? 3000 : 40), size - at)
        let kind = numbers.below(3)
        let distance = at == 0 ? 0 : 1 + numbers.below(numbers.below(2) == 0 ? at : min(at, 24))
        for _ in 0..<length {
          if kind == 0 {
            page[at] = UInt8(truncatingIfNeeded: numbers.next())
          } else if kind == 1, distance > 0 {
            page[at] = page[at - distance]
          }
          at += 1
        }
      }
    }
    return page
  }
}
