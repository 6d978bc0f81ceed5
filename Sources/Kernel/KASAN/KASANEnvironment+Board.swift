#if KASAN
import Arm64
import BoardFormat
import KernelAssembly
import KernelHeap
import KernelLog
import KernelModules
import KernelLayout
import MemoryTypes
import PageFrames
import Tasks

extension KASANEnvironment {
  /// What the sanitizer asks of this kernel.
  static var board: KASANEnvironment {
    unsafe KASANEnvironment(
      context: nil,
      stack: { unsafe KASANBoard.stack($1, $2) },
      task: { _ in KASANBoard.task.map { UInt32(bitPattern: $0.pointee.pid) } ?? 0 },
      command: { unsafe KASANBoard.command($1, $2) },
      line: { unsafe KASANBoard.line($1, $2) },
      symbol: { unsafe KASANBoard.symbol($1, $2, $3) },
      dumpStack: { KASANBoard.dumpStack(from: $1) },
      cacheFacts: { unsafe KASANBoard.cache($1, $2) },
      object: { unsafe KASANBoard.object($1, $2) },
      block: { unsafe KASANBoard.block($1, $2) },
      allocatorCaller: { _ in KASANBoard.allocatorCaller },
      giveBack: { KASANBoard.giveBack($1, $2) },
      place: { KASANBoard.place(of: $1).rawValue },
      stackStart: { _ in KASANBoard.currentStack.lowerBound },
      area: { unsafe KASANBoard.area($1, $2, $3) },
      dumpPage: { KASANBoard.dumpPage($1) },
      reported: { _ in Taint.add(.badPage) })
  }
}

/// The functions behind ``KASANEnvironment/board``.
enum KASANBoard {
  static var task: KernelPointer<Task<VirtBoard>>? {
    unsafe kernel_variables().pointee.state == 0 ? nil : Kernel.state.current
  }

  /// The memory that the current task's kernel stack has; the boot stack before there is a task.
  static var currentStack: Range<UInt64> {
    let pointer = read_frame_pointer()
    let boot = address_of_boot_stack_start()..<address_of_boot_stack_end()
    guard task != nil, !boot.contains(pointer) else { return boot }
    // A stack begins at a multiple of its size.
    let size = Kernel.state.layout.threadSize.rawValue
    let start = pointer & ~(size &- 1)
    return start..<start &+ size
  }

  /// The callers, by the chain of frame pointers, which ends with 0 where the kernel was entered.
  static func stack(_ place: UnsafeMutablePointer<UInt64>, _ room: Int) -> Int {
    var frame = read_frame_pointer()
    let limit = frame &+ 65536
    var count = 0
    while count < room, frame & 7 == 0, frame != 0, frame < limit {
      // SAFETY: a frame record of this stack: the next one and the return address.
      let record = unsafe UnsafePointer<UInt64>(bitPattern: UInt(frame)).unsafelyUnwrapped
      let (next, caller) = unsafe (record[0], record[1])
      guard caller != 0 else { break }
      unsafe place[count] = caller
      count &+= 1
      guard next > frame else { break }
      frame = next
    }
    return count
  }

  static func command(_ place: UnsafeMutablePointer<UInt8>, _ room: Int) -> Int {
    guard let task else { return unsafe copy("swapper", place, room) }
    let count = min(task.pointee.name.count, room)
    for index in 0..<count { unsafe place[index] = task.pointee.name.bytes[index] }
    return count
  }

  static func line(_ text: UnsafePointer<UInt8>, _ length: Int) {
    var line = LogLine()
    unsafe line.append(bytes: UnsafeRawBufferPointer(start: text, count: length))
    line.send(.error)
  }

  private static func line(_ body: (inout LogLine) -> Void) {
    var line = LogLine()
    body(&line)
    line.send(.error)
  }

  static func copy(_ text: StaticString, _ place: UnsafeMutablePointer<UInt8>, _ room: Int) -> Int {
    let count = min(text.utf8CodeUnitCount, room)
    for index in 0..<count { unsafe place[index] = text.utf8Start[index] }
    return count
  }

  /// An address as `%pS` writes it.
  static func symbol(_ address: UInt64, _ place: UnsafeMutablePointer<UInt8>, _ room: Int) -> Int {
    var line = LogLine()
    Symbols.append(address, to: &line)
    return unsafe line.withBytes { bytes in
      let count = min(bytes.count, room)
      for index in 0..<count { unsafe place[index] = bytes[index] }
      return count
    }
  }

