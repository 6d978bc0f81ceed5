import TraceFiles

/// The live objects of a trace that knows addresses only: what readers of such traces share.
struct AddressedObjects: ~Copyable {
  private var table = AddressTable()
  private var slots = SlotList()
  /// Whether an address may be returned that is allocated already, and one be freed that is not.
  private let skipsUnknown: Bool
  private let skipsUnknownFrees: Bool
  /// Why an event cannot be.
  enum Failure: Error {
    case unknown
    case allocatedTwice
    case tooMany

    /// As an error, of an address at a place.
    func error(_ address: UInt64, at place: TracePlace) -> TraceError {
      let digits = "0x" + String(address, radix: 16)
      return switch self {
      case .unknown:
        TraceError(
          .unknownPointer, "\(digits) is not allocated: it never was, or is no more", at: place)
      case .allocatedTwice:
        TraceError(.allocatedTwice, "\(digits) is returned and is still allocated", at: place)
      case .tooMany: TraceError(.unsupported, "more than 2³¹ live objects", at: place)
      }
    }
  }

  init(_ options: HeapTraceOptions, skipsUnknownFrees: Bool = false) {
    skipsUnknown = options.skipsUnknown
    self.skipsUnknownFrees = skipsUnknownFrees || options.skipsUnknown
  }

  /// An object is born at an address.
  ///
  /// Tells the one that has to be freed first, where one is there.
  mutating func add(_ address: UInt64) throws(Failure) -> (slot: UInt32, freedBefore: UInt32?) {
    var freed: UInt32?
    if let slot = table.slot(at: address) {
      guard skipsUnknown else { throw .allocatedTwice }
      _ = table.remove(address)
      _ = slots.release(slot)
      freed = slot
    }
    guard let slot = slots.take() else { throw .tooMany }
    table.insert(address, slot)
    return (slot, freed)
  }

  /// An object ends; nil where none is known there and that is allowed.
  mutating func remove(_ address: UInt64) throws(Failure) -> UInt32? {
    guard let slot = table.remove(address) else {
      if skipsUnknownFrees { return nil }
      throw .unknown
    }
    _ = slots.release(slot)
    return slot
  }

  /// The object at an address.
  func slot(at address: UInt64) -> UInt32? { table.slot(at: address) }

  /// An object is about to move: it has to be there.
  func require(_ address: UInt64) throws(Failure) {
    guard skipsUnknown || table.slot(at: address) != nil else { throw .unknown }
  }

  /// An object moves, and keeps its slot.
  mutating func move(_ from: UInt64, to: UInt64) throws(Failure) -> UInt32? {
    guard let slot = table.slot(at: from) else {
      if skipsUnknown { return nil }
      throw .unknown
    }
    if from == to { return slot }
    guard table.slot(at: to) == nil else { throw .allocatedTwice }
    _ = table.remove(from)
    table.insert(to, slot)
    return slot
  }
}
