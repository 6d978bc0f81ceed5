import AddressSpaces
import Arm64
import BoardFormat
import Files
import HostBoard
import KernelHeap
import KernelLayout
import MemoryTypes
import PageFrames
import SystemCalls
import Tasks
import TestSupport

typealias TestKernel = KernelState<HostProcessor>

/// A whole machine on the host: RAM, allocators, files, process 1.
final class GuestMachine {
  let processor: HostProcessor
  let kernel: TestKernel
  /// The functions that programs run, by the program counter they begin at.
  var programs: [UInt64: (Guest) -> Void] = [:]
  private var acceptsAny = false

  init(
    _ pageSize: PageSize = .fourKiB, vaBits: UInt64? = nil, ram: ByteCount = .mebibytes(64),
    hardwareAccess: Bool = false, header: BoardHeader = BoardHeader(),
    idRegisters: IDRegisters = .neoverseN1
  ) {
    let geometry = TranslationGeometry.forTests(pageSize, vaBits: vaBits)
    guard
      let host = HostBoard(
        translation: geometry, span: ram, hasHardwareAccessAndDirty: hardwareAccess)
    else { fatalError("no board") }
    processor = HostProcessor(host)
    processor.setIDRegisters(idRegisters)
    let machine = HostMachine(
      processor, table: unsafe FrameTable(base: host.frameTableBase), [(0, ram.rawValue)])
    let frames = machine.frames
    let slab = machine.makeHeap()
    guard
      let files = try? FileSystem.start(
        board: processor, frames: frames, slab: slab,
        sources: unsafe FileSystemSources(
          archive: UnsafeRawBufferPointer(start: nil, count: 0),
          standardInput: UnsafeRawBufferPointer(start: nil, count: 0), isInteractive: false,
          realtimeSeconds: header.realtimeSeconds)),
      let code = frames.pointee.allocate([.kernel, .zero]),
      let data = frames.pointee.allocate([.kernel, .zero]),
      let root = frames.pointee.allocate([.kernel, .zero])
    else { fatalError("the machine did not start") }
    let statistics = UnsafeMutablePointer<Statistics>.allocate(capacity: 1)
    unsafe statistics.initialize(to: Statistics())
    let layout = KernelLayout(linux6_1: geometry)
    guard
      let vmalloc = VMAllocator.start(
        slab: slab, table: PageTable(board: processor, root: root),
        vmalloc: layout.vmallocStart..<layout.vmallocEnd,
        modules: layout.modulesStart..<layout.modulesEnd)
    else { fatalError("the machine did not start") }
    let foundation = TestKernel.Foundation(
      board: processor, header: header, layout: layout, frames: frames,
      slab: slab, vmalloc: vmalloc, files: files, statistics: unsafe KernelPointer(statistics),
      vdso: VDSOImage(
        code: code, codePages: PageCount(1), data: data, dataPages: PageCount(2)))
    guard let kernel = TestKernel.start(foundation) else { fatalError("no process 1") }
    self.kernel = kernel
    let context = SurroundingState(kernel.store)
    files.pointee.connect(
      Surroundings(
        context: context,
        entry: { _, _, _ throws(Errno) in throw .ENOENT },
        next: { _, _, _ in nil },
        target: { _, _ throws(Errno) in throw .ENOENT },
        texts: .none,
        unmapPages: { _, _, _ in },
        caller: { state in
          unsafe TestKernel(store: state.pointer(to: KernelStore<HostProcessor>.self)).caller
        },
        wake: { state, inode in
          unsafe TestKernel(store: state.pointer(to: KernelStore<HostProcessor>.self))
            .wake(at: inode)
        },
        supplied: .none,
        consoleWrite: { state, channel, bytes in
          let kernel = unsafe TestKernel(
            store: state.pointer(to: KernelStore<HostProcessor>.self))
          unsafe kernel.board.write(channel, bytes.bytes)
        },
        hasTyped: { _ in true },
        consoleRead: { state, room throws(Errno) in
          let kernel = unsafe TestKernel(
            store: state.pointer(to: KernelStore<HostProcessor>.self))
          return try unsafe kernel.readTyped(room.bytes)
        }))
    processor.setHasEnded { address in
      func place(_ task: KernelPointer<Task<HostProcessor>>) -> UInt {
        unsafe UInt(bitPattern: withUnsafePointer(to: &task.pointee.switched) { unsafe $0 })
      }
      if let dead = kernel.store.pointee.deadTask, place(dead) == address { return true }
      var hasEnded = false
      kernel.forEachTask { task in
        if place(task) == address { hasEnded = task.pointee.state == .zombie }
      }
      return hasEnded
    }
    processor.setBegin { [unowned self] in
      self.begin()
    }
  }

  func end() { processor.release() }

  /// A task's thread: runs the function that its program counter names, and ends with exit 0.
  private func begin() {
    kernel.beginTask()
    let context = kernel.current.pointee.context
    let guest = Guest(kernel: kernel, context: context)
    let place = context.pointee.programCounter
    if let program = programs[place] {
      program(guest)
    } else if !acceptsAny {
      fatalError("no program at \(String(place, radix: 16))")
    }
    guest.call(94, 0)
  }

  /// Writes a file, as if it had been there from the start.
  func addFile(_ path: String, _ bytes: [UInt8], mode: UInt32 = 0o755) {
    let files = kernel.files
    do {
      let file = try files.pointee.open(
        kept(path), from: files.pointee.root, [.readWrite, .create, .truncate],
        permissions: mode)
      var place = 0
      _ = try files.pointee.write(file, ByteCount(UInt64(bytes.count))) { room in
        for index in 0..<room.count { unsafe room.bytes[index] = bytes[place + index] }
        place += room.count
        return room.count
      }
      files.pointee.release(file)
    } catch { fatalError("\(path): \(error)") }
  }

