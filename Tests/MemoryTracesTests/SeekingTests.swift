import Arm64
import Glibc
import HardwareModel
import MemoryTraces
import MemoryTypes
import TestSupport
import Testing
import TraceFiles

/// A part of a trace is found without reading what lies before it.
@Suite struct SeekingTests {
  /// What was told of tables.
  typealias Tables = [UInt64: UInt64]

  private struct Subject {
    let path = Scratch.path()
    let records: [AccessRecord]
    let events: [MemoryTraceEvent]

    init(_ count: Int, _ seed: UInt64) throws {
      records = OwnFormatTests.records(count, seed)
      var random = Random(seed: seed)
      events = (0..<300).map { _ in Int(random.next() % UInt64(count)) }.sorted().map { position in
        let place = 0x4000_0000 + random.next() % 64 * 8
        return random.next() % 3 == 0
          ? MemoryTraceEvent(.systemCall, 215, random.next(), 3, 4, 5, 6, 7, position: position)
          : MemoryTraceEvent(.descriptor, place, random.next(), position: position)
      }
      try OwnFormatTests.write(records, events, path)
    }

    /// The tables before an access.
    func tables(before access: UInt64) -> Tables {
      var tables: Tables = [:]
      for event in events where event.kind == .descriptor && event.position < access {
        tables[event.a] = event.b
      }
      return tables
    }
  }

  /// What is read behind a seek: from which access on, the rest, and the tables there.
  private func read(
    _ path: String, from access: UInt64
  ) throws -> (first: UInt64, records: [AccessRecord], tables: Tables, failure: TraceError?) {
    let reader = try MemoryTraceFile.open(path, format: .kilburn)
    let first = try reader.seek(to: access)
    let batch = MemoryTraceBatch()
    var records: [AccessRecord] = []
    var tables: Tables = [:]
    repeat {
      reader.read(into: batch)
      if records.isEmpty {
        for event in batch.events where event.kind == .descriptor && event.position == 0 {
          tables[event.a] = event.b
        }
      }
      for index in 0..<batch.count { records.append(batch[index]) }
    } while !batch.isEmpty && batch.failure == nil
    return (first, records, tables, batch.failure)
  }

  @Test(arguments: [1, 2, 3] as [UInt64]) func anyAccessIsFound(_ seed: UInt64) throws {
    let subject = try Subject(200_000, seed)
    defer { unsafe unlink(subject.path) }
    var random = Random(seed: seed &+ 9)
    for _ in 0..<20 {
      let access = random.next() % 210_000
      let part = try read(subject.path, from: access)
      #expect(part.failure == nil, "\(part.failure.map { "\($0)" } ?? "")")
      #expect(part.first <= access && access - part.first < 32_768 || access >= 200_000)
      #expect(part.first % 32_768 == 0)
      let isSame = part.records == Array(subject.records[Int(part.first)...])
      #expect(isSame, "seed \(seed), access \(access)")
      // Descriptors before the chunk; those at its first access may be told with it.
      for (place, word) in subject.tables(before: part.first) where part.first > 0 {
        let later = subject.events.contains {
          $0.kind == .descriptor && $0.a == place && UInt64($0.position) == part.first
        }
        #expect(part.tables[place] == word || later, "seed \(seed), access \(access)")
      }
    }
  }

  /// Every chunk of accesses before the part is made unreadable: nobody notices who seeks.
  @Test func whatIsNotReadIsNotUnpacked() throws {
    let subject = try Subject(200_000, 4)
    defer { unsafe unlink(subject.path) }
    var bytes = Scratch.bytes(of: subject.path)
    var at = 16
    var accesses: [Range<Int>] = []
    while at < bytes.count {
      let length = (0..<4).reduce(0) { $0 | Int(bytes[at + 4 + $1]) << (8 * $1) }
      if bytes[at] == 0x41 { accesses.append(at + 40..<at + 40 + length) }
      at += 40 + length
    }
    #expect(accesses.count == 7)
    for content in accesses[..<6] { for index in content { bytes[index] = 0xee } }
    let whole = WholeTrace(bytes, format: .kilburn)
    #expect(whole.failure?.kind == .malformed && whole.records.isEmpty)
    let path = Scratch.path()
    defer { unsafe unlink(path) }
    Scratch.write(bytes, path)
    let part = try read(path, from: 199_000)
    #expect(part.first == 6 * 32_768 && part.failure == nil)
    let isSame = part.records == Array(subject.records[(6 * 32_768)...])
    #expect(isSame)
    // Without its end, the file is passed from header to header.
    let end = 64 + 40
    Scratch.write(Array(bytes.dropLast(end)), path)
    let cut = try read(path, from: 199_000)
    #expect(cut.first == 6 * 32_768 && cut.failure?.kind == .truncated)
    let isCutSame = cut.records == part.records
    #expect(isCutSame && cut.tables == part.tables)
  }

