import Arm64
import BoardFormat
public import MemoryTypes

/// What `kilburn trace` hears of faults, entries and tables.
extension AddressSpace {
  /// Resolves a fault between two records; the second has the page's entry before and after.
  @inline(never)
  mutating func traceFault(
    at address: VirtualAddress, _ access: FaultAccess
  ) -> FaultOutcome {
    let kind: TraceAccess =
      access.contains(.execute) ? .execute : access.contains(.write) ? .write : .read
    board.trace(
      TraceRecord(
        .faultBegin, detail: kind.rawValue, number: access.contains(.kernel) ? 1 : 0,
        address.rawValue))
    let task = context.pointee.current
    let before = tables.entry(for: address)?.pointee ?? .none
    let major = task.pointee.majorFaults
    let outcome = resolve(address, access)
    let after = tables.entry(for: address)?.pointee ?? .none
    traceAreas()
    board.trace(
      TraceRecord(
        .faultEnd, detail: TraceOutcome(outcome).rawValue,
        address.alignedDown(to: pageSize).rawValue, before.rawValue, after.rawValue,
        task.pointee.majorFaults &- major))
    return outcome
  }

  /// Tells of entries that were written together.
  @inline(__always)
  func traceEntries(
    _ kind: TraceEntries, _ start: VirtualAddress, _ count: UInt64, _ other: UInt64 = 0
  ) {
    guard board.traced.contains(.tables), count != 0 else { return }
    board.trace(TraceRecord(.entries, detail: kind.rawValue, start.rawValue, count, other))
  }

  /// Tells of a table that was hooked in or unhooked.
  @inline(__always)
  func traceTable(_ kind: TraceKind, _ number: PageFrameNumber, _ level: Int) {
    guard board.traced.contains(.tables) else { return }
    board.trace(
      TraceRecord(kind, detail: UInt16(truncatingIfNeeded: level), number.rawValue))
  }

  /// A word of the program's, if it can be read without a fault.
  public func peek(_ address: VirtualAddress) -> UInt64? {
    guard isUserRange(address, 8), address.rawValue & 7 == 0,
      let slot = tables.entry(for: address)
    else { return nil }
    let descriptor = slot.pointee
    guard descriptor.isPresent, !descriptor.isProtNone else { return nil }
    return unsafe pointer(to: address, descriptor).load(as: UInt64.self)
  }
}

extension TraceOutcome {
  init(_ outcome: FaultOutcome) {
    self =
      switch outcome {
      case .resolved: .resolved
      case .notMapped: .notMapped
      case .accessDenied: .accessDenied
      case .beyondObject: .beyondObject
      case .beingRead: .resolved
      case .outOfMemory: .outOfMemory
      }
  }
}