  func addFolder(_ path: String) {
    try? kernel.files.pointee.makeDirectory(
      kept(path), from: kernel.files.pointee.root, permissions: 0o755)
  }

  /// Runs a program file as the first program, to the end of everything.
  ///
  /// With `any`, a program that begins where no function is registered ends at once.
  @discardableResult
  func run(
    _ path: String, _ arguments: [String], _ environment: [String] = [], any: Bool = false
  ) -> EndRecord {
    acceptsAny = any
    var strings: [UInt8] = []
    for text in [path] + arguments + environment { strings += Array(text.utf8) + [0] }
    var header = ProgramArguments()
    header.argc = UInt32(arguments.count)
    header.envc = UInt32(environment.count)
    header.length = UInt64(strings.count)
    let files = kernel.files
    guard let table = try? files.pointee.makeDescriptorTable() else { fatalError("no table") }
    for _ in 0..<3 {
      guard
        let file = try? files.pointee.open(
          kept("/dev/console"), from: files.pointee.root, .readWrite),
        (try? files.pointee.install(file, in: table, limit: 1024, closeOnExec: false)) != nil
      else { fatalError("no console") }
    }
    return unsafe strings.withUnsafeBytes { bytes in
      unsafe kernel.runFirstProgram(header, bytes, files: table)
    }
  }

  /// Runs a function as a program of its own.
  @discardableResult
  func run(_ program: @escaping (Guest) -> Void) -> EndRecord {
    let image = ELFBuilder.plain
    addFile("/program", image.bytes)
    programs[image.entry] = program
    return run("/program", ["/program"])
  }
}

/// A path as the kernel sees it; its bytes stay for ever.
func kept(_ text: String) -> ByteString {
  let bytes = Array(text.utf8)
  let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: max(bytes.count, 1), alignment: 16)
  unsafe copy.copyBytes(from: bytes)
  return unsafe ByteString(UnsafeRawBufferPointer(rebasing: copy.prefix(bytes.count)))
}

/// The program's side of the machine: registers, memory, system calls.
struct Guest {
  let kernel: TestKernel
  let context: KernelPointer<UserContext>

  var task: KernelPointer<Task<HostProcessor>> { kernel.current }

  /// Makes a system call; the result as the program sees it.
  @discardableResult
  func call(_ number: UInt64, _ arguments: UInt64...) -> Int64 {
    for index in 0..<6 { context.pointee.x[index] = index < arguments.count ? arguments[index] : 0 }
    context.pointee.x[8] = number
    // As the vectors store them.
    context.pointee.originalX0 = context.pointee.x[0]
    context.pointee.systemCallNumber = Int64(bitPattern: number)
    SystemCalls.dispatch(kernel, context)
    return Int64(bitPattern: context.pointee.x[0])
  }

  /// As ``call(_:_:)``, but the error number, 0 for success.
  func error(_ number: UInt64, _ arguments: [UInt64]) -> Int64 {
    var all = arguments
    while all.count < 6 { all.append(0) }
    let result = call(number, all[0], all[1], all[2], all[3], all[4], all[5])
    return result < 0 && result > -4096 ? -result : 0
  }

  /// Some writable memory of the program: anonymous, private.
  func memory(_ bytes: UInt64) -> UInt64 {
    UInt64(bitPattern: call(222, 0, bytes, 3, 0x22, ~0, 0))
  }

  func store<T: BitwiseCopyable>(_ value: T, at address: UInt64) {
    do {
      try task.pointee.memory.space?.pointee.copyOut(value, to: VirtualAddress(address))
    } catch { fatalError("store at \(String(address, radix: 16)): \(error)") }
  }

  func load<T: BitwiseCopyable>(_ type: T.Type = T.self, at address: UInt64) -> T {
    do {
      guard let space = task.pointee.memory.space else { fatalError("no space") }
      return try space.pointee.copyIn(T.self, from: VirtualAddress(address))
    } catch { fatalError("load at \(String(address, radix: 16)): \(error)") }
  }

  func store(_ text: String, at address: UInt64) {
    for (index, byte) in (Array(text.utf8) + [0]).enumerated() {
      store(byte, at: address + UInt64(index))
    }
  }

  func text(at address: UInt64) -> String {
    var bytes: [UInt8] = []
    while case let byte = load(UInt8.self, at: address + UInt64(bytes.count)), byte != 0 {
      bytes.append(byte)
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  /// Touches memory as the program would: a fault where nothing is mapped.
  func touch(_ address: UInt64, write: Bool) {
    context.pointee.systemCallNumber = -1
    kernel.handleUserException(
      ExceptionSyndrome(0x24 << 26 | 0x07 | (write ? 1 << 6 : 0)),
      faultAddress: VirtualAddress(address))
  }

  /// fork, with the child beginning at another program counter.
  func fork(childAt counter: UInt64, flags: UInt64 = 17) -> Int64 {
    let own = context.pointee.programCounter
    context.pointee.programCounter = counter
    defer { context.pointee.programCounter = own }
    return call(220, flags, 0, 0, 0, 0)
  }
}

extension IDRegisters {
  /// What QEMU's neoverse-n1 has.
  static var neoverseN1: IDRegisters {
    var id = IDRegisters()
    id.pfr0 = 0x1100_0000_1011_1112
    id.pfr1 = 0x20
    id.isar0 = 0x0000_1000_1021_1120
    id.isar1 = 0x0000_0000_0010_0001
    return id
  }
}
