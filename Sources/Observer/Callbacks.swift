import HardwareModel
import ObserverEntry

/// What QEMU calls: when a block of instructions is translated, when it is executed, and after each
/// access to data.
///
/// The hot path of an observed run. What is known of an access when its instruction is translated
/// (its kind, who makes it) is the callback's pointer, as the bits of a record.

/// Has a block call back.
@unsafe func instrument(_ block: OpaquePointer) {
  let start = unsafe qemu_plugin_tb_vaddr(block)
  let count = unsafe qemu_plugin_tb_n_insns(block)
  let isKernel = start &>> 55 & 1 != 0
  var length: UInt64 = 0
  let recorder = unsafe kilburn_recorder_place()
  if isKernel, unsafe recorder.pointee.doorbells == 0 {
    unsafe theObserver.pointee.findDoorbells()
  }
  let owner: UInt64 = isKernel ? 1 &<< 63 : 0
  for index in 0..<count {
    let instruction = unsafe qemu_plugin_tb_get_insn(block, index)
    let size = unsafe qemu_plugin_insn_size(instruction)
    length &+= UInt64(size)
    var isExclusive = false
    if size == 4 {
      let word = unsafe qemu_plugin_insn_data(instruction).loadUnaligned(as: UInt32.self)
      // What is no load or store need not ask (Arm ARM C4.1: op0 is x1x0); a program may be AArch32.
      if isKernel && word & 0x0a00_0000 != 0x0800_0000 { continue }
      isExclusive = unsafe mayStoreExclusively(word) && storesExclusively(instruction)
    }
    unsafe watch(instruction, owner, isExclusive: isExclusive)
  }
  unsafe instrumentFetch(block, start, length, owner)
}

/// Has the accesses of an instruction call back.
///
/// Both directions come to one callback: QEMU 7.2 has loads call back whoever asked for stores, and
/// stores everybody.
@unsafe private func watch(_ instruction: OpaquePointer, _ owner: UInt64, isExclusive: Bool) {
  let callback: qemu_plugin_mem_cb =
    if isExclusive {
      { unsafe exclusiveStore($1, $2, $3) }
    } else if unsafe kilburn_recorder_place().pointee.checks != 0 {
      { unsafe checkedAccess($1, $2, $3) }
    } else if owner != 0 {
      { unsafe kernelAccess($1, $2, $3) }
    } else {
      { unsafe dataAccess($1, $2, $3) }
    }
  unsafe qemu_plugin_register_vcpu_mem_cb(instruction, callback, 0, 3, pointer(owner))
}

/// A callback for each two lines that the block lies in: most lie in one or two.
@unsafe private func instrumentFetch(
  _ block: OpaquePointer, _ start: UInt64, _ length: UInt64, _ owner: UInt64
) {
  var at = start
  let end = start &+ length
  var mark: UInt64 = 0
  while at < end {
    let size = min(end &- at, 124 &- (at & 63), 124)
    let record =
      owner | mark | AccessKind.fetch.rawValue &<< 60 | size &<< 53 | at & 0x001f_ffff_ffff_ffff
    if unsafe mark == 0 && kilburn_recorder_place().pointee.checks != 0 {
      unsafe instrumentCheckedFetch(block, record)
    } else if owner != 0 {
      unsafe qemu_plugin_register_vcpu_tb_exec_cb(
        block, { unsafe kernelBlock($1) }, 0, pointer(record))
    } else {
      unsafe qemu_plugin_register_vcpu_tb_exec_cb(
        block, { unsafe programBlock($1) }, 0, pointer(record))
    }
    at &+= size
    mark = BlockRecord.goesOn
  }
}

/// The callback of the lines that a block begins in, where each translation is checked.
///
/// The place is the host's, of the first instruction; what is said here is kept as long as the
/// process, as the block may be.
@unsafe private func instrumentCheckedFetch(_ block: OpaquePointer, _ record: UInt64) {
  let said = UnsafeMutablePointer<(record: UInt64, place: UInt64)>.allocate(capacity: 1)
  let place = unsafe qemu_plugin_insn_haddr(qemu_plugin_tb_get_insn(block, 0))
  unsafe said.initialize(to: (record, UInt64(UInt(bitPattern: place))))
  unsafe qemu_plugin_register_vcpu_tb_exec_cb(
    block, { unsafe checkedBlock($1) }, 0, UnsafeMutableRawPointer(said))
}

private func checkedBlock(_ data: UnsafeMutableRawPointer?) {
  guard
    let said = unsafe data?.assumingMemoryBound(to: (record: UInt64, place: UInt64).self).pointee
  else { return }
  let toKernel = said.record &>> 63 != 0
  if unsafe (kilburn_recorder_place().pointee.by_kernel != 0) != toKernel { cross(toKernel) }
  // The first line by itself, so that it is what the model has seen last.
  let first = min(64 &- (said.record & 63), (said.record &>> 53) & 127)
  let line = said.record & ~(127 &<< 53) | first &<< 53
  gather(line)
  if said.place != 0 {
    unsafe theObserver.pointee.check(
      AccessRecord(rawValue: line & ~BlockRecord.goesOn), place: said.place, isDevice: false)
  }
  let rest = ((said.record &>> 53) & 127) &- first
  if rest != 0 {
    gather((said.record & ~(127 &<< 53) &+ first) | BlockRecord.goesOn | rest &<< 53)
  }
}

