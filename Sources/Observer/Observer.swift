// The observer: a plugin of QEMU's that shows every access of the machine to the hardware model.
//
// Terms. A *record* is an access as the model takes it (AccessRecord). QEMU calls back for each
// block of instructions that is executed and for each access to data; the callbacks put records
// into a buffer, and the model runs over the buffer when it is full, or *flushed*: before whatever
// the order matters to. A *doorbell* is a word of the kernel's whose store says something
// (BoardFormat.Doorbell); the words of its Statistics are watched likewise.
//
// Invariants.
// - What is in the buffer was done by one side, a program or the kernel, under one translation
//   regime: it is flushed where the CPU goes from one to the other.
// - The model reads descriptors as they were when the accesses were made: a program's tables change
//   only in the kernel, after a flush; the kernel's are changed after Doorbell.unmapping.
//
// Documentation/Theory/Observer.md is the theory.

import Arm64
import BoardFormat
import HardwareModel
import MemoryTraces
import MemoryTypes
import ObserverEntry
import Observation

/// The state of the plugin: one CPU's model, and what is known of who uses it.
///
/// SAFETY: the buffers live as long as the process; one thread, the CPU's, calls all of this.
@safe struct Observer: ~Copyable {
  let request: ObserverRequest
  let memory: MachineMemory
  var core: CoreModel
  /// The same core, if nobody but programs used it; it runs where the request asks for it.
  var alone: CoreModel
  /// What is recorded, if anything is.
  var trace: UnsafeMutablePointer<MachineTraceWriter>?
  /// Where the program's registers are, while something is recorded.
  var saved = SavedContext()
  let records: UnsafeMutablePointer<AccessRecord>
  let notes: UnsafeMutablePointer<UInt64>

  /// Whether the first program has begun, and whether it has ended.
  var phase = Phase.before
  /// Instructions are not counted at the moment, nor is anything else.
  var isUncounted = false
  /// Where the tables are, as the doorbells said last.
  var regime: TranslationRegime
  /// Where the kernel's Doorbells are in the machine's memory; 0 until it has said so.
  var doorbells = PhysicalAddress(0)

  var places = PlaceTable()
  var causes = CauseTable()
  var disagreements = DisagreementList()
  /// How far addresses are from where QEMU has them, in RAM and in the board file: of data, and of
  /// instructions.
  var distances: [UInt64?] = [nil, nil, nil, nil]
  /// The accesses whose translation was checked.
  var checked: UInt64 = 0
  /// What had been counted when the first program ended.
  var atEnd: Counters?

  enum Phase { case before, during, after }

  /// The records that are gathered before the model runs.
  static var capacity: Int { 4096 }

  init?(_ request: ObserverRequest, _ memory: consuming MachineMemory) {
    guard let geometry = request.core.unpacked(), let shape = memory.geometry else { return nil }
    self.request = request
    core = CoreModel(
      geometry, memory: memory.descriptors, physicalBits: Int(clamping: request.physicalBits))
    alone = CoreModel(
      geometry, memory: memory.descriptors, physicalBits: Int(clamping: request.physicalBits))
    regime = TranslationRegime(
      geometry: shape, hasHardwareAccessAndDirty: request.hasHardwareAccessAndDirty)
    self.memory = memory
    places.pageShift = shape.pageSize.shift
    unsafe records = .allocate(capacity: Self.capacity)
    unsafe notes = .allocate(capacity: Self.capacity)
    let recorder = unsafe kilburn_recorder_place()
    let first = unsafe UnsafeMutableRawPointer(records).assumingMemoryBound(to: UInt64.self)
    unsafe recorder.pointee.next = unsafe first
    unsafe recorder.pointee.first = unsafe first
    unsafe recorder.pointee.last = unsafe first + (Self.capacity - 1)
  }

  /// Runs the model over what has been gathered.
  mutating func flush() {
    let recorder = unsafe kilburn_recorder_place()
    let count = unsafe recorder.pointee.next - recorder.pointee.first
    unsafe recorder.pointee.next = unsafe recorder.pointee.first
    guard count != 0, phase == .during, !isUncounted else { return }
    let batch = unsafe UnsafeBufferPointer(start: UnsafePointer(records), count: count)
    if unsafe trace != nil { unsafe record(batch) }
    if request.apart, unsafe recorder.pointee.by_kernel == 0 { unsafe runAlone(batch) }
    var next = 0
    while next < count {
      let stop = unsafe core.run(batch, from: next, noting: notes)
      unsafe places.add(batch, next, stop, UnsafeBufferPointer(start: notes, count: core.noteCount))
      next = stop
      if stop < count {
        // The CPU has done it, and the tables do not allow it.
        if let fault = core.fault { disagreements.add(fault) }
        next += 1
      }
    }
  }

  /// Shows what programs do to the core that they have for themselves.
  private mutating func runAlone(_ batch: UnsafeBufferPointer<AccessRecord>) {
    var next = 0
    while next < batch.count { next = unsafe alone.run(batch, from: next) + 1 }
  }

  /// The CPU goes from a program into the kernel, or back.
  mutating func cross(toKernel: Bool) {
    flush()
    unsafe kilburn_recorder_place().pointee.by_kernel = toKernel ? 1 : 0
    guard phase == .during, !isUncounted else { return }
    if !toKernel { recordReturn(from: causes.current) }
    unsafe causes.begin(toKernel ? .unknown : .program, core.counterWords)
  }
}