  /// A bent index ends in an answer, too.
  @Test func indexesThatLieAreNamed() throws {
    let subject = try Subject(150_000, 5)
    defer { unsafe unlink(subject.path) }
    let bytes = Scratch.bytes(of: subject.path)
    let path = Scratch.path()
    defer { unsafe unlink(path) }
    var random = Random(seed: 6)
    for _ in 0..<200 {
      var damaged = bytes
      // The end, and the index before it.
      let place = bytes.count - 1 - Int(random.next() % 300)
      damaged[place] ^= UInt8(1 << (random.next() % 8))
      Scratch.write(damaged, path)
      do {
        let part = try read(path, from: 140_000)
        let isSame = part.records == Array(subject.records[Int(part.first)...])
        #expect(isSame || part.failure != nil)
      } catch let error as TraceError {
        #expect(!"\(error)".contains("\n"))
      }
    }
  }

  /// Version 1: three arguments a system call, and no chunks of descriptors.
  @Test func theFirstVersionIsRead() throws {
    func chunk(_ kind: UInt8, _ content: [UInt8], _ count: UInt8) -> [UInt8] {
      var sum: UInt64 = 0
      for start in stride(from: 0, to: content.count, by: 8) {
        var word: UInt64 = 0
        for (place, byte) in content[start..<min(start + 8, content.count)].enumerated() {
          word |= UInt64(byte) << (8 * UInt64(place))
        }
        let mixed = sum ^ word
        sum = (mixed << 29 | mixed >> 35) &* 0x9E37_79B9_7F4A_7C15
      }
      let length = UInt8(content.count)
      var bytes: [UInt8] = [kind, 0, 0, 0, length, 0, 0, 0, length, 0, 0, 0, count, 0, 0, 0]
      bytes += Array(repeating: 0, count: 16)
      for place in 0..<8 as Range<UInt64> {
        bytes.append(UInt8(truncatingIfNeeded: sum >> (place * 8)))
      }
      return bytes + content
    }
    let accesses: [UInt8] = [
      1, 0, 0, 0, 1, 0, 0, 0, 3, 0, 0, 0, 9, 0, 0, 0, 2, 0x50, 8, 0, 0x20,  // as documented
      0, 4, 64, 1, 2, 3, 1, 5, 9,  // write(1, 2, 3), the access, 9
    ]
    let word: (UInt8) -> [UInt8] = { [$0, 0, 0, 0, 0, 0, 0, 0] }
    let index = 56 + 40 + accesses.count
    var bytes = Array("KLBMEMT\n".utf8)
    bytes += [1, 0, 0, 0, 0, 0, 0, 0]
    bytes += chunk(0x4d, [], 0)
    bytes += chunk(0x41, accesses, 1)
    bytes += chunk(0x49, word(56) + word(0) + word(0), 1)
    bytes += chunk(0x5a, word(1) + word(0) + word(UInt8(index)), 0)
    let trace = WholeTrace(bytes, format: .kilburn)
    #expect(trace.failure == nil, "\(trace.failure.map { "\($0)" } ?? "")")
    #expect(trace.records == [AccessRecord(.load, VirtualAddress(0x1000), size: 8, by: .user)])
    #expect(
      trace.events == [
        MemoryTraceEvent(.systemCall, 64, 1, 2, 3), MemoryTraceEvent(.systemReturn, 9, position: 1),
      ])
    var later = bytes
    later[8] = 3
    #expect(WholeTrace(later, format: .kilburn).failure?.kind == .unsupported)
  }
}
