// Fuzzes the loader of kernel modules: any bytes as a module file, on a host that notes what it
// gives. A trap, an access outside of the file or of the module's memory, memory that does not
// come back, or a layout that is none is a finding. `Fuzz/run-modules` builds and starts it.
//
// The first byte says what the host is like: its lowest bit, that the CPU has erratum 843419; the
// next six, after how many allocations there is no more memory, with 0 for never. The rest is the
// file. Files are bent as files (`LLVMFuzzerCustomMutator`): mostly one number of a section header,
// of a symbol or of a relocation, or one byte of a table of texts, so that what comes out is still
// nearly a module; sometimes any bytes.

import KernelModules

/// What libFuzzer does to bytes that nobody understands.
@_extern(c, "LLVMFuzzerMutate")
func mutateBytes(_ data: UnsafeMutablePointer<UInt8>, _ size: Int, _ room: Int) -> Int

/// Modules to begin with.
let seeds: [[UInt8]] = {
  var writer = ObjectWriter.module
  var all = [writer.bytes]
  writer.relocations += [(1, 4, 283, 2, 0), (4, 0, 257, 3, 8), (1, 8, 275, 3, 0)]
  writer.sections.append(
    .init(name: ".init.text", flags: 6, bytes: ObjectWriter.word(0xd65f_03c0)))
  all.append(writer.bytes)
  // Every type of relocation, at its own place.
  for (index, type) in (257...299).enumerated() {
    writer.relocations.append((index % 2 == 0 ? 1 : 4, UInt64(index), UInt32(type), 3, 4))
  }
  all.append(writer.bytes)
  // Parameters and exports.
  writer = ObjectWriter.module
  let zeros = [UInt8](repeating: 0, count: 8)
  for kind in 0..<11 as Range<UInt32> {
    writer.sections.append(
      .init(
        name: "__param",
        bytes: zeros + ObjectWriter.word(kind) + ObjectWriter.word(0) + zeros
          + ObjectWriter.little(UInt64(8))))
    writer.sections.append(.init(name: ".rodata", bytes: Array("number\0text\0".utf8)))
    writer.sections.append(.init(name: "__ksymtab", bytes: zeros + zeros))
    writer.sections.append(.init(name: "__ksymtab_gpl", bytes: zeros + zeros))
    writer.symbols += [.init(name: "name", section: 6, value: kind == 9 ? 7 : 0)]
    writer.relocations += [(5, 0, 257, 4, 0), (5, 16, 257, 3, 0)]
    writer.relocations += [(7, 0, 257, 1, 0), (7, 8, 257, 4, 0), (8, 8, 257, 4, 3)]
    all.append(writer.bytes)
    writer = ObjectWriter.module
  }
  return all
}()

/// libFuzzer's entry.
@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ data: UnsafePointer<UInt8>, _ size: Int) -> CInt {
  guard size > 1 else { return 0 }
  let input = unsafe Array(UnsafeBufferPointer(start: data, count: size))
  let host = TestHost()
  host.avoidsLateADRP = input[0] & 1 != 0
  if input[0] & 0x7e != 0 { host.allocationsLeft = Int(input[0] & 0x7e) >> 1 - 1 }
  var loader = ModuleLoader<TestHost>.make(host)
  do throws(ModuleError) {
    try loader.load(Array(input[1...]), "number=5 text=\"a b\" -- rest")
    loader.checkInvariants()
  } catch {
    precondition(error.text.utf8CodeUnitCount > 0)
  }
  if let module = loader.first { loader.unform(module) }
  precondition(host.areas == 0 && host.objects == 0, "memory did not come back")
  return 0
}

/// libFuzzer's entry for changing an input.
@_cdecl("LLVMFuzzerCustomMutator")
public func mutate(
  _ data: UnsafeMutablePointer<UInt8>, _ size: Int, _ room: Int, _ seed: UInt32
) -> Int {
  var bend = Bending(seed: seed)
  guard size > 64, bend.pick(16) != 0 else {
    // As nothing is left of a module, begin with one again.
    if bend.pick(3) == 0 { return unsafe mutateBytes(data, size, room) }
    let fresh =
      [bend.pick(4) == 0 ? UInt8(bend.pick(128)) : UInt8(bend.pick(2))]
      + seeds[bend.pick(seeds.count)]
    for index in 0..<min(fresh.count, room) { unsafe data[index] = fresh[index] }
    return min(fresh.count, room)
  }
  var file = unsafe Array(UnsafeBufferPointer(start: data + 1, count: size - 1))
  for _ in 0...bend.pick(3) { bend.once(&file) }
  for index in 0..<min(file.count, room - 1) { unsafe data[index + 1] = file[index] }
  return min(file.count, room - 1) + 1
}

