import Arm64
import BoardFormat
import HardwareModel
import MemoryTraces
import MemoryTypes
import ObserverEntry
import Observation

/// What the kernel says by its stores.
extension Observer {
  /// Finds out where the words are that are listened to, once the kernel has said so.
  mutating func findDoorbells() {
    let header = memory.header
    guard header.doorbells != 0 else { return }
    doorbells = PhysicalAddress(header.doorbellsPhysical)
    let recorder = unsafe kilburn_recorder_place()
    unsafe recorder.pointee.doorbells = header.doorbells
    unsafe recorder.pointee.doorbells_size = Doorbell.size
    unsafe recorder.pointee.statistics = header.statistics.start &+ header.linearOffset
    unsafe recorder.pointee.statistics_size = UInt64(MemoryLayout<Statistics>.size)
  }

  /// A word of the doorbells was stored, by its number.
  mutating func hear(_ number: UInt64) {
    guard let bell = Doorbell(rawValue: number) else { return }
    let value = word(of: bell)
    switch bell {
    case .root:
      guard value == 0 else { return }  // the ASID comes next
      flush()
      regime.lowerRoot = nil
      translate(asid: 0)
    case .space:
      flush()
      let root = word(of: .root)
      regime.lowerRoot = root == 0 ? nil : PhysicalAddress(root)
      places.use(root: root)
      translate(asid: value)
    case .kernelRoot:
      regime.upperRoot = PhysicalAddress(value)
    case .uncounted:
      flush()
      isUncounted = value != 0
    case .lastLevelPage, .page, .pageOfAllSpaces, .addressSpace, .everything:
      flush()
      forget(bell, value)
    case .clearAddress: break
    case .clearBytes: clear(word(of: .clearAddress), value)
    case .instructions:
      flush()
      core.invalidateInstructions()
      alone.invalidateInstructions()
      unsafe trace?.pointee.append(MemoryTraceEvent(.invalidateInstructions, 0, 1))
    case .unmapping: flush()
    }
  }

  /// A word of the statistics was stored.
  mutating func count(_ offset: UInt64) {
    let calls = UInt64(MemoryLayout<Statistics>.offset(of: \.systemCalls) ?? 0)
    let faults = UInt64(MemoryLayout<Statistics>.offset(of: \.minorFaults) ?? 0)
    let faultsEnd = UInt64(MemoryLayout<Statistics>.offset(of: \.peakResident) ?? 0)
    if offset >= calls, offset < calls &+ 8 &* UInt64(Statistics.systemCallNumbers) {
      name(.call((offset &- calls) &>> 3))
    } else if offset >= faults, offset < faultsEnd {
      name(.fault)
    } else if offset == UInt64(MemoryLayout<Statistics>.offset(of: \.bootInstructions) ?? 0) {
      // Where the statistics begin, all of them are 0.
      let address = PhysicalAddress(memory.header.statistics.start) + ByteCount(offset)
      if memory.word(at: address) != 0 { begin() }
    } else if offset == UInt64(MemoryLayout<Statistics>.offset(of: \.kernelInstructions) ?? 0) {
      // Once where the program has ended, once where all that it had is gone.
      guard phase == .during else { return }
      flush()
      if atEnd != nil { phase = .after }
      unsafe causes.close(core.counterWords)
      atEnd = core.counters
    }
  }

  private mutating func name(_ cause: Cause) {
    guard phase == .during, causes.current == .unknown else { return }
    record(cause)
    causes.name(cause)
  }

  /// The first program begins, on a machine whose hardware knows nothing.
  private mutating func begin() {
    guard phase == .before else { return }
    flush()
    phase = .during
    unsafe trace?.pointee.load(kernelRoot: regime.upperRoot)
    translate(asid: word(of: .space))
  }

  private mutating func translate(asid: UInt64) {
    guard phase == .during, regime.upperRoot != nil else { return }
    let asid = ASID(UInt16(truncatingIfNeeded: asid))
    core.load(regime, asid: asid)
    alone.load(regime, asid: asid)
    unsafe trace?.pointee.load(userRoot: regime.lowerRoot, asid: asid)
  }

  /// A TLBI's operand: the ASID above, the address in units of 4K below.
  private mutating func forget(_ bell: Doorbell, _ operand: UInt64) {
    guard phase == .during else { return }
    let asid = ASID(UInt16(truncatingIfNeeded: operand &>> 48))
    let shifted = Int64(bitPattern: operand &<< 20) &>> 8
    let address = VirtualAddress(UInt64(bitPattern: shifted))
    let invalidation: TLBInvalidation =
      switch bell {
      case .lastLevelPage: .page(address, asid)
      case .page: .pageAndTables(address, asid)
      case .pageOfAllSpaces: .kernelPage(address)
      case .addressSpace: .addressSpace(asid)
      default: .all
      }
    core.invalidate(invalidation)
    alone.invalidate(invalidation)
    unsafe trace?.pointee.invalidate(invalidation)
  }

  /// Lines that DC ZVA sets to zero, which nobody sees.
  private mutating func clear(_ address: UInt64, _ bytes: UInt64) {
    guard phase == .during, !isUncounted, bytes <= 1 << 30 else { return }
    var at = address
    while at < address &+ bytes {
      gather(AccessRecord(.clear, VirtualAddress(at), size: 64, by: .kernel).rawValue)
      at &+= 64
    }
  }

  /// A word as it is now.
  private func word(of bell: Doorbell) -> UInt64 {
    memory.word(at: doorbells + ByteCount(bell.rawValue &* 8))
  }
}
