public import AddressSpaces
public import Arm64
public import HostBoard
public import MemoryTypes

/// A processor's loads and stores: translation, then a fault and another try, as an MMU and its
/// kernel would.
extension AddressSpace where B == HostBoard {
  public enum Access: Equatable {
    case value(UInt64)
    case failed(FaultOutcome)
  }

  public mutating func load(_ address: UInt64) -> Access { access(address, storing: nil) }

  public mutating func store(_ value: UInt64, at address: UInt64) -> Access {
    access(address, storing: value)
  }

  public mutating func access(_ number: UInt64, storing value: UInt64?) -> Access {
    let address = VirtualAddress(number)
    let board = context.pointee.board
    for _ in 0..<5 {
      if let slot = tables.entry(for: address), translates(slot, write: value != nil) {
        let at = slot.pointee.output(in: board.translation) + address.offset(in: board.pageSize)
        if let value { board.store(value, at: at) }
        return .value(board.load(at: at))
      }
      let outcome = handleFault(at: address, value == nil ? .read : .write)
      if outcome != .resolved { return .failed(outcome) }
    }
    fatalError("faults without end")
  }

  /// Whether the MMU lets a program's access through, hardware access flag and dirty state
  /// included.
  public mutating func translates(_ address: VirtualAddress, write: Bool) -> Bool {
    tables.entry(for: address).map { translates($0, write: write) } ?? false
  }

  /// The same of an entry.
  public mutating func translates(_ slot: KernelPointer<Descriptor>, write: Bool) -> Bool {
    var descriptor = slot.pointee
    guard descriptor.isValid, descriptor.isUser else { return false }
    if context.pointee.board.hasHardwareAccessAndDirty {
      descriptor = descriptor.madeYoung
      if write && descriptor.isWritable {
        descriptor = Descriptor(
          descriptor.rawValue & ~Descriptor.Attributes.readOnly.rawValue)
      }
      slot.pointee = descriptor
    }
    guard descriptor.isYoung else { return false }
    return !write || descriptor.rawValue & Descriptor.Attributes.readOnly.rawValue == 0
  }
}
