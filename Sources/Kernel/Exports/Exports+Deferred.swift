import KernelAssembly
import KernelHeap
import KernelModules
import MemoryTypes

/// Work that a module has put off: RCU's callbacks, work queues, threads.
///
/// Each is a record in the module's memory: the next one, a function that gets the record, a mark
/// that it waits. There is one CPU and no reader that could be in the middle of something when a
/// module calls, so a grace period is over as soon as anybody waits for it: the list is worked
/// off in its order at `rcu_barrier()`, `flush_work()` and their like, when an init function has
/// returned, and before a module goes.
@_cdecl("kilburn_defer")
@inline(__always)
func deferWork(_ work: UnsafeMutablePointer<UInt64>) -> Bool {
  let variables = unsafe Exports.variables
  // As queue_work(): what waits already does not wait twice.
  guard unsafe work[2] & 1 == 0 else { return false }
  #if KASAN
  // As kasan_record_aux_stack_noalloc() in call_rcu() and insert_work().
  KASAN.ofBoard?.pointee.recordAuxiliaryStack(UInt64(UInt(bitPattern: work)))
  #endif
  unsafe work[2] |= 1
  unsafe work[0] = 0
  let address = UInt64(UInt(bitPattern: work))
  if let last = unsafe UnsafeMutablePointer<UInt64>(bitPattern: UInt(variables.pointee.last_work)) {
    unsafe last[0] = address
  } else {
    unsafe variables.pointee.first_work = address
  }
  unsafe variables.pointee.last_work = address
  return true
}

/// Does all that waits, and what that puts off meanwhile; memory given back in the middle of
/// something is a work, too.
@_cdecl("kilburn_run_deferred")
func runDeferred() {
  let variables = unsafe Exports.variables
  while let work = unsafe UnsafeMutablePointer<UInt64>(
    bitPattern: UInt(variables.pointee.first_work))
  {
    unsafe variables.pointee.first_work = work[0]
    if unsafe work[0] == 0 { unsafe variables.pointee.last_work = 0 }
    unsafe work[2] &= ~1
    _ = Modules.call(unsafe work[1], UInt64(UInt(bitPattern: work)))
  }
  Exports.vmalloc.pointee.freeDeferred()
}

/// Takes one from the list; false where it does not wait.
@_cdecl("kilburn_cancel")
func cancelWork(_ work: UnsafeMutablePointer<UInt64>) -> Bool {
  guard unsafe work[2] & 1 != 0 else { return false }
  let variables = unsafe Exports.variables
  let address = UInt64(UInt(bitPattern: work))
  var previous: UnsafeMutablePointer<UInt64>?
  var next = unsafe UnsafeMutablePointer<UInt64>(bitPattern: UInt(variables.pointee.first_work))
  while let here = unsafe next {
    if unsafe here == work {
      if let previous = unsafe previous {
        unsafe previous[0] = work[0]
      } else {
        unsafe variables.pointee.first_work = work[0]
      }
      if unsafe variables.pointee.last_work == address {
        unsafe variables.pointee.last_work = UInt64(UInt(bitPattern: previous))
      }
      unsafe work[2] &= ~1
      return true
    }
    unsafe previous = here
    unsafe next = UnsafeMutablePointer<UInt64>(bitPattern: UInt(here[0]))
  }
  return false
}