  /// `dump_stack()`.
  static func dumpStack(from caller: UInt64) {
    line { line in
      line.append("CPU: 0 PID: ")
      line.append(decimal: UInt64(UInt32(bitPattern: task?.pointee.pid ?? 0)))
      line.append(" Comm: ")
      if let task { line.append(task.pointee.name) } else { line.append("swapper") }
      line.append(" ")
      Taint.describe(&line)
      line.append(" ")
      line.append(SystemName.release)
      line.append(" ")
      line.append(SystemName.version)
      line.append(" ")
    }
    line { $0.append("Hardware name: linux,dummy-virt (DT)") }
    line { $0.append("Call trace:") }
    var addresses = InlineArray<64, UInt64>(repeating: 0)
    var span = addresses.mutableSpan
    let count = unsafe span.withUnsafeMutableBufferPointer { buffer in
      unsafe stack(buffer.baseAddress.unsafelyUnwrapped, 64)
    }
    for index in 0..<count {
      let address = addresses[index]
      line { line in
        line.append(" ")
        Symbols.append(address, to: &line)
      }
    }
  }

  /// Whether an address is in a function of the allocators, or of what checks them.
  private static func isAllocators(_ address: UInt64) -> Bool {
    if Modules.loader?.pointee.module(at: address) != nil { return false }
    var line = LogLine()
    Symbols.append(address, to: &line)
    return unsafe line.withBytes { name in
      for index in 0..<9 {
        let word: StaticString =
          switch index {
          case 0: "KASAN"
          case 1: "SlabHooks"
          case 2: "SlabAllocator"
          case 3: "SlabCache"
          case 4: "ObjectCache"
          case 5: "kmem_cache_"
          case 6: "ksize"
          case 7: "krealloc"
          default: "KernelPointer<>"
          }
        if unsafe contains(name, word) { return true }
      }
      return false
    }
  }

  private static func contains(_ bytes: UnsafeRawBufferPointer, _ text: StaticString) -> Bool {
    let count = text.utf8CodeUnitCount
    guard bytes.count >= count else { return false }
    for start in 0...bytes.count &- count {
      var same = 0
      while same < count, unsafe bytes[start &+ same] == text.utf8Start[same] { same &+= 1 }
      if same == count { return true }
    }
    return false
  }

  /// The frame of an address in the linear map.
  static func frame(of address: UInt64) -> (KernelPointer<Frame>, PageFrameNumber)? {
    let board = VirtBoard()
    guard let frames, address >= 0 &- 1 &<< kernel_parameters.va_bits else { return nil }
    let physical = PhysicalAddress(address &- kernel_parameters.linear_offset)
    let number = PageFrameNumber(containing: physical, board.pageSize)
    guard frames.pointee.banks.contains(physical) else { return nil }
    return (frames.pointee.frame(number), number)
  }

  static var frames: KernelPointer<FrameAllocator<VirtBoard>>? {
    // SAFETY: start-up stores the address of the allocator, which stays.
    guard
      let place = unsafe UnsafeMutablePointer<FrameAllocator<VirtBoard>>(
        bitPattern: UInt(kasan_board().pointee.frames))
    else { return nil }
    return unsafe KernelPointer(place)
  }

  static func place(of address: UInt64) -> KASANPlace {
    var place: KASANPlace = []
    // From _stext on: vmalloc's addresses begin before (kernel_or_module_addr()).
    if address >= address_of_text_start(), address < address_of_image_end() {
      let boot = address_of_boot_stack_start()..<address_of_boot_stack_end()
      if !boot.contains(address) { place.insert(.variable) }
    }
    if Modules.loader?.pointee.module(at: address) != nil { place.insert(.variable) }
    if unsafe kernel_variables().pointee.state != 0,
      Kernel.state.vmalloc.pointee.isVMalloc(VirtualAddress(address))
    {
      place.insert(.vmalloc)
    }
    if currentStack.contains(address) { place.insert(.stack) }
    return place
  }

  static func cache(_ number: UInt, _ place: UnsafeMutableRawPointer) {
    // SAFETY: the allocator's hooks pass on the address of a cache.
    guard let cache = unsafe UnsafeMutablePointer<SlabCache<VirtBoard>>(bitPattern: number) else {
      return
    }
    unsafe place.assumingMemoryBound(to: CheckedCache.self).pointee = CheckedCache(
      KernelPointer(cache))
  }

  static func object(_ address: UInt64, _ place: UnsafeMutableRawPointer) -> Bool {
    guard let slab, frame(of: address) != nil,
      let pointer = unsafe UnsafeRawPointer(bitPattern: UInt(address)),
      let object = unsafe slab.pointee.checkedObject(at: pointer)
    else { return false }
    unsafe place.assumingMemoryBound(to: CheckedObject.self).pointee = object
    return true
  }