@inline(__always) private func pointer(_ bits: UInt64) -> UnsafeMutableRawPointer? {
  unsafe UnsafeMutableRawPointer(bitPattern: UInt(bits))
}

@inline(__always) private func bits(_ pointer: UnsafeMutableRawPointer?) -> UInt64 {
  UInt64(UInt(bitPattern: pointer))
}

/// Puts a record into the buffer.
@inline(__always) func gather(_ record: UInt64) {
  let recorder = unsafe kilburn_recorder_place()
  let place = unsafe recorder.pointee.next
  unsafe place.pointee = record
  unsafe recorder.pointee.next = unsafe place + 1
  if unsafe place == recorder.pointee.last { flushBuffer() }
}

@inline(never) private func flushBuffer() { unsafe theObserver.pointee.flush() }

/// The record of a load or a store: QEMU packs its size as a power of two, and above 16 whether it
/// is a load (1) or a store (2).
@inline(__always)
private func record(_ info: UInt32, _ address: UInt64, _ data: UnsafeMutableRawPointer?) -> UInt64 {
  let size: UInt64 = 1 &<< (53 &+ UInt64((info &>> 4) & 7))
  let kind = UInt64((info &>> 17) & 1) &<< 60
  return unsafe bits(data) | kind | size | address & 0x001f_ffff_ffff_ffff
}

/// A load or a store of a program's.
@inline(__always)
private func dataAccess(_ info: UInt32, _ address: UInt64, _ data: UnsafeMutableRawPointer?) {
  unsafe gather(record(info, address, data))
}

/// One of the kernel's; a store may say something.
@inline(__always)
private func kernelAccess(_ info: UInt32, _ address: UInt64, _ data: UnsafeMutableRawPointer?) {
  unsafe gather(record(info, address, data))
  listen(info, address)
}

/// The store of a store-exclusive, of anybody's.
private func exclusiveStore(_ info: UInt32, _ address: UInt64, _ data: UnsafeMutableRawPointer?) {
  guard info &>> 17 & 1 != 0 else { return }
  if unsafe kilburn_recorder_place().pointee.checks != 0 {
    unsafe checkedAccess(info, address, data)
  } else {
    unsafe kernelAccess(info, address, data)
  }
}

/// Any access, where each translation is checked.
@inline(never)
private func checkedAccess(_ info: UInt32, _ address: UInt64, _ data: UnsafeMutableRawPointer?) {
  let record = unsafe record(info, address, data)
  gather(record)
  if let place = unsafe qemu_plugin_get_hwaddr(info, address) {
    unsafe theObserver.pointee.check(
      AccessRecord(rawValue: record), place: qemu_plugin_hwaddr_phys_addr(place),
      isDevice: qemu_plugin_hwaddr_is_io(place))
  }
  listen(info, address)
}

/// Looks whether a store is one of those that say something.
@inline(__always) private func listen(_ info: UInt32, _ address: UInt64) {
  guard info &>> 17 & 1 != 0 else { return }
  let recorder = unsafe kilburn_recorder_place()
  let bell = unsafe address &- recorder.pointee.doorbells
  if unsafe bell < recorder.pointee.doorbells_size {
    unsafe theObserver.pointee.hear(bell &>> 3)
  } else {
    let offset = unsafe address &- recorder.pointee.statistics
    if unsafe offset < recorder.pointee.statistics_size {
      unsafe theObserver.pointee.count(offset)
    }
  }
}

@inline(__always) private func programBlock(_ data: UnsafeMutableRawPointer?) {
  if unsafe kilburn_recorder_place().pointee.by_kernel != 0 { cross(false) }
  unsafe fetch(bits(data))
}

@inline(__always) private func kernelBlock(_ data: UnsafeMutableRawPointer?) {
  if unsafe kilburn_recorder_place().pointee.by_kernel == 0 { cross(true) }
  unsafe fetch(bits(data))
}

@inline(never) private func cross(_ toKernel: Bool) {
  unsafe theObserver.pointee.cross(toKernel: toKernel)
}

/// Instructions of one line, or of two.
@inline(__always) private func fetch(_ record: UInt64) {
  let first = 64 &- (record & 63)
  let size = (record &>> 53) & 127
  if size <= first {
    gather(record)
  } else {
    gather(record & ~(127 &<< 53) | first &<< 53)
    let rest = record & ~(127 &<< 53) &+ first
    gather(rest | BlockRecord.goesOn | (size &- first) &<< 53)
  }
}
