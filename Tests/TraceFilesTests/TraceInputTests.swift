import Testing
import TraceFiles

/// Files of every compression, whole, cut and damaged.
@Suite struct TraceInputTests {
  static let packings: [(String, [UInt8])] = [
    ("plain", Packed.text), ("gzip", Packed.gzip(Packed.text)),
    (
      "two gzip",
      Packed.gzip(Array(Packed.text[..<1000])) + Packed.gzip(Array(Packed.text[1000...]))
    ),
    ("zstd", Packed.zstd(Packed.text)), ("xz", Packed.xz(Packed.text)),
    ("two xz", Packed.xz(Array(Packed.text[..<1000])) + Packed.xz(Array(Packed.text[1000...]))),
    (
      "zip",
      Packed.zip([
        (.stored, Array(Packed.text[..<999])), (.deflated, Array(Packed.text[999..<30000])),
        (.described, Array(Packed.text[30000..<60000])), (.stored, []),
        (.describedLong, Array(Packed.text[60000...])),
      ])
    ),
  ]

  /// All bytes of a file, and why there are no more.
  private static func all(_ file: [UInt8]) -> ([UInt8], TraceError?) {
    Packed.file(file) { path in
      var bytes: [UInt8] = []
      do throws(TraceError) {
        let input = try TraceInput(path)
        while true {
          unsafe bytes.append(contentsOf: input.available)
          input.take(unsafe input.available.count)
          if try !input.fill() { break }
        }
        #expect(input.offset == UInt64(bytes.count))
        return (bytes, nil)
      } catch { return (bytes, error) }
    }
  }

  @Test(arguments: packings.indices) func everyPackingIsRead(_ index: Int) {
    let (bytes, failure) = Self.all(Self.packings[index].1)
    #expect(failure == nil, "\(Self.packings[index].0)")
    #expect(bytes == Packed.text)
  }

  @Test(arguments: packings.indices.dropFirst()) func cutFilesAreTruncated(_ index: Int) {
    let (name, whole) = Self.packings[index]
    for step in 1..<20 {
      let length = name.hasPrefix("two") ? whole.count - step * 9 : whole.count * step / 20
      let (bytes, failure) = Self.all(Array(whole[..<length]))
      #expect(failure?.kind == .truncated, "\(name) cut at \(length)")
      #expect(bytes == Array(Packed.text[..<bytes.count]))
    }
  }

  /// But for zstd's, which has a sum only where its writer wants one.
  @Test(arguments: packings.indices.filter { $0 != 0 && $0 != 3 })
  func damagedFilesAreNamed(_ index: Int) {
    var damaged = Self.packings[index].1
    for at in damaged.count / 2..<damaged.count / 2 + 64 { damaged[at] ^= 0x55 }
    let (_, failure) = Self.all(damaged)
    #expect(failure != nil && failure?.place?.offset != nil, "\(String(describing: failure))")
  }

  @Test func whatAnArchiveMayNotHoldIsNamed() {
    var encrypted = Packed.zip([(.deflated, Packed.text)])
    encrypted[6] |= 1
    #expect(Self.all(encrypted).1?.kind == .unsupported)
    var method = Packed.zip([(.deflated, Packed.text)])
    method[8] = 12
    #expect(Self.all(method).1?.kind == .unsupported)
    var sum = Packed.zip([(.deflated, Packed.text)])
    sum[14] ^= 1
    #expect(Self.all(sum).1?.kind == .malformed)
  }

  @Test func linesAreCountedAndTheLastMayHaveNoEnd() throws {
    try Packed.file(Array("one\ntwo 0x2f\nthree".utf8)) { path in
      let input = try TraceInput(path)
      #expect(try input.nextLine()?.rest == "one")
      var second = try input.nextLine()
      #expect(second?.take("two ") == true)
      #expect(second?.hex() == 0x2f)
      #expect(input.line == 2)
      #expect(try input.nextLine()?.rest == "three")
      #expect(try input.nextLine() == nil)
      let error = input.explained(TraceError(.malformed, "x"))
      #expect(error.kind == .truncated)
    }
  }

  @Test func aLineThatDoesNotEndIsNamed() throws {
    try Packed.file([UInt8](repeating: 65, count: 3 << 20)) { path in
      let input = try TraceInput(path)
      #expect(throws: TraceError.self) { try input.nextLine() }
    }
  }
}
