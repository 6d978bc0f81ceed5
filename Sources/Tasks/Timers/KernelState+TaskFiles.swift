import AddressSpaces
import Arm64
public import Files
import KernelHeap
public import MemoryTypes

/// Making such files, and what the room of files asks of them.
extension KernelState {
  /// What is done with the files of this room.
  public static var taskFileOperations: SuppliedOperations {
    SuppliedOperations(
      name: { _, file in
        switch file.kind {
        case 1: "[timerfd]"
        case 2: "[signalfd]"
        default: "[pidfd]"
        }
      },
      read: { (state, file, count, sink) throws(Errno) in
        let kernel = unsafe KernelState(store: state.pointer(to: KernelStore<B>.self))
        return try kernel.read(taskFile(file), count, sink)
      },
      readiness: { state, file in
        let kernel = unsafe KernelState(store: state.pointer(to: KernelStore<B>.self))
        return kernel.readiness(of: taskFile(file))
      },
      release: { state, file in
        let kernel = unsafe KernelState(store: state.pointer(to: KernelStore<B>.self))
        kernel.release(taskFile(file))
      })
  }

  private static func taskFile(_ file: SuppliedFile) -> KernelPointer<TaskFile<B>> {
    // SAFETY: the address is that of the object that the file was made with, which goes with it.
    unsafe KernelPointer(
      UnsafeMutablePointer<TaskFile<B>>(bitPattern: file.address).unsafelyUnwrapped)
  }

  /// The object of this room that an open file is; nil for any other.
  public func taskFile(
    _ file: KernelPointer<OpenFile>, _ kind: TaskFile<B>.Kind
  ) -> KernelPointer<TaskFile<B>>? {
    guard let supplied = files.pointee.supplied(file), supplied.kind == kind.rawValue else {
      return nil
    }
    return Self.taskFile(supplied)
  }

  /// Makes an open file with an object of its own.
  private func makeTaskFile(
    _ kind: TaskFile<B>.Kind, _ flags: OpenFlags
  ) throws(Errno) -> (KernelPointer<OpenFile>, KernelPointer<TaskFile<B>>) {
    guard let object = store.pointee.caches.taskFiles.allocate(TaskFile(kind)) else {
      throw .ENOMEM
    }
    object.pointee.deadline.object = object.address
    do throws(Errno) {
      let file = try files.pointee.makeSuppliedFile(
        SuppliedFile(
          kind: kind.rawValue, address: object.address, isSeekable: kind != .process), flags)
      object.pointee.inode = file.pointee.inode
      return (file, object)
    } catch {
      store.pointee.caches.taskFiles.free(object)
      throw error
    }
  }

  /// A timer as a file, that is off (timerfd_create).
  public func makeTimerFile(
    followsTimeOfDay: Bool, _ flags: OpenFlags
  ) throws(Errno) -> KernelPointer<OpenFile> {
    let (file, object) = try makeTaskFile(.timer, flags)
    object.pointee.followsTimeOfDay = followsTimeOfDay
    return file
  }

  /// Signals as a file (signalfd4).
  public func makeSignalFile(
    _ signals: SignalSet, _ flags: OpenFlags
  ) throws(Errno) -> KernelPointer<OpenFile> {
    let (file, object) = try makeTaskFile(.signals, flags)
    object.pointee.signals = signals
    link(object, &store.pointee.signalFiles)
    return file
  }

  /// Sets which signals a file is about.
  public func setSignals(_ signals: SignalSet, of object: KernelPointer<TaskFile<B>>) {
    object.pointee.signals = signals
    happened(to: object)
  }

  /// A process as a file (pidfd_open, CLONE_PIDFD).
  public func makeProcessFile(
    _ number: KernelPointer<PID<B>>, _ flags: OpenFlags
  ) throws(Errno) -> KernelPointer<OpenFile> {
    let (file, object) = try makeTaskFile(.process, flags)
    retain(number)
    object.pointee.number = number
    link(object, &store.pointee.processFiles)
    return file
  }

  /// Gives the caller of clone a file of the child, and stores its number where it said
  /// (CLONE_PIDFD).
  func giveProcessFile(
    of child: KernelPointer<Task<B>>, at place: UInt64
  ) throws(Errno) {
    guard let table = current.pointee.files, let space = current.pointee.memory.space else {
      throw .EBADF
    }
    let file = try makeProcessFile(child.pointee.number, .readWrite)
    let descriptor = try files.pointee.install(
      file, in: table, limit: current.pointee.process.pointee.limits[.openFiles].soft,
      closeOnExec: true)
    do throws(Errno) {
      try space.pointee.copyOut(
        Int32(truncatingIfNeeded: descriptor), to: VirtualAddress(place))
    } catch {
      try? files.pointee.close(descriptor, in: table)
      throw error
    }
  }

  private func link(
    _ object: KernelPointer<TaskFile<B>>, _ list: inout KernelPointer<TaskFile<B>>?
  ) {
    object.pointee.next = list
    list?.pointee.previous = object
    list = object
  }