  /// The block of frames that an address lies in: of the blocks that could hold it, the one that
  /// begins with a frame in use of that order.
  static func block(_ address: UInt64, _ place: UnsafeMutablePointer<UInt64>) {
    guard let frames, let (_, number) = frame(of: address) else { return }
    let size = VirtBoard().pageSize.bytes.rawValue
    for order in 0..<UInt64(frames.pointee.geometry.orders) {
      let head = number.rawValue & ~((1 &<< order) &- 1)
      let first = frames.pointee.frame(PageFrameNumber(head))
      guard first.pointee.state.isAllocated, UInt64(first.pointee.blockOrder) >= order else {
        continue
      }
      let start = (address & ~(size &- 1)) &- (number.rawValue &- head) &* size
      unsafe place[0] = start
      unsafe place[1] = start &+ size &<< UInt64(first.pointee.blockOrder)
      return
    }
  }

  static func giveBack(_ cache: UInt, _ object: UInt64) {
    guard let slab, let pointer = unsafe UnsafeMutableRawPointer(bitPattern: UInt(object)) else {
      return
    }
    unsafe slab.pointee.giveBack(pointer, to: cache)
  }

  static var slab: KernelPointer<SlabAllocator<VirtBoard>>? {
    // SAFETY: start-up stores the address of the allocator, which stays.
    guard
      let place = unsafe UnsafeMutablePointer<SlabAllocator<VirtBoard>>(
        bitPattern: UInt(kasan_board().pointee.slab))
    else { return nil }
    return unsafe KernelPointer(place)
  }

  /// The first caller that is none of the allocators' own functions, as Linux passes _RET_IP_ on.
  static var allocatorCaller: UInt64 {
    var addresses = InlineArray<64, UInt64>(repeating: 0)
    var span = addresses.mutableSpan
    let count = unsafe span.withUnsafeMutableBufferPointer { buffer in
      unsafe stack(buffer.baseAddress.unsafelyUnwrapped, 64)
    }
    for index in 0..<count where !isAllocators(addresses[index]) {
      return addresses[index]
    }
    return addresses[0]
  }

  /// `vmalloc_dump_obj()`.
  static func area(_ address: UInt64, _ place: UnsafeMutablePointer<UInt8>, _ room: Int) -> Int {
    guard
      let area = Kernel.state.vmalloc.pointee.description(of: VirtualAddress(address))
    else { return unsafe copy(" vmalloc virtual mapping", place, room) }
    var line = LogLine()
    line.append(" ")
    line.append(decimal: UInt64(area.pointee.pages))
    line.append("-page vmalloc region starting at 0x")
    line.append(hex: area.pointee.start.rawValue, digits: 16)
    line.append(" allocated at ")
    let caller = area.pointee.caller
    if caller.isName {
      // SAFETY: the name ends with a zero.
      var at = unsafe UnsafePointer<UInt8>(bitPattern: caller.word)
      while let byte = unsafe at?.pointee, byte != 0 {
        line.append(byte: byte)
        unsafe at = at?.successor()
      }
    } else {
      Symbols.append(UInt64(caller.word), to: &line)
    }
    return unsafe line.withBytes { bytes in
      let count = min(bytes.count, room)
      for index in 0..<count { unsafe place[index] = bytes[index] }
      return count
    }
  }

  /// `dump_page()`: what the frame table says of an address's frame.
  static func dumpPage(_ address: UInt64) {
    var found = frame(of: address)
    if found == nil, place(of: address).contains(.vmalloc),
      let number = Kernel.state.vmalloc.pointee.frame(of: VirtualAddress(address)), let frames
    {
      found = (frames.pointee.frame(number), number)
    }
    guard let (frame, number) = found else { return }
    line { $0.append("The buggy address belongs to the physical page:") }
    line { line in
      line.append("page:(____ptrval____) refcount:")
      line.append(signed: Int64(frame.pointee.referenceCount))
      line.append(" mapcount:")
      line.append(signed: Int64(frame.pointee.mapCount))
      line.append(" mapping:0000000000000000 index:0x0 pfn:0x")
      line.append(hex: number.rawValue)
    }
    if frame.pointee.blockOrder > 0, frame.pointee.state == .kernel {
      line { line in
        line.append("head:(____ptrval____) order:")
        line.append(decimal: UInt64(frame.pointee.blockOrder))
        line.append(" compound_mapcount:0 compound_pincount:0")
      }
    }
    line { line in
      switch frame.pointee.state {
      case .slab: line.append("flags: 0x200(slab|zone=0)")
      case .kernel where frame.pointee.blockOrder > 0:
        line.append("flags: 0x10000(head|zone=0)")
      default: line.append("flags: 0x0(zone=0)")
      }
    }
    for row in 0..<2 {
      line { line in
        line.append("raw:")
        for column in 0..<4 {
          // SAFETY: a frame has eight words.
          let word = unsafe frame.raw.load(
            fromByteOffset: (row &* 4 &+ column) &* 8, as: UInt64.self)
          line.append(" ")
          line.append(hex: word, digits: 16)
        }
      }
    }
    line { $0.append("page dumped because: kasan: bad access detected") }
    line { _ in }
  }
}
#endif
