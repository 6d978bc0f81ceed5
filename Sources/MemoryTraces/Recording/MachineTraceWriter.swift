package import Arm64
package import HardwareModel
package import MemoryTypes
package import TraceFiles

/// Records a machine whose RAM can be read: accesses, and of the page tables what a replay walks.
///
/// A replay on the same configuration has to read the descriptors that the machine's own model read,
/// and there is no RAM then. So each descriptor is told once, before the first access that may be
/// translated by it, and again when it has changed. Whether it may have is known without looking at
/// every access: a page that was walked since its translations were last invalidated, and whose
/// descriptor allowed what is done, is translated as before, because the architecture wants an
/// invalidation before a valid descriptor becomes another (break-before-make, Arm ARM D8.14.1), and
/// the kernel keeps to it. What a walk finds changed is written; what it finds as it was is not.
///
/// So the trace tells for every access the descriptors as they were at that access, and a model that
/// walks at any access finds what one beside the machine found.
@safe
package struct MachineTraceWriter: ~Copyable {
  package let writer: MemoryTraceWriter
  private let machine: TracedMachine
  private let memory: DescriptorMemory
  /// The descriptors that were told.
  private let told: SparseMemory
  private var userRoot: PhysicalAddress?
  private var kernelRoot: PhysicalAddress?
  private var asid: UInt64 = 0

  /// A page that was walked: in an address space, since the last invalidation.
  private struct Walked {
    var page: UInt64 = .max
    var space: UInt64 = .max
  }

  private static var places: Int { 1 << 13 }
  /// SAFETY: `places` entries, allocated in init and freed in deinit; an index is below.
  private let walked: UnsafeMutablePointer<Walked>
  /// Grows with each invalidation that is not of single pages, above 16 bits of ASID.
  private var generation: UInt64 = 0
  private let pageShift: UInt64
  private var space: UInt64 = 0

  /// Records on a file; `memory` is the machine's RAM, and outlives this.
  package init(
    _ path: String, machine: TracedMachine, memory: DescriptorMemory, facts: [TraceFact] = [],
    level: Int32 = 1
  ) throws(TraceError) {
    guard let told = SparseMemory(machine.ram) else {
      throw TraceError(.unsupported, "\(path): no addresses are left for the machine's tables")
    }
    writer = try MemoryTraceWriter(path, facts: machine.facts + facts, level: level)
    self.machine = machine
    self.memory = memory
    self.told = told
    pageShift = machine.geometry.pageSize.shift
    unsafe walked = .allocate(capacity: Self.places)
    unsafe walked.initialize(repeating: Walked(), count: Self.places)
  }

  deinit { unsafe walked.deallocate() }

  // MARK: what the machine does

  /// The user half is another from here on.
  package mutating func load(userRoot: PhysicalAddress?, asid: ASID) {
    self.userRoot = userRoot
    self.asid = UInt64(asid.rawValue)
    space = (generation &<< 16) | self.asid
    writer.append(
      MemoryTraceEvent(.addressSpace, userRoot?.rawValue ?? 0, UInt64(asid.rawValue)))
  }

  /// The kernel half's tables are these from here on.
  package mutating func load(kernelRoot: PhysicalAddress?) {
    self.kernelRoot = kernelRoot
    forgetAll()
    writer.append(MemoryTraceEvent(.kernelTables, kernelRoot?.rawValue ?? 0))
  }

  /// The TLBs are told to forget.
  package mutating func invalidate(_ invalidation: TLBInvalidation) {
    switch invalidation {
    case .page(let address, let asid): forget(address, UInt64(asid.rawValue))
    default: forgetAll()
    }
    writer.append(MemoryTraceEvent(invalidation))
  }

  /// Descriptors may have changed without an invalidation that was seen.
  package mutating func forgetAll() {
    generation &+= 1
    space = (generation &<< 16) | asid
  }

  /// Something else happens.
  package mutating func append(_ event: MemoryTraceEvent) { writer.append(event) }

  /// An access.
  @inline(__always) package mutating func append(_ record: AccessRecord) {
    let address = record.address.rawValue
    note(address, record)
    let last = address &+ max(record.size, 1) &- 1
    if (address ^ last) &>> pageShift != 0 { note(last, record) }
    writer.append(record)
  }

  // MARK: what was walked

  @inline(__always) private func key(_ address: UInt64) -> (page: UInt64, space: UInt64) {
    // The upper half is everybody's.
    let isKernel = Int64(bitPattern: address) < 0
    return ((address &>> pageShift) &<< 1, isKernel ? space & ~0xffff : space)
  }

  @inline(__always) private func place(_ page: UInt64) -> Int {
    Int(truncatingIfNeeded: (page &>> 1) & UInt64(Self.places &- 1))
  }

  @inline(__always) private mutating func note(_ address: UInt64, _ record: AccessRecord) {
    let key = self.key(address)
    let entry = unsafe walked[place(key.page)]
    let isWrite = record.kind == .store || record.kind == .clear
    // Bit 0 of the page says that the descriptor let writes through.
    if entry.space == key.space && entry.page | 1 == key.page | 1
      && (!isWrite || entry.page & 1 != 0)
    {
      return
    }
    walk(address)
  }

  private mutating func forget(_ address: VirtualAddress, _ asid: UInt64) {
    let page = (address.rawValue &>> pageShift) &<< 1
    unsafe walked[place(page)] = Walked()
  }

  /// Walks the machine's tables, and tells what is new in them.
  @inline(never) private mutating func walk(_ address: UInt64) {
    let regime = machine.regime(user: userRoot, kernel: kernelRoot)
    let end = regime.walk(
      VirtualAddress(address),
      reading: { place in
        guard let word = memory.word(at: place) else { return nil }
        if told.descriptor(at: place) != word {
          _ = told.set(word, at: place)
          writer.append(MemoryTraceEvent(.descriptor, place.rawValue, word))
        }
        return Descriptor(word)
      }, eachStep: { _ in })
    guard case .mapped(let mapping) = end else { return }
    let key = self.key(address)
    let isWritable: UInt64 = mapping.attributes.contains(.readOnly) ? 0 : 1
    unsafe walked[place(key.page)] = Walked(page: key.page | isWritable, space: key.space)
  }

  /// Writes what is left, and closes the file.
  package func finish() throws(TraceError) { try writer.finish() }
}
