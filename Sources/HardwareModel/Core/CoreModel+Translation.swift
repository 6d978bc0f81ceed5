import Arm64
import MemoryTypes

/// From a virtual address to what the TLBs or the tables say of it.
extension CoreModel {
  /// Translates an address for an access to data; nil leaves the reason in ``fault``.
  @inline(__always) mutating func translateData(
    _ address: UInt64, _ kind: AccessKind, _ privilege: Privilege
  ) -> TLBHit? {
    guard plan.isOn else { return TLBHit(translation: .untranslated(address), shift: 12) }
    let found = dataTLB.find(address, asid)
    if !found.isNone { return allowed(found, address, kind, privilege) }
    return missed(address, kind, privilege)
  }

  /// The same for instructions.
  @inline(__always) mutating func translateFetch(
    _ address: UInt64, _ privilege: Privilege
  ) -> TLBHit? {
    guard plan.isOn else { return TLBHit(translation: .untranslated(address), shift: 12) }
    let found = instructionTLB.find(address, asid)
    if !found.isNone { return allowed(found, address, .fetch, privilege) }
    return missed(address, .fetch, privilege)
  }

  @inline(__always) private mutating func missed(
    _ address: UInt64, _ kind: AccessKind, _ privilege: Privilege
  ) -> TLBHit? {
    counts.add(.tlbMisses(kind, privilege))
    if isNoting { unsafe queues.notes[record] &+= AccessNote.tlbMiss }
    guard let filled = fill(address, kind, privilege) else { return nil }
    return allowed(filled, address, kind, privilege)
  }

  /// Brings a translation from the shared TLB, or from the tables, into the L1 TLB of its kind.
  private mutating func fill(
    _ address: UInt64, _ kind: AccessKind, _ privilege: Privilege
  ) -> TLBHit? {
    var found = TLBHit.none
    var isGlobal = false
    if hasSharedTLB {
      found = sharedTLB.find(address, asid)
      isGlobal = found.translation.has(TLBTranslation.global)
    }
    if found.isNone {
      counts.add(.walks(kind, privilege))
      if isNoting { unsafe queues.notes[record] &+= AccessNote.walk }
      guard let walked = walk(address, kind, privilege) else { return nil }
      isGlobal = walked.translation.has(TLBTranslation.global)
      found = walked
      if hasSharedTLB {
        if found.shift != pageShift {
          found = walked.narrowed(to: address, heldBy: sharedTLB.geometry, page: pageShift)
        }
        sharedTLB.insert(
          address, asid, shift: found.shift, isGlobal: isGlobal, found.translation)
      }
    } else {
      counts.add(.sharedTLBHits(kind, privilege))
    }
    var hit = found
    if found.shift != pageShift {
      let own = kind == .fetch ? geometry.instructionTLB : geometry.dataTLB
      hit = found.narrowed(to: address, heldBy: own, page: pageShift)
    }
    if kind == .fetch {
      instructionTLB.insert(address, asid, shift: hit.shift, isGlobal: isGlobal, hit.translation)
    } else {
      dataTLB.insert(address, asid, shift: hit.shift, isGlobal: isGlobal, hit.translation)
    }
    return hit
  }

  @inline(__always) private var pageShift: UInt64 { plan.pageShift }

  /// The hit, if it allows the access.
  ///
  /// A write to a page whose descriptor says that the CPU itself notes dirtiness does so; every
  /// structure that holds the translation then says writable.
  @inline(__always) private mutating func allowed(
    _ hit: TLBHit, _ address: UInt64, _ kind: AccessKind, _ privilege: Privilege
  ) -> TLBHit? {
    if hit.translation.allows(kind, privilege) { return hit }
    return makeDirty(hit, address, kind, privilege)
  }

  @inline(never) private mutating func makeDirty(
    _ hit: TLBHit, _ address: UInt64, _ kind: AccessKind, _ privilege: Privilege
  ) -> TLBHit? {
    var written = hit
    written.translation.rawValue |= TLBTranslation.writable
    let isWrite = kind == .store || kind == .clear
    guard isWrite, hit.translation.has(TLBTranslation.dirtying),
      written.translation.allows(kind, privilege)
    else {
      counts.add(.faults(privilege))
      fault = ModelFault(
        address: VirtualAddress(address), kind: kind, privilege: privilege,
        status: .permission(level: hit.translation.level))
      return nil
    }
    counts.add(.dirtyUpdates(privilege))
    dataTLB.add(TLBTranslation.writable, to: address, asid)
    if hasSharedTLB { sharedTLB.add(TLBTranslation.writable, to: address, asid) }
    return written
  }
}

extension TLBHit {
  /// The piece of it around an address that a TLB can hold.
  @inline(__always) func narrowed(
    to address: UInt64, heldBy geometry: TLBGeometry, page: UInt64
  ) -> Self {
    if shift == page { return self }
    let smaller = geometry.heldShift(of: shift, page: page)
    return Self(
      translation: translation.narrowed(to: address, from: shift, to: smaller), shift: smaller)
  }
}
