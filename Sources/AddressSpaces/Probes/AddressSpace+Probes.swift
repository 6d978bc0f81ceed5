import Arm64
import BoardFormat
import Files
import KernelLayout
public import MemoryTypes
import PageFrames

/// Breakpoints in a program's pages (kernel/events/uprobes.c).
extension AddressSpace {
  /// Sets the breakpoints of a file that was mapped just now (uprobe_mmap()).
  ///
  /// Where there is no memory for one, or the file has another instruction there by now, the place
  /// is not listened to.
  @inline(never)
  mutating func setProbes(
    _ table: KernelPointer<ProbeTable>, in range: Range<VirtualAddress>, _ area: Area
  ) {
    let flags = area.pointee.flags
    // valid_vma()
    guard flags.intersection([.mayExecute, .mayShare, .shared, .write]) == .mayExecute,
      let file = area.pointee.file, !area.pointee.isAnonymous
    else { return }
    let inode = file.pointee.inode.address
    let base = area.pointee.start.rawValue &- area.pointee.pageOffset &<< pageSize.shift
    for index in 0..<table.pointee.count {
      let probe = table.pointee[index]
      let address = VirtualAddress(base &+ probe.offset)
      guard probe.inode == inode, range.contains(address) else { continue }
      set(probe, index, at: address)
    }
  }

  private mutating func set(_ probe: Probe, _ index: Int, at address: VirtualAddress) {
    guard makeSlots(), word(at: address) == probe.word,
      let slot = freeSlot(index, for: address),
      store(probe.word, at: slot),
      // ldr x17, .+12; ret x17
      store(0x5800_0071, at: slot + ByteCount(4)), store(0xd65f_0220, at: slot + ByteCount(8)),
      store(UInt32(truncatingIfNeeded: address.rawValue &+ 4), at: slot + ByteCount(16)),
      store(UInt32(truncatingIfNeeded: (address.rawValue &+ 4) &>> 32), at: slot + ByteCount(20))
    else { return }
    let breakpoint = ProbeTable.breakpoint(ProbeTable.immediates &+ UInt64(index))
    _ = store(breakpoint, at: address)
  }

  /// The page of slots, made when the first breakpoint is set (xol_add_vma()).
  private mutating func makeSlots() -> Bool {
    if probeSlots.rawValue != 0 { return true }
    let place = VirtualAddress(user.taskSize.rawValue / 2).alignedDown(to: pageSize)
    var request = MappingRequest(
      address: place, length: pageSize.bytes, protection: [.read, .execute],
      flags: [.private, .anonymous, .fixedNoReplace])
    var made = try? map(request)
    if made == nil {
      request.address = VirtualAddress(0)
      request.flags.remove(.fixedNoReplace)
      made = try? map(request)
    }
    guard let made else { return false }
    probeSlots = made
    return store(
      ProbeTable.breakpoint(ProbeTable.returnImmediate), at: slot(ProbeTable.returnSlot))
  }

  private func slot(_ index: Int) -> VirtualAddress {
    probeSlots + ByteCount(UInt64(index) &* ProbeTable.slotSize)
  }

  /// Where functions return to that are waited for.
  public var probeReturn: VirtualAddress { slot(ProbeTable.returnSlot) }

  /// The slot of a breakpoint at an address; a probe has as many as its file may be mapped at once.
  public mutating func probeSlot(_ index: Int, at address: VirtualAddress) -> VirtualAddress? {
    guard probeSlots.rawValue != 0 else { return nil }
    var candidate = index
    while candidate < ProbeTable.returnSlot {
      guard let owner = owner(of: slot(candidate)) else { return nil }
      if owner == address.rawValue { return slot(candidate) }
      candidate &+= ProbeRequest.maximum
    }
    return nil
  }

  /// A slot for a breakpoint to be: nobody's, or that of a mapping that has gone.
  private mutating func freeSlot(_ index: Int, for address: VirtualAddress) -> VirtualAddress? {
    if let known = probeSlot(index, at: address) { return known }
    let breakpoint = ProbeTable.breakpoint(ProbeTable.immediates &+ UInt64(index))
    var candidate = index
    while candidate < ProbeTable.returnSlot {
      guard let owner = owner(of: slot(candidate)) else { return nil }
      if owner == 0 || word(at: VirtualAddress(owner)) != breakpoint { return slot(candidate) }
      candidate &+= ProbeRequest.maximum
    }
    return nil
  }

  /// The address of the breakpoint that a slot is for; 0 for none yet, nil if the program has
  /// taken the page away.
  private mutating func owner(of slot: VirtualAddress) -> UInt64? {
    guard let behind = try? copyIn(UInt64.self, from: slot + ByteCount(16)) else { return nil }
    return behind == 0 ? 0 : behind &- 4
  }

  private mutating func word(at address: VirtualAddress) -> UInt32? {
    guard address.rawValue & 3 == 0, let frame = forcedFrame(at: address, write: false) else {
      return nil
    }
    return board.load(UInt32.self, at: frame.address(pageSize) + address.offset(in: pageSize))
  }

  private mutating func store(_ word: UInt32, at address: VirtualAddress) -> Bool {
    guard address.rawValue & 3 == 0, let frame = forcedFrame(at: address, write: true) else {
      return false
    }
    let place = frame.address(pageSize) + address.offset(in: pageSize)
    board.store(word, at: place)
    board.synchronizeInstructions(at: place, ByteCount(4))
    return true
  }
}