/// Bends a file at one place.
struct Bending {
  private var state: UInt64

  init(seed: UInt32) { state = UInt64(seed) &* 0x9e37_79b9_7f4a_7c15 | 1 }

  mutating func pick(_ count: Int) -> Int { Int(next() % UInt64(max(count, 1))) }

  private mutating func next() -> UInt64 {
    state ^= state << 13
    state ^= state >> 7
    state ^= state << 17
    return state &* 0x2545_f491_4f6c_dd1d >> 8
  }

  /// One number or byte of a file that may be anything.
  mutating func once(_ file: inout [UInt8]) {
    let headers = Int(clamping: number(file, 40, 8))
    let count = Int(number(file, 60, 2))
    guard count > 0, headers >= 0, headers < file.count, count * 64 <= file.count - headers else {
      return set(&file, [40, 58, 60, 62][pick(4)], pick(2) == 0 ? 8 : 2)
    }
    let section = headers + pick(count) * 64
    let start = Int(clamping: number(file, section + 24, 8))
    let size = Int(clamping: number(file, section + 32, 8))
    switch pick(8) {
    case 0: set(&file, [16, 18, 40, 58, 60, 62][pick(6)], 2)
    case 1, 2:
      let fields = [(0, 4), (4, 4), (8, 8), (16, 8), (24, 8), (32, 8), (40, 4), (44, 4), (48, 8)]
      let field = fields[pick(fields.count)]
      set(&file, section + field.0, field.1)
    case 3:
      // Two sections change their headers, or one gets a field of the other.
      let other = headers + pick(count) * 64 + pick(8) * 8
      let field = section + (other - headers) % 64
      for index in 0..<8 where other + index < file.count && field + index < file.count {
        file[field + index] = file[other + index]
      }
    default:
      guard start >= 0, size > 0, start < file.count, size <= file.count - start else { return }
      switch number(file, section + 4, 4) {
      case 2: setField(&file, start, size, [(0, 4), (4, 1), (5, 1), (6, 2), (8, 8), (16, 8)])
      case 4: setField(&file, start, size, [(0, 8), (8, 4), (12, 4), (16, 8)])
      default: file[start + pick(size)] = UInt8(truncatingIfNeeded: pick(2) == 0 ? 0 : next())
      }
    }
  }

  /// A field of an entry of a table whose entries have 24 bytes.
  private mutating func setField(
    _ file: inout [UInt8], _ start: Int, _ size: Int, _ fields: [(Int, Int)]
  ) {
    let field = fields[pick(fields.count)]
    set(&file, start + pick(size / 24) * 24 + field.0, field.1)
  }

  private func number(_ file: [UInt8], _ at: Int, _ bytes: Int) -> UInt64 {
    guard at >= 0, at + bytes <= file.count else { return 0 }
    return (0..<bytes).reduce(0) { $0 | UInt64(file[at + $1]) << UInt64($1 * 8) }
  }

  /// Writes a number that is near to what stands there, or at an edge.
  private mutating func set(_ file: inout [UInt8], _ at: Int, _ bytes: Int) {
    guard at >= 0, at + bytes <= file.count else { return }
    let old = number(file, at, bytes)
    let edge: UInt64 = 1 << UInt64(pick(bytes * 8))
    let value: UInt64 =
      switch pick(8) {
      case 0: old ^ edge
      case 1: edge
      case 2: edge &- 1
      case 3: 0 &- edge
      case 4: old &+ UInt64(pick(17)) &- 8
      case 5: UInt64(file.count) &- UInt64(pick(65))
      case 6: UInt64(257 + pick(44))
      default: UInt64(pick(64))
      }
    for index in 0..<bytes {
      file[at + index] = UInt8(truncatingIfNeeded: value >> UInt64(index * 8))
    }
  }
}
