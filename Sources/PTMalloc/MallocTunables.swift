/// The tunables glibc.malloc.* that were set, each within its bounds (elf/dl-tunables.list).
///
/// What lies outside its bounds is as if it were not set.
public struct MallocTunables: Sendable {
  /// The tunables by name.
  public enum Name: UInt8, CaseIterable, Sendable {
    case arenaMax
    case arenaTest
    case check
    case hugetlb
    case mmapMax
    case mmapThreshold
    case mxfast
    case perturb
    case tcacheCount
    case tcacheMax
    case tcacheUnsortedLimit
    case topPad
    case trimThreshold

    /// What comes after `glibc.malloc.`.
    public var text: StaticString {
      switch self {
      case .arenaMax: "arena_max"
      case .arenaTest: "arena_test"
      case .check: "check"
      case .hugetlb: "hugetlb"
      case .mmapMax: "mmap_max"
      case .mmapThreshold: "mmap_threshold"
      case .mxfast: "mxfast"
      case .perturb: "perturb"
      case .tcacheCount: "tcache_count"
      case .tcacheMax: "tcache_max"
      case .tcacheUnsortedLimit: "tcache_unsorted_limit"
      case .topPad: "top_pad"
      case .trimThreshold: "trim_threshold"
      }
    }

    /// The variable of the environment that means the same, if there is one.
    public var alias: StaticString? {
      switch self {
      case .arenaMax: "MALLOC_ARENA_MAX"
      case .arenaTest: "MALLOC_ARENA_TEST"
      case .check: "MALLOC_CHECK_"
      case .mmapMax: "MALLOC_MMAP_MAX_"
      case .mmapThreshold: "MALLOC_MMAP_THRESHOLD_"
      case .perturb: "MALLOC_PERTURB_"
      case .topPad: "MALLOC_TOP_PAD_"
      case .trimThreshold: "MALLOC_TRIM_THRESHOLD_"
      default: nil
      }
    }

    /// The values it takes; those of type INT_32 have more bounds than SIZE_T.
    var bounds: ClosedRange<UInt64> {
      switch self {
      case .arenaMax, .arenaTest: 1...UInt64.max
      case .check: 0...3
      case .mmapMax: 0...UInt64(Int32.max)
      case .perturb: 0...0xff
      default: 0...UInt64.max
      }
    }
  }

  private var values: InlineArray<13, UInt64> = InlineArray(repeating: 0)
  private var isSet: UInt32 = 0

  public init() {}

  /// Its value, or nil where it was not set.
  public subscript(_ name: Name) -> UInt64? {
    isSet & (1 &<< UInt32(name.rawValue)) == 0 ? nil : values[Int(name.rawValue)]
  }

  /// Sets one; false, and nothing changed, where the value is out of its bounds.
  @discardableResult
  public mutating func set(_ name: Name, to value: UInt64) -> Bool {
    guard name.bounds.contains(value) else { return false }
    values[Int(name.rawValue)] = value
    isSet |= 1 &<< UInt32(name.rawValue)
    return true
  }

  /// A tunable by the name it has behind `glibc.malloc.`.
  public static func name(_ text: some Sequence<UInt8>) -> Name? {
    for name in Name.allCases {
      let matches = name.text.withUTF8Buffer { unsafe $0.elementsEqual(text) }
      if matches { return name }
    }
    return nil
  }

  /// Takes what a GLIBC_TUNABLES says of malloc: `glibc.malloc.name=value`, with colons between.
  ///
  /// Other namespaces and unknown names are passed over, as glibc does.
  public mutating func set(fromEnvironment text: some Sequence<UInt8>) {
    var field = Field()
    for byte in text {
      if byte == UInt8(ascii: ":") {
        finish(&field)
      } else {
        field.append(byte)
      }
    }
    finish(&field)
  }

  /// Takes a variable of the environment, one after the other as they stand there (__tunables_init).
  ///
  /// It is GLIBC_TUNABLES, or one that means a tunable, if that was not set yet; others are passed
  /// over.
  public mutating func set(variable: some Sequence<UInt8>, to value: some Sequence<UInt8>) {
    let list: StaticString = "GLIBC_TUNABLES"
    let isList = list.withUTF8Buffer { unsafe $0.elementsEqual(variable) }
    if isList { return set(fromEnvironment: value) }
    for name in Name.allCases {
      guard let alias = name.alias, self[name] == nil else { continue }
      let matches = alias.withUTF8Buffer { unsafe $0.elementsEqual(variable) }
      guard matches else { continue }
      var number = TunableNumber()
      for byte in value { number.append(byte) }
      set(name, to: number.value)
      return
    }
  }

  private mutating func finish(_ field: inout Field) {
    if let (name, value) = field.setting { set(name, to: value) }
    field = Field()
  }

  /// One `name=value` while it is read.
  private struct Field {
    var name: InlineArray<40, UInt8> = InlineArray(repeating: 0)
    var length = 0
    var hasValue = false
    var number = TunableNumber()

    mutating func append(_ byte: UInt8) {
      if hasValue { return number.append(byte) }
      if byte == UInt8(ascii: "=") {
        hasValue = true
      } else {
        if length < 40 { name[length] = byte }
        length += 1
      }
    }

    var setting: (Name, UInt64)? {
      guard hasValue, length <= 40 else { return nil }
      for candidate in Name.allCases where matches(candidate) { return (candidate, number.value) }
      return nil
    }

    private func matches(_ candidate: Name) -> Bool {
      let prefix: StaticString = "glibc.malloc."
      let text = candidate.text
      guard length == prefix.utf8CodeUnitCount + text.utf8CodeUnitCount else { return false }
      for index in 0..<length {
        let at = index - prefix.utf8CodeUnitCount
        let expected = unsafe at < 0 ? prefix.utf8Start[index] : text.utf8Start[at]
        guard name[index] == expected else { return false }
      }
      return true
    }
  }
}

/// A number as _dl_strtoul reads it: blanks, a sign, then hexadecimal after 0x, octal after 0, else
/// decimal; what follows is ignored, and what is too large is the largest.
public struct TunableNumber: Sendable {
  private var state: UInt8 = 0
  private var isNegative = false
  private var radix: UInt64 = 10
  private var magnitude: UInt64 = 0

  public init() {}

  public var value: UInt64 {
    magnitude == .max ? magnitude : isNegative ? 0 &- magnitude : magnitude
  }

  /// The next character.
  public mutating func append(_ byte: UInt8) {
    switch (state, byte) {
    case (0, UInt8(ascii: " ")), (0, UInt8(ascii: "\t")): break
    case (0, UInt8(ascii: "-")): (state, isNegative) = (1, true)
    case (0, UInt8(ascii: "+")): state = 1
    case (0...1, UInt8(ascii: "0")): (state, radix) = (2, 8)
    case (2, UInt8(ascii: "x")), (2, UInt8(ascii: "X")): (state, radix) = (3, 16)
    case (4, _): break
    default: digit(byte)
    }
  }

  private mutating func digit(_ byte: UInt8) {
    let lower = byte | 0x20
    let digit =
      byte &- UInt8(ascii: "0") < 10
      ? UInt64(byte &- UInt8(ascii: "0"))
      : lower &- UInt8(ascii: "a") < 6 ? UInt64(lower &- UInt8(ascii: "a")) &+ 10 : 99
    guard digit < radix else { return state = 4 }
    state = 3
    let (product, overflows) = magnitude.multipliedReportingOverflow(by: radix)
    let (sum, carries) = product.addingReportingOverflow(digit)
    if overflows || carries {
      magnitude = .max
      state = 4
    } else {
      magnitude = sum
    }
  }
}
