import AddressSpaces
import Arm64
import BoardFormat
import Files
import KernelHeap
import MemoryTypes
import PageFrames

/// Programs that come by a probe: see AddressSpaces/Probes (kernel/events/uprobes.c:
/// handle_swbp(), handle_trampoline()).
extension KernelState {
  /// Finds the files of the probes that the tool asked for; the first that cannot be found, by its
  /// number.
  ///
  /// - Parameter requests: the row in the board file.
  public func startProbes(_ requests: UnsafeRawBufferPointer) -> Int? {
    let size = MemoryLayout<ProbeRequest>.stride
    let count = min(requests.count / size, ProbeRequest.maximum)
    guard count > 0 else { return nil }
    guard let frame = frames.pointee.allocate(.kernel) else { return 0 }
    // SAFETY: the frame is ours for ever and has room for a table.
    let place = unsafe board.pointer(to: frames.pointee.address(of: frame)).bindMemory(
      to: ProbeTable.self, capacity: 1)
    unsafe place.initialize(to: ProbeTable())
    let table = unsafe KernelPointer(place)
    for index in 0..<count {
      let request = unsafe requests.loadUnaligned(
        fromByteOffset: index &* size, as: ProbeRequest.self)
      let dentry = unsafe request.withPath { path in
        let bytes = unsafe ByteString(path)
        return try? files.pointee.resolve(bytes, from: files.pointee.root)
      }
      // The reference stays, and with it the inode's address.
      guard let dentry else { return index }
      let added = table.pointee.add(
        Probe(
          inode: dentry.pointee.inode.address, offset: request.offset, word: request.word,
          tag: request.tag, options: request.options))
      guard added else { return index }
    }
    memory.pointee.probes = table
    return nil
  }

  /// Serves a BRK instruction if it is a probe's; the program goes on behind the instruction that
  /// the BRK stands for.
  @inline(never)
  func serveProbe(_ immediate: UInt64) -> Bool {
    guard let table = memory.pointee.probes, let space = current.pointee.memory.space,
      immediate & ~0xff == ProbeTable.immediates
    else { return false }
    if immediate == ProbeTable.returnImmediate { return serveReturn(table, space) }
    let index = Int(immediate & 0xff)
    let context = current.pointee.context
    guard index < table.pointee.count,
      let slot = space.pointee.probeSlot(
        index, at: VirtualAddress(context.pointee.programCounter))
    else { return false }
    if table.pointee[index].options.contains(.stops) {
      table.pointee.arrivals &+= 1
      if table.pointee.arrivals == store.pointee.header.stopCount {
        stopForInspection(
          EndRecord(reason: .stopped, status: .max, pc: context.pointee.programCounter))
      }
    } else {
      enter(table.pointee[index], index, space)
    }
    return step(table.pointee[index].word, slot, space)
  }

  private func enter(
    _ probe: Probe, _ index: Int, _ space: KernelPointer<AddressSpace<B>>
  ) {
    let context = current.pointee.context
    let stackPointer = context.pointee.stackPointer
    let landing = space.pointee.probeReturn.rawValue
    // With the landing as return address it is the last thing that a probed function does.
    let isTailCall = context.pointee.x[30] == landing
    let calls = current.pointee.probeCalls
    if let calls, !isTailCall { calls.pointee.forget(stackPointer) }
    let isInside = calls.map { $0.pointee.areCallers(of: stackPointer) } ?? false
    board.trace(
      TraceRecord(
        .probeEntered, detail: probe.tag, number: current.pointee.pid, context.pointee.x[0],
        context.pointee.x[1], context.pointee.x[2], stackPointer, isInside ? 1 : 0))
    traceStack(depth: 30)
    guard !probe.options.isDisjoint(with: [.answers, .answersThroughPointer]) else { return }
    let call = ProbeCalls.Call(
      stackPointer: stackPointer, returnAddress: context.pointee.x[30],
      firstArgument: context.pointee.x[0], probe: index)
    let room = calls ?? store.pointee.caches.probeCalls.allocate(ProbeCalls())
    current.pointee.probeCalls = room
    if let room, room.pointee.push(call) {
      context.pointee.x[30] = landing
    } else {
      board.trace(TraceRecord(.probeLost, detail: probe.tag, number: current.pointee.pid))
    }
  }

  private func serveReturn(
    _ table: KernelPointer<ProbeTable>, _ space: KernelPointer<AddressSpace<B>>
  ) -> Bool {
    let context = current.pointee.context
    guard context.pointee.programCounter == space.pointee.probeReturn.rawValue,
      let call = current.pointee.probeCalls?.pointee.pop(context.pointee.stackPointer)
    else { return false }
    context.pointee.programCounter = call.returnAddress
    context.pointee.x[30] = call.returnAddress
    let probe = table.pointee[call.probe]
    var result = context.pointee.x[0]
    if probe.options.contains(.answersThroughPointer) {
      let failed = UInt32(truncatingIfNeeded: result) != 0
      result =
        failed
        ? 0
        : (try? space.pointee.copyIn(UInt64.self, from: VirtualAddress(call.firstArgument))) ?? 0
    }
    board.trace(
      TraceRecord(
        .probeLeft, detail: probe.tag, number: current.pointee.pid, result,
        call.stackPointer))
    return true
  }

  /// Goes on behind an instruction, having it executed in its slot or doing it here.
  private func step(
    _ word: UInt32, _ slot: VirtualAddress, _ space: KernelPointer<AddressSpace<B>>
  ) -> Bool {
    let context = current.pointee.context
    let instruction = SteppedInstruction(word)
    switch instruction {
    case .refused: return false
    case .outOfLine:
      context.pointee.programCounter = slot.rawValue
      return true
    case .load(let register, let offset, let bytes, let isSigned):
      let address = VirtualAddress(
        context.pointee.programCounter &+ UInt64(bitPattern: offset))
      if bytes == 8 {
        guard let value = try? space.pointee.copyIn(UInt64.self, from: address) else {
          return false
        }
        context.pointee[register] = value
      } else {
        guard let value = try? space.pointee.copyIn(UInt32.self, from: address) else {
          return false
        }
        context.pointee[register] =
          isSigned
          ? UInt64(bitPattern: Int64(Int32(bitPattern: value))) : UInt64(value)
      }
      context.pointee.programCounter &+= 4
      return true
    default: return context.pointee.step(instruction)
    }
  }

  /// Gives back what a task remembers of the functions that it was in.
  func dropProbeCalls(of task: KernelPointer<Task<B>>) {
    guard let calls = task.pointee.probeCalls else { return }
    task.pointee.probeCalls = nil
    store.pointee.caches.probeCalls.free(calls)
  }

  /// A child with a copy of the stack returns from what its parent was in (uprobe_copy_process()).
  func copyProbeCalls(
    _ flags: CloneFlags, to child: KernelPointer<Task<B>>
  ) throws(Errno) {
    guard let calls = current.pointee.probeCalls, calls.pointee.count > 0,
      !flags.contains(.memory)
    else { return }
    guard let copy = store.pointee.caches.probeCalls.allocate(calls.pointee) else {
      throw .ENOMEM
    }
    child.pointee.probeCalls = copy
  }
}