  /// Nothing refers to a file any more.
  private func release(_ object: KernelPointer<TaskFile<B>>) {
    removeDeadline(Self.deadlinePointer(object))
    let next = object.pointee.next
    let previous = object.pointee.previous
    next?.pointee.previous = previous
    if let previous {
      previous.pointee.next = next
    } else if store.pointee.signalFiles == object {
      store.pointee.signalFiles = next
    } else if store.pointee.processFiles == object {
      store.pointee.processFiles = next
    }
    if let number = object.pointee.number { release(number) }
    store.pointee.caches.taskFiles.free(object)
  }

  static func deadlinePointer(_ object: KernelPointer<TaskFile<B>>) -> KernelPointer<Deadline> {
    // SAFETY: the part lies in the initialised object; it is taken out of its queue before the
    // object goes.
    unsafe withUnsafeMutablePointer(to: &object.pointee.deadline) { unsafe KernelPointer($0) }
  }

  func happened(to object: KernelPointer<TaskFile<B>>) {
    if let inode = object.pointee.inode { files.pointee.happened(to: inode) }
  }

  /// A signal was queued: who reads or polls for signals tests again (signalfd_notify()).
  @inline(never)
  func noteSignalFiles() {
    var next = store.pointee.signalFiles
    while let object = next {
      next = object.pointee.next
      happened(to: object)
    }
  }

  /// A process has ended: who polls for it tests again (do_notify_pidfd()).
  @inline(never)
  func noteProcessFiles(_ process: KernelPointer<Process<B>>) {
    var next = store.pointee.processFiles
    while let object = next {
      next = object.pointee.next
      if object.pointee.number?.pointee.number == process.pointee.id { happened(to: object) }
    }
  }

  private func readiness(of object: KernelPointer<TaskFile<B>>) -> Readiness {
    switch object.pointee.kind {
    case .timer: return object.pointee.expiries > 0 ? .input : []
    case .signals:
      // Those of whoever asks.
      let task = current
      let pending =
        task.pointee.pending.set.rawValue | task.pointee.process.pointee.pending.set.rawValue
      return pending & object.pointee.signals.rawValue != 0 ? .input : []
    case .process:
      guard let process = object.pointee.number?.pointee.process else {
        return [.input, .normalInput]
      }
      return process.pointee.isZombie ? [.input, .normalInput] : []
    }
  }

  private func read(
    _ object: KernelPointer<TaskFile<B>>, _ count: UInt64, _ sink: ByteSink
  ) throws(Errno) -> Int {
    switch object.pointee.kind {
    case .timer: return try readTimer(object, count, sink)
    case .signals: return try readSignals(object, count, sink)
    case .process: throw .EINVAL
    }
  }

  /// Hands a value's bytes to whoever reads.
  private func give<T: BitwiseCopyable>(_ value: T, _ sink: ByteSink) throws(Errno) -> Int {
    try unsafe withUnsafeBytes(of: value) { (bytes) throws(Errno) in
      try unsafe sink(ByteString(bytes))
    }
  }

  private func readTimer(
    _ object: KernelPointer<TaskFile<B>>, _ count: UInt64, _ sink: ByteSink
  ) throws(Errno) -> Int {
    guard count >= 8 else { throw .EINVAL }
    guard object.pointee.expiries > 0 else { throw .EAGAIN }
    goOn(object)
    let expiries = object.pointee.expiries
    object.pointee.expiries = 0
    return try give(expiries, sink)
  }

  /// Reads as many signals as there are and fit, each as a `signalfd_siginfo` of 128 bytes.
  private func readSignals(
    _ object: KernelPointer<TaskFile<B>>, _ count: UInt64, _ sink: ByteSink
  ) throws(Errno) -> Int {
    guard count >= 128 else { throw .EINVAL }
    let others = SignalSet(rawValue: ~object.pointee.signals.rawValue)
    var done = 0
    while count &- UInt64(done) >= 128, let info = takeSignal(blocked: others) {
      done &+= try give(SignalFileRecord(info), sink)
    }
    guard done > 0 else { throw .EAGAIN }
    return done
  }
}

/// `struct signalfd_siginfo`: which fields are set hangs on the layout (signalfd_copyinfo()).
struct SignalFileRecord: BitwiseCopyable {
  var words = InlineArray<16, UInt64>(repeating: 0)

  init(_ info: SignalInfo) {
    set32(0, UInt32(bitPattern: info.number))
    set32(4, UInt32(bitPattern: info.errorNumber))
    set32(8, UInt32(bitPattern: info.code))
    let layout = info.layout
    switch layout {
    case .kill, .queue, .child:
      set32(12, UInt32(bitPattern: info.process))
      set32(16, info.user)
      if layout == .queue {
        words[6] = info.second
        set32(44, UInt32(truncatingIfNeeded: info.second))
      } else if layout == .child {
        set32(40, UInt32(bitPattern: info.status))
        words[7] = info.third
        words[8] = info.fourth
      }
    case .timer:
      set32(24, UInt32(bitPattern: info.process))
      set32(32, UInt32(bitPattern: info.overruns))
      words[6] = info.second
      set32(44, UInt32(truncatingIfNeeded: info.second))
    case .poll:
      set32(28, UInt32(truncatingIfNeeded: info.first))
      set32(20, UInt32(truncatingIfNeeded: info.second))
    case .fault, .systemCall: words[9] = info.first
    }
  }

  private mutating func set32(_ offset: Int, _ value: UInt32) {
    let shift = UInt64(offset & 4) &* 8
    words[offset / 8] |= UInt64(value) &<< shift
  }
}
