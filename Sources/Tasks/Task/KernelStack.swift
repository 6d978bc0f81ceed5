import Arm64
import KernelHeap
import KernelLayout
public import MemoryTypes
import PageFrames

/// The stack that a task has while the kernel works for it: pages of vmalloc, a guard page behind
/// them and another area's guard before (CONFIG_VMAP_STACK).
///
/// ```
///     start                                       top of the stack = start + THREAD_SIZE
///   ──┬────────┬─────────────────────┬─────────────┬────────┬──
///  guard of the│  grows down  ◀───── │ UserContext │ guard  │
///   one before │                     │             │        │
/// ```
///
/// It begins at a multiple of twice its size, as Linux's (THREAD_ALIGN), whose exception entry reads
/// an overflow from a bit of SP. Here exceptions of the kernel have a stack of their own, and their
/// handler asks the MMU whether this one had room.
public struct KernelStack: BitwiseCopyable {
  let area: KernelPointer<VMDescription>
  /// Its lowest address.
  public let start: VirtualAddress
  /// Where the kernel finds the frame of its highest page.
  let lastPage: PhysicalAddress

  /// The stacks that a CPU keeps of tasks that ended (NR_CACHED_STACKS).
  static var cached: Int { 2 }
}

extension KernelState {
  /// A stack with nothing on it; nil if there is no room (kernel/fork.c:alloc_thread_stack_node()).
  ///
  /// One that is cached holds what it held: nothing of it is read before it is written, so unlike
  /// Linux's it is not cleared.
  func takeStack() -> KernelStack? {
    guard let stack = takeCachedStack() ?? makeStack() else { return nil }
    frames.pointee.count(.nr_kernel_stack, by: Int(layout.threadSize.kibibytes))
    if frames.pointee.groups.current != nil { chargeStack(stack) }
    return stack
  }

  private func lastFrame(of stack: KernelStack) -> KernelPointer<Frame> {
    frames.pointee.frame(PageFrameNumber(containing: stack.lastPage, board.pageSize))
  }

  /// Charges each page of a stack to the group of who makes the task
  /// (`memcg_charge_kernel_stack()`).
  @inline(never) private func chargeStack(_ stack: KernelStack) {
    forEachPage(of: stack) { frames.pointee.chargeKernel($0) }
    frames.pointee.countGroup(
      .nr_kernel_stack, lastFrame(of: stack), by: Int(layout.threadSize.kibibytes))
  }

  /// The stack may be kept for another task, but is nobody's until then
  /// (`exit_task_stack_account()`).
  @inline(never) private func unchargeStack(_ stack: KernelStack) {
    frames.pointee.countGroup(
      .nr_kernel_stack, lastFrame(of: stack), by: -Int(layout.threadSize.kibibytes))
    forEachPage(of: stack) { frames.pointee.unchargeKernel($0) }
  }

  private func forEachPage(of stack: KernelStack, _ body: (PageFrameNumber) -> Void) {
    var address = stack.start
    while address < stack.start + layout.threadSize {
      if let number = vmalloc.pointee.frame(of: address) { body(number) }
      address += board.pageSize.bytes
    }
  }

  private func takeCachedStack() -> KernelStack? {
    for index in 0..<KernelStack.cached {
      guard let stack = store.pointee.cachedStacks[index] else { continue }
      store.pointee.cachedStacks[index] = nil
      // Functions that never returned have left marks on it.
      vmalloc.pointee.open(stack.area)
      return stack
    }
    return nil
  }

  /// Gives up the stacks that are kept (`free_vm_stack_cache()`, when a CPU goes).
  public func dropCachedStacks() {
    while let stack = takeCachedStack() { vmalloc.pointee.free(stack.area) }
  }

  /// Takes a stack back that nothing runs on: keeps it, or gives it up
  /// (`free_thread_stack()`, `try_release_thread_stack_to_cache()`).
  func giveStack(_ stack: KernelStack) {
    frames.pointee.count(.nr_kernel_stack, by: -Int(layout.threadSize.kibibytes))
    if lastFrame(of: stack).pointee.charge != 0 { unchargeStack(stack) }
    for index in 0..<KernelStack.cached where store.pointee.cachedStacks[index] == nil {
      store.pointee.cachedStacks[index] = stack
      return
    }
    vmalloc.pointee.free(stack.area)
  }

  private func makeStack() -> KernelStack? {
    let size = layout.threadSize
    guard
      let area = vmalloc.pointee.allocateArea(
        size, .kernel, alignment: layout.threadAlignment.rawValue, caller: "kernel_clone")
    else { return nil }
    let start = area.pointee.start
    guard let frame = vmalloc.pointee.frame(of: start + size - board.pageSize.bytes) else {
      return nil
    }
    return KernelStack(
      area: area, start: start, lastPage: frames.pointee.address(of: frame))
  }

  /// Where the registers of the program are: the highest bytes of the stack.
  func contextAddress(_ stack: KernelStack) -> VirtualAddress {
    stack.start + layout.threadSize - ByteCount(UInt64(Self.contextLength))
  }

  /// The same place for the kernel's use, in the linear map.
  func contextPointer(_ stack: KernelStack) -> KernelPointer<UserContext> {
    let place = stack.lastPage + board.pageSize.bytes - ByteCount(UInt64(Self.contextLength))
    // SAFETY: the place lies in the task's own stack, and is initialised here.
    let pointer = unsafe board.pointer(to: place).bindMemory(to: UserContext.self, capacity: 1)
    unsafe pointer.initialize(to: UserContext())
    return unsafe KernelPointer(pointer)
  }

  private static var contextLength: Int { (MemoryLayout<UserContext>.size &+ 15) & ~15 }
}
