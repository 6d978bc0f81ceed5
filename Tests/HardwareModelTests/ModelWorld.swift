import Arm64
import HardwareModel
import MemoryTypes
import TestSupport
import Testing

/// A machine of which the model and the reference are told the same.
struct ModelWorld: ~Copyable {
  let shape: TranslationGeometry
  let tables: TestTables
  var core: CoreModel
  var reference: ReferenceCore
  var generator: Random
  /// What was done last, for whoever reads a failure.
  var last: String

  private let spaces: [(asid: ASID, root: PhysicalAddress)]
  private let kernelRoot: PhysicalAddress
  private var current: Int
  private let hasHardwareDirty: Bool
  /// Where anything may be mapped: few places, near and far.
  private let places: [VirtualAddress]
  private var hot: [VirtualAddress]

  init(_ shape: TranslationGeometry, _ geometry: CoreGeometry, seed: UInt64) throws {
    // All that can fail comes first: a value that cannot be copied is made at once or not at all.
    var generator = Random(seed: seed)
    let tables = TestTables(shape, size: shape.pageSize == .sixtyFourKiB ? 16 << 20 : 4 << 20)
    let roots = try (0..<4).map { _ in try #require(tables.makeTable()) }
    let top = UInt64(1) << shape.vaBits
    let page = shape.pageSize.bytes.rawValue
    var places: [VirtualAddress] = []
    for base in [0x40_0000, top / 2, top - (64 << 20), 0 &- (1 << 30), 0 &- top] {
      for _ in 0..<12 {
        places.append(VirtualAddress(base &+ generator.next() % 40 * page))
      }
      places.append(VirtualAddress(base & ~((32 << 20) - 1)))
    }
    self.shape = shape
    self.tables = tables
    self.places = places
    self.generator = generator
    hasHardwareDirty = seed % 2 == 0
    kernelRoot = roots[0]
    spaces = (1...3).map { (ASID(UInt16($0 * 77)), roots[$0]) }
    current = 0
    hot = []
    last = ""
    reference = ReferenceCore(geometry) { tables.read($0) }
    // With few bits the outer caches have narrow tags; runs of blocks of 512M need more.
    let isWide = seed % 3 == 0 || shape.pageSize == .sixtyFourKiB
    core = CoreModel(geometry, memory: tables.memory, physicalBits: isWide ? 52 : 36)
    load()
  }

  private mutating func load() {
    let space = spaces[current]
    let regime = TranslationRegime(
      geometry: shape, lowerRoot: space.root, upperRoot: kernelRoot,
      hasHardwareAccessAndDirty: hasHardwareDirty)
    core.load(regime, asid: space.asid)
    reference.regime = regime
    reference.asid = space.asid.rawValue
  }

  /// Does something to both; what they then disagree on.
  mutating func step() throws -> [String] {
    switch generator.next() % 16 {
    case 0: switchSpace()
    case 1: invalidate()
    case 2, 3, 4: changeMapping()
    default: try runBatch()
    }
    return reference.counters.differences(from: core.counters)
  }

  private mutating func switchSpace() {
    current = Int(generator.next() % UInt64(spaces.count))
    last = "switch to \(current)"
    load()
  }

  private mutating func both(_ invalidation: TLBInvalidation) {
    core.invalidate(invalidation)
    reference.invalidate(invalidation)
  }

  private mutating func invalidate() {
    let address = places[Int(generator.next() % UInt64(places.count))]
    if generator.next() % 8 == 0 {
      let code = PhysicalAddress(0x8000_0000 + generator.next() % 16 * 4096)
      last = "invalidate instructions at \(code)"
      core.invalidateInstructions(at: code)
      reference.invalidateInstructions(at: code)
      return
    }
    if generator.next() % 32 == 0 {
      last = "invalidate all instructions"
      core.invalidateInstructions()
      reference.invalidateInstructions()
      return
    }
    let asid = spaces[Int(generator.next() % UInt64(spaces.count))].asid
    let count = PageCount(generator.next() % 40)
    let chosen: TLBInvalidation =
      switch generator.next() % 8 {
      case 0: .page(address, asid)
      case 1: .pageAndTables(address, asid)
      case 2: .range(address, count, asid, tables: false)
      case 3: .range(address, count, asid, tables: true)
      case 4: .addressSpace(asid)
      case 5: .kernelPage(address)
      case 6: .kernelRange(address, count)
      default: .all
      }
    last = "\(chosen)"
    both(chosen)
  }

  private mutating func run(_ records: [AccessRecord], from first: Int) -> Int {
    unsafe records.withUnsafeBufferPointer { unsafe core.run($0, from: first) }
  }

  /// The same with notes, whose sums are the counters' where no access faults half way.
  private mutating func runNoting(_ records: [AccessRecord], from first: Int) -> Int {
    let before = core.counters
    var notes = [UInt64](repeating: 0, count: records.count)
    let done = unsafe records.withUnsafeBufferPointer { records in
      unsafe notes.withUnsafeMutableBufferPointer { notes in
        unsafe core.run(records, from: first, noting: notes.baseAddress.unsafelyUnwrapped)
      }
    }
    let noted = notes[..<core.noteCount].map { AccessNote(rawValue: $0) }
    #expect(noted.map(\.record) == noted.map(\.record).sorted())
    #expect(noted.allSatisfy { (first..<done).contains($0.record) })
    guard done == records.count else { return done }
    let counts = core.counters - before
    func sum(_ counter: (AccessKind, Privilege) -> Counter) -> UInt64 {
      var sum: UInt64 = 0
      for kind in AccessKind.allCases {
        sum += counts[counter(kind, .user)] + counts[counter(kind, .kernel)]
      }
      return sum
    }
    func total(_ part: (AccessNote) -> UInt64) -> UInt64 {
      var total: UInt64 = 0
      for note in noted { total += part(note) }
      return total
    }
    let memory = sum { .served($0, $1, .memory) }
    let last = memory + sum { .served($0, $1, .last) }
    let second = last + sum { .served($0, $1, .second) }
    var reads: UInt64 = 0
    for level in ServedBy.allCases {
      reads += counts[.walkReads(.user, level)] + counts[.walkReads(.kernel, level)]
    }
    let misses = sum { .tlbMisses($0, $1) }
    let walks = sum { .walks($0, $1) }
    #expect(total(\.tlbMisses) == misses)
    #expect(total(\.walks) == walks)
    #expect(total(\.memoryLines) == memory)
    #expect(total(\.secondMisses) == last)
    #expect(total(\.firstMisses) == second)
    #expect(total(\.walkReads) == reads)
    return done
  }

  /// Unmaps what is at a place, tells the TLB, and maps something else: never two valid
  /// translations one after the other.
  mutating func changeMapping() {
    let address = places[Int(generator.next() % UInt64(places.count))]
    let isKernel = address.isKernelHalf
    let space = spaces[Int(generator.next() % UInt64(spaces.count))]
    let root = isKernel ? kernelRoot : space.root
    let level = generator.next() % 6 == 0 && shape.allowsBlocks(at: 2) ? 2 : 3
    guard let place = tables.place(of: address, at: level, under: root) else { return }
    // A table that is there stays: blocks come only where nothing was.
    let old = tables.read(place) ?? .none
    if case .table = old.kind(at: level, in: shape) { return }
    let run = UInt64(shape.contiguousEntries(at: level))
    let index = UInt64(shape.index(of: address, at: level))
    let coverage = shape.coverage(at: level).rawValue
    // A run goes and comes whole.
    let isRun = old.isValid && old.isContiguous || !old.isValid && generator.next() % 4 == 0
    let firstIndex = isRun ? index / run * run : index
    let firstPlace = PhysicalAddress(place.rawValue - (index - firstIndex) * 8)
    let first = VirtualAddress(
      (address.rawValue & ~(coverage - 1)) &- (index - firstIndex) * coverage)
    let count = isRun ? run : 1
    if isRun && !old.isValid {
      for entry in 0..<count {
        guard tables.read(firstPlace + ByteCount(entry * 8))?.isNone == true else { return }
      }
    }
    for entry in 0..<count { tables.write(.none, at: firstPlace + ByteCount(entry * 8)) }
    let pages = PageCount((count * coverage) >> shape.pageSize.shift)
    last = "map \(first) +\(pages.rawValue)"
    both(
      isKernel ? .kernelRange(first, pages) : .range(first, pages, space.asid, tables: false))
    guard generator.next() % 4 != 0 else { return }
    // Few frames, so that lines meet in the caches.
    let output = (0x8000_0000 + generator.next() % 16 * coverage * run) & ~(coverage * count - 1)
    for entry in 0..<count {
      let start = PhysicalAddress(output + entry * coverage)
      let frame = PageFrameNumber(start.rawValue >> shape.pageSize.shift)
      let protection = Self.protections(isKernel)[Int(index) % 5]
      var attributes = protection
      if isRun { attributes.insert(.contiguous) }
      if generator.next() % 9 == 0 && !isRun { attributes = attributes.with(.deviceNGnRE) }
      let descriptor =
        level == 3
        ? Descriptor(page: frame, attributes, in: shape)
        : Descriptor(block: start, attributes, in: shape)
      tables.write(descriptor, at: firstPlace + ByteCount(entry * 8))
    }
  }

  private static func protections(_ isKernel: Bool) -> [Descriptor.Attributes] {
    let page: Descriptor.Attributes = [.valid, .tableBit, .accessed, .innerShareable]
    if isKernel {
      return [
        page.union([.userExecuteNever, .privilegedExecuteNever, .dirtyBitModifier]),
        page.union([.userExecuteNever]).union(.readOnly),
        page.union([.userExecuteNever, .privilegedExecuteNever, .readOnly]),
        page.union([.userExecuteNever, .privilegedExecuteNever, .readOnly, .dirtyBitModifier]),
        page.union([.userExecuteNever, .privilegedExecuteNever]).subtracting(.accessed),
      ]
    }
    let user = page.union([.user, .notGlobal, .privilegedExecuteNever])
    return [
      user.union([.dirtyBitModifier, .userExecuteNever]),
      user.union(.readOnly),
      user.union([.readOnly, .dirtyBitModifier, .userExecuteNever]),
      user.union([.readOnly]).subtracting(.accessed),
      // Global entries of one space would meet other spaces' own: only the kernel's are.
      user.union([.dirtyBitModifier]),
    ]
  }

  /// A run of accesses that stay near each other, as a program's do.
  private mutating func runBatch() throws {
    var records: [AccessRecord] = []
    let page = shape.pageSize.bytes.rawValue
    if hot.isEmpty || generator.next() % 4 == 0 {
      hot = (0..<4).map { _ in places[Int(generator.next() % UInt64(places.count))] }
    }
    for _ in 0..<Int(generator.next() % 200 + 1) {
      let dice = generator.next()
      let base = hot[Int(dice % UInt64(hot.count))]
      let offset: UInt64 =
        switch (dice >> 8) & 7 {
        case 0: (dice >> 16) % (page * 3)
        case 1: page - (dice >> 16) % 8
        default: (dice >> 16) % 256
        }
      let kind: AccessKind =
        switch (dice >> 40) & 15 {
        case 0...6: .load
        case 7...10: .store
        case 11: .clear
        default: .fetch
        }
      let size: UInt64 = kind == .clear ? 1 : [1, 2, 4, 8, 16, 64][Int((dice >> 48) % 6)]
      let address = base + ByteCount(offset)
      let privilege: Privilege = address.isKernelHalf || dice >> 60 == 0 ? .kernel : .user
      records.append(AccessRecord(kind, address, size: size, by: privilege))
    }
    var index = 0
    let isNoting = generator.next() % 4 == 0
    while index < records.count {
      let done = isNoting ? runNoting(records, from: index) : run(records, from: index)
      for record in records[index..<done] {
        let went = reference.access(record)
        #expect(went, "the reference faults at \(record.address) and the model does not")
      }
      guard done < records.count else { break }
      let went = reference.access(records[done])
      #expect(!went, "the model faults at \(records[done].address) and the reference does not")
      #expect(core.fault?.status == reference.fault)
      index = done + 1
    }
    last = "\(records.count) accesses"
  }
}
