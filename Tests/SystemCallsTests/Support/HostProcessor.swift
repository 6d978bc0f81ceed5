import Arm64
import BoardFormat
import Foundation
import HostBoard
import KernelLog
import MemoryTypes
import Tasks

/// A processor whose programs are functions of the test: the host board, a thread for each task.
///
/// Only the thread of the current task runs; a switch wakes the other's and waits for its own to
/// be woken. A program begins at a program counter that names one of the registered functions, and
/// makes system calls by calling the kernel.
@safe struct HostProcessor: Processor, @unchecked Sendable {
  let host: HostBoard
  private let state: UnsafeMutablePointer<State>

  struct State {
    var sleeping: [UInt: DispatchSemaphore] = [:]
    var begin: (() -> Void)?
    var hasEnded: ((UInt) -> Bool)?
    var output: [ConsoleFrame.Channel: [UInt8]] = [:]
    var typed: [UInt8] = []
    var threadPointer: UInt64 = 0
    var readOnlyThreadPointer: UInt64 = 0
    var ticks: UInt64 = 0
    var idRegisters = IDRegisters()
    var root: PhysicalAddress?
    var timer: UInt64?
  }

  init(_ host: HostBoard) {
    self.host = host
    unsafe state = .allocate(capacity: 1)
    unsafe state.initialize(to: State())
    let ring = UnsafeMutableRawPointer.allocate(byteCount: Self.logSize, alignment: 8)
    unsafe log = .allocate(capacity: 1)
    unsafe log.initialize(to: KernelLog(ring: ring, size: UInt64(Self.logSize)))
    unsafe self.ring = ring
  }

  /// The bytes of the kernel's log.
  private static let logSize = 1 << 14
  private let log: UnsafeMutablePointer<KernelLog>
  private let ring: UnsafeMutableRawPointer

  var kernelLog: KernelPointer<KernelLog>? { unsafe KernelPointer(log) }
  func showLog(_ lines: UnsafeRawBufferPointer) { unsafe write(.log, lines) }

  func release() {
    unsafe log.deinitialize(count: 1)
    unsafe log.deallocate()
    unsafe ring.deallocate()
    unsafe state.deinitialize(count: 1)
    unsafe state.deallocate()
    host.release()
  }

  /// The function that a new task's thread runs.
  func setBegin(_ body: @escaping () -> Void) {
    unsafe state.pointee.begin = body
  }

  /// Says whether the task with that ``SwitchedContext`` will never run again.
  func setHasEnded(_ body: @escaping (UInt) -> Bool) { unsafe state.pointee.hasEnded = body }

  func setIDRegisters(_ registers: IDRegisters) { unsafe state.pointee.idRegisters = registers }
  func type(_ bytes: [UInt8]) { unsafe state.pointee.typed += bytes }
  func output(_ channel: ConsoleFrame.Channel) -> String {
    unsafe String(decoding: state.pointee.output[channel] ?? [], as: UTF8.self)
  }
  var activeRoot: PhysicalAddress? { unsafe state.pointee.root }

  // Board, by the host board.
  var pageSize: PageSize { host.pageSize }
  var translation: TranslationGeometry { host.translation }
  var hasHardwareAccessAndDirty: Bool { host.hasHardwareAccessAndDirty }
  func invalidate(_ invalidation: TLBInvalidation) {}
  func publishDescriptors() {}
  func synchronizeInstructions(at address: PhysicalAddress, _ length: ByteCount) {}
  func pointer(to address: PhysicalAddress) -> UnsafeMutableRawPointer {
    unsafe host.pointer(to: address)
  }
  func physicalAddress(of pointer: UnsafeRawPointer) -> PhysicalAddress {
    unsafe host.physicalAddress(of: pointer)
  }
  func clearPages(at address: PhysicalAddress, _ count: PageCount, _ size: PageSize) {
    host.clearPages(at: address, count, size)
  }
  func copyPage(from source: PhysicalAddress, to target: PhysicalAddress, _ size: PageSize) {
    host.copyPage(from: source, to: target, size)
  }
  /// A microsecond passes at each reading.
  var clock: MachineTime {
    unsafe state.pointee.ticks += 62
    return unsafe MachineTime(ticks: state.pointee.ticks, frequency: 62_500_000)
  }

  // Processor.
  var idRegisters: IDRegisters { unsafe state.pointee.idRegisters }
  func write(_ channel: ConsoleFrame.Channel, _ bytes: UnsafeRawBufferPointer) {
    unsafe state.pointee.output[channel, default: []].append(contentsOf: bytes)
  }
  func readConsole(into buffer: UnsafeMutableRawBufferPointer) -> Int {
    let count = unsafe min(buffer.count, state.pointee.typed.count)
    for index in 0..<count { unsafe buffer[index] = state.pointee.typed[index] }
    unsafe state.pointee.typed.removeFirst(count)
    return count
  }
  func powerOff(_ record: EndRecord) -> Never { fatalError("power off: \(record)") }
  func activate(root: PhysicalAddress, asid: ASID) { unsafe state.pointee.root = root }
  func deactivateUserHalf() { unsafe state.pointee.root = nil }
  var startOfTask: UInt64 { 0xE7 }
  func setTimer(at ticks: UInt64?) { unsafe state.pointee.timer = ticks }
  /// When the kernel wants the program that runs interrupted.
  var timer: UInt64? { unsafe state.pointee.timer }
  func save(_ vectors: KernelPointer<VectorState>) {}
  func load(_ vectors: KernelPointer<VectorState>) {}
  var readOnlyThreadPointer: UInt64 {
    get { unsafe state.pointee.readOnlyThreadPointer }
    nonmutating set { unsafe state.pointee.readOnlyThreadPointer = newValue }
  }

  var threadPointer: UInt64 {
    get { unsafe state.pointee.threadPointer }
    nonmutating set { unsafe state.pointee.threadPointer = newValue }
  }
  var instructions: InstructionCounts {
    unsafe InstructionCounts(user: state.pointee.ticks / 2, kernel: state.pointee.ticks / 2)
  }
  func idle(until ticks: UInt64?) {
    if let ticks { unsafe state.pointee.ticks = max(state.pointee.ticks, ticks) }
  }
  func panic(_ message: StaticString) -> Never { fatalError("kernel panic: \(message)") }

  func switchContext(
    from: KernelPointer<SwitchedContext>, to: KernelPointer<SwitchedContext>
  ) {
    let mine = DispatchSemaphore(value: 0)
    let isLast = unsafe state.pointee.hasEnded?(from.address) ?? false
    if !isLast { unsafe state.pointee.sleeping[from.address] = mine }
    if to.pointee.programCounter == startOfTask {
      to.pointee.programCounter = 0
      // Its stack is in the kernel's address space, which this process does not have.
      let thread = Thread { unsafe self.state.pointee.begin?() }
      thread.stackSize = 4 << 20
      thread.start()
    } else {
      guard let other = unsafe state.pointee.sleeping.removeValue(forKey: to.address) else {
        fatalError("a switch to a task that does not sleep")
      }
      other.signal()
    }
    // Nobody will wake a task that has ended: its thread ends with it.
    if isLast { pthread_exit(nil) }
    mine.wait()
  }
}
