#if KASAN
import KernelAssembly
import KernelHeap
import MemoryTypes
import PageFrames
import Tasks

@_cdecl("kilburn_kasan_seeds")
func kasanSeeds() { Seeds.run(Kernel.state) }

/// Faults of the kinds that Swift can make through its unsafe doors, each with its correct twin.
///
/// A KASAN kernel has them for who asks: a module, `Modules/tests/kasan_swift.c`.
///
/// Every case says its name, does what it does, and says how many reports that made.
enum Seeds {
  struct Node {
    var next: UInt64 = 1
    var words: InlineArray<11, UInt64> = .init(repeating: 2)
  }

  static func run(_ kernel: KernelState<VirtBoard>) {
    guard let cache = kernel.slab.pointee.makeCache(of: Node.self, name: "seeds") else { return }
    runAll(kernel, cache, isFaulty: true)
    runAll(kernel, cache, isFaulty: false)
  }

  private static func runAll(
    _ kernel: KernelState<VirtBoard>, _ cache: ObjectCache<Node, VirtBoard>, isFaulty: Bool
  ) {
    run("use_after_free_through_kernel_pointer", isFaulty) { useAfterFree(cache, $0) }
    run("write_after_free_through_kernel_pointer", isFaulty) { writeAfterFree(cache, $0) }
    run("off_by_one_past_an_object", isFaulty) { offByOne(cache, $0) }
    run("one_byte_before_a_buffer", isFaulty) { beforeBuffer(kernel, $0) }
    run("buffer_one_byte_short", isFaulty) { shortBuffer(kernel, $0) }
    run("alias_of_a_freed_page", isFaulty) { freedPage(kernel, $0) }
    run("double_free_of_an_object", isFaulty) { doubleFree(cache, $0) }
    run("copy_past_an_object", isFaulty) { copyPast(cache, kernel, $0) }
    run("behind_vmalloc_memory", isFaulty) { behindArea(kernel, $0) }
    run("past_an_array_on_the_stack", isFaulty) { pastStack($0) }
  }

  private static func run(_ name: StaticString, _ isFaulty: Bool, _ body: (Bool) -> Void) {
    let before = KASAN.ofBoard?.pointee.reports ?? 0
    say("seed ", name, isFaulty ? " faulty" : " twin")
    body(isFaulty)
    let made = (KASAN.ofBoard?.pointee.reports ?? 0) &- before
    say("seed ", name, made == 0 ? " silent" : made == 1 ? " reported" : " reported more than once")
  }

  private static func say(_ first: StaticString, _ second: StaticString, _ third: StaticString) {
    var line = InlineArray<128, UInt8>(repeating: 0)
    var count = 0
    func add(_ text: StaticString) {
      for index in 0..<text.utf8CodeUnitCount where count < 128 {
        unsafe line[count] = text.utf8Start[index]
        count &+= 1
      }
    }
    add(first)
    add(second)
    add(third)
    let span = line.span
    unsafe span.withUnsafeBufferPointer {
      unsafe KASANBoard.line($0.baseAddress.unsafelyUnwrapped, count)
    }
  }

  /// The same address, of which the compiler knows nothing.
  private static func hide(_ address: UInt) -> UnsafeMutableRawPointer {
    // SAFETY: a seed may be as unsafe as it likes.
    unsafe UnsafeMutableRawPointer(bitPattern: UInt(hide_from_compiler(UInt64(address))))
      .unsafelyUnwrapped
  }

  private static func hidden(_ node: KernelPointer<Node>) -> KernelPointer<Node> {
    unsafe KernelPointer(hide(node.address).assumingMemoryBound(to: Node.self))
  }

  @inline(never)
  private static func useAfterFree(_ cache: ObjectCache<Node, VirtBoard>, _ isFaulty: Bool) {
    guard let node = cache.allocate(Node()) else { return }
    let alias = hidden(node)
    if isFaulty { cache.free(node) }
    _ = hide_from_compiler(alias.pointee.words[3])
    if !isFaulty { cache.free(node) }
  }

  @inline(never)
  private static func writeAfterFree(_ cache: ObjectCache<Node, VirtBoard>, _ isFaulty: Bool) {
    guard let node = cache.allocate(Node()) else { return }
    let alias = hidden(node)
    if isFaulty { cache.free(node) }
    alias.pointee.next = hide_from_compiler(7)
    if !isFaulty { cache.free(node) }
  }

