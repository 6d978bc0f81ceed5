import Arm64
import BoardFormat
import Files
public import MemoryTypes
import PageFrames
import Swap

/// Page faults (arch/arm64/mm/fault.c:do_page_fault(), mm/memory.c:handle_mm_fault() and on).
///
/// A fault finds the area, asks whether the area allows the access, and then looks at what the
/// tables have for the page:
///
/// | the slot has | the area is | and the access | then |
/// |---|---|---|---|
/// | nothing | anonymous | reads | the zero page |
/// | nothing | anonymous | writes | a frame of zeros |
/// | nothing | a file's | reads | the file's page, and those around it |
/// | nothing | a file's, private | writes | a copy of the file's page |
/// | nothing | a file's, shared | writes | the file's page, dirty |
/// | the name of a slot | – | – | the page from swap |
/// | a page that may not be written | – | writes | a copy, or the page itself if it is ours alone |
/// | a page | – | – | the access flag, the dirty state |
extension AddressSpace {
  /// Serves a fault of the running task, which makes the access again where the page is being read.
  @inline(__always)
  public mutating func handleFault(
    at address: VirtualAddress, _ access: FaultAccess
  ) -> FaultOutcome {
    let outcome = serveFault(at: untagged(address), access)
    if outcome != .resolved && outcome != .outOfMemory && outcome != .beingRead {
      context.pointee.statistics.pointee.signalFaults &+= 1
    }
    return outcome
  }

  /// Serves a fault of a copy on the task's behalf, which waits for a page that is being read.
  @inline(never)
  public mutating func handleFaultInPlace(
    at address: VirtualAddress, _ access: FaultAccess
  ) -> FaultOutcome {
    var outcome = handleFault(at: address, access)
    while outcome == .beingRead {
      waitForAwaited()
      outcome = handleFault(at: address, access)
    }
    return outcome
  }

  /// Waits, in place, for the page that the task's last access was told to be being read.
  @inline(never)
  func waitForAwaited() {
    context.pointee.swap.pointee.waitForRead(of: context.pointee.current.pointee.awaited)
  }

  @inline(__always)
  mutating func serveFault(at address: VirtualAddress, _ access: FaultAccess) -> FaultOutcome {
    if board.traced.contains(.faults) { return traceFault(at: address, access) }
    return resolve(address, access)
  }

  @inline(__always)
  mutating func resolve(_ address: VirtualAddress, _ access: FaultAccess) -> FaultOutcome {
    guard let area = areas.area(endingAbove: address) else { return .notMapped }
    if area.pointee.start > address {
      guard growStack(area, to: address) else { return .notMapped }
    }
    // Reading needs any permission at all: without FEAT_PAN3 what may be executed or written may
    // also be read.
    let needed: AreaFlags =
      access.contains(.execute) ? .execute : access.contains(.write) ? .write : .access
    guard !area.pointee.flags.isDisjoint(with: needed) else { return .accessDenied }
    return fault(area, address.alignedDown(to: pageSize), write: access.contains(.write))
  }

  /// The same as ``fault(_:_:write:)``, but waits for a page that is being read.
  mutating func faultInPlace(
    _ area: Area, _ page: VirtualAddress, write: Bool
  ) -> FaultOutcome {
    var outcome = fault(area, page, write: write)
    while outcome == .beingRead {
      waitForAwaited()
      outcome = fault(area, page, write: write)
    }
    return outcome
  }

  /// Brings a page of an area in (`handle_mm_fault()`), and counts it.
  mutating func fault(_ area: Area, _ page: VirtualAddress, write: Bool) -> FaultOutcome {
    if _slowPath(frames.pointee.usesGenerations) { return youngFault(area, page, write: write) }
    return serve(area, page, write: write)
  }

  /// The same where what comes in is the newest of generations (`lru_gen_enter_fault()`).
  @inline(never)
  private mutating func youngFault(
    _ area: Area, _ page: VirtualAddress, write: Bool
  ) -> FaultOutcome {
    frames.pointee.beginYoungFault(
      area.pointee.flags.isDisjoint(with: [.sequentialRead, .randomRead]))
    let outcome = serve(area, page, write: write)
    frames.pointee.endYoungFault()
    return outcome
  }

  @inline(__always)
  private mutating func serve(
    _ area: Area, _ page: VirtualAddress, write: Bool
  ) -> FaultOutcome {
    frames.pointee.count(.pgfault, by: 1)
    frames.pointee.countCurrentGroup(.pgfault)
    countFaultForSync()
    guard let slot = slotAllocating(for: page) else { return .outOfMemory }
    var isMajor = false
    let descriptor = slot.pointee
    let outcome: FaultOutcome
    if descriptor.isNone {
      if area.pointee.isAnonymous {
        outcome = write ? anonymousWrite(area, page, slot) : anonymousRead(area, slot)
      } else if area.pointee.special.isKernels {
        outcome = specialFault(area, page, slot)
      } else {
        outcome = fileFault(area, page, slot, write: write, &isMajor)
      }
    } else if !descriptor.isPresent {
      outcome = swapFault(area, page, slot, descriptor, write: write, &isMajor)
    } else if write && !descriptor.isWritable {
      outcome = writeProtected(area, page, slot, descriptor)
    } else {
      outcome = touch(slot, page, descriptor, write: write)
    }
    guard outcome == .resolved else { return outcome }
    let task = context.pointee.current
    let statistics = context.pointee.statistics
    if isMajor {
      task.pointee.majorFaults &+= 1
      statistics.pointee.majorFaults &+= 1
      frames.pointee.count(.pgmajfault, by: 1)
      frames.pointee.countCurrentGroup(.pgmajfault)
    } else {
      task.pointee.minorFaults &+= 1
      statistics.pointee.minorFaults &+= 1
    }
    return .resolved
  }

  /// A present page that lacks only its access flag or its dirty state
  /// (`ptep_set_access_flags()`): what the CPU does by itself where it can.
  @inline(__always)
  mutating func touch(
    _ slot: KernelPointer<Descriptor>, _ page: VirtualAddress, _ descriptor: Descriptor,
    write: Bool
  ) -> FaultOutcome {
    var new = descriptor.madeYoung
    if write { new = new.madeDirty }
    if new == descriptor {
      // Somebody else did it, or the TLB was behind.
      context.pointee.statistics.pointee.spuriousFaults &+= 1
      return .resolved
    }
    slot.pointee = new
    // A TLB never holds an entry without the access flag, but it may hold a read-only one.
    if write { invalidatePage(page) }
    context.pointee.statistics.pointee.accessFlagFaults &+= 1
    return .resolved
  }

  /// Writes a new entry; a page that can be executed is made visible to instruction fetch first
  /// (`set_pte_at()`).
  @inline(__always)
  func install(_ descriptor: Descriptor, at slot: KernelPointer<Descriptor>) {
    if descriptor.isUserExecutable && !descriptor.isSpecial {
      synchronizeInstructions(descriptor.frame(in: board.translation), board)
    }
    slot.pointee = descriptor
  }
}