  @inline(never)
  private static func offByOne(_ cache: ObjectCache<Node, VirtBoard>, _ isFaulty: Bool) {
    guard let node = cache.allocate(Node()) else { return }
    let count = MemoryLayout<Node>.size / 8
    unsafe hide(node.address).storeBytes(
      of: 9, toByteOffset: (isFaulty ? count : count &- 1) &* 8, as: UInt64.self)
    cache.free(node)
  }

  @inline(never)
  private static func beforeBuffer(_ kernel: KernelState<VirtBoard>, _ isFaulty: Bool) {
    let size = ByteCount(100)
    guard let buffer = unsafe kernel.slab.pointee.allocateBytes(size) else { return }
    let place = unsafe hide(UInt(bitPattern: buffer))
    _ = unsafe hide_from_compiler(
      UInt64((place - (isFaulty ? 1 : 0)).load(as: UInt8.self)))
    unsafe kernel.slab.pointee.freeBytes(buffer, size)
  }

  @inline(never)
  private static func shortBuffer(_ kernel: KernelState<VirtBoard>, _ isFaulty: Bool) {
    let size = ByteCount(115)
    guard let buffer = unsafe kernel.slab.pointee.allocateBytes(size) else { return }
    unsafe hide(UInt(bitPattern: buffer)).storeBytes(
      of: 1, toByteOffset: isFaulty ? 115 : 114, as: UInt8.self)
    unsafe kernel.slab.pointee.freeBytes(buffer, size)
  }

  @inline(never)
  private static func freedPage(_ kernel: KernelState<VirtBoard>, _ isFaulty: Bool) {
    guard let frame = kernel.frames.pointee.allocate(.kernel) else { return }
    let address = kernel.frames.pointee.address(of: frame)
    let alias = unsafe hide(UInt(bitPattern: kernel.board.pointer(to: address)))
    if isFaulty { kernel.frames.pointee.free(frame) }
    _ = unsafe hide_from_compiler(alias.load(fromByteOffset: 64, as: UInt64.self))
    if !isFaulty { kernel.frames.pointee.free(frame) }
  }

  @inline(never)
  private static func doubleFree(_ cache: ObjectCache<Node, VirtBoard>, _ isFaulty: Bool) {
    guard let node = cache.allocate(Node()) else { return }
    let alias = hidden(node)
    cache.free(node)
    if isFaulty { cache.free(alias) }
  }

  @inline(never)
  private static func copyPast(
    _ cache: ObjectCache<Node, VirtBoard>, _ kernel: KernelState<VirtBoard>, _ isFaulty: Bool
  ) {
    guard let node = cache.allocate(Node()) else { return }
    guard let frame = kernel.frames.pointee.allocate(.kernel) else { return }
    let address = kernel.frames.pointee.address(of: frame)
    let target = unsafe kernel.board.pointer(to: address)
    let length = MemoryLayout<Node>.size &+ (isFaulty ? 8 : 0)
    unsafe target.copyMemory(
      from: hide(node.address), byteCount: Int(hide_from_compiler(UInt64(length))))
    kernel.frames.pointee.free(frame)
    cache.free(node)
  }

  @inline(never)
  private static func behindArea(_ kernel: KernelState<VirtBoard>, _ isFaulty: Bool) {
    let size = ByteCount(3000)
    guard let start = kernel.vmalloc.pointee.allocate(size, caller: "seeds") else { return }
    _ = unsafe hide_from_compiler(
      UInt64(
        hide(UInt(start.rawValue)).load(
          fromByteOffset: isFaulty ? 3000 : 2999, as: UInt8.self)))
    kernel.vmalloc.pointee.free(start)
  }

  @inline(never)
  private static func pastStack(_ isFaulty: Bool) {
    var array = InlineArray<10, UInt8>(repeating: 3)
    unsafe withUnsafeMutablePointer(to: &array) { place in
      let start = unsafe hide(UInt(bitPattern: place))
      unsafe start.storeBytes(of: 4, toByteOffset: isFaulty ? 10 : 9, as: UInt8.self)
    }
    _ = hide_from_compiler(UInt64(array[9]))
  }
}
#endif
