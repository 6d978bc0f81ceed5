import AddressSpaces
import Arm64
import KernelLayout
import MemoryTypes
import Tasks

/// Processes, limits, the machine.
extension CompatCall {
  /// nice: setpriority by a difference (kernel/sched/core.c:nice()).
  func nice() throws(Errno) -> UInt64 {
    let step = max(-40, min(Int(int(0)), 40))
    // getpriority answers 20 less the value.
    let now = 20 &- Int(truncatingIfNeeded: try call(141, 0, 0))
    let new = max(-20, min(now &+ step, 19))
    _ = try call(140, 0, 0, UInt64(bitPattern: Int64(new)))
    return 0
  }

  /// times: four numbers of ticks.
  func processTimes() throws(Errno) -> UInt64 {
    let ticks = try call(153, argument(0) == 0 ? 0 : window(0))
    if argument(0) != 0 {
      for index in 0..<4 {
        try store(
          UInt32(truncatingIfNeeded: try get(UInt64.self, at: index &* 8)), argument(0),
          UInt64(index) &* 4)
      }
    }
    return ticks & 0xffff_ffff
  }

  /// setrlimit: the greatest number means no limit (COMPAT_RLIM_INFINITY).
  func setLimit() throws(Errno) -> UInt64 {
    for index in 0..<2 {
      let value = try load(UInt32.self, argument(1), UInt64(index) &* 4)
      try put(value == .max ? UInt64.max : UInt64(value), at: index &* 8)
    }
    return try call(164, argument(0), window(0))
  }

  /// getrlimit: what is too large is no limit.
  func getLimit() throws(Errno) -> UInt64 {
    let result = try call(163, argument(0), window(0))
    for index in 0..<2 {
      let value = try get(UInt64.self, at: index &* 8)
      try store(
        UInt32(truncatingIfNeeded: min(value, 0xffff_ffff)), argument(1), UInt64(index) &* 4)
    }
    return result
  }

  func usage() throws(Errno) -> UInt64 {
    let result = try call(165, argument(0), window(0))
    try storeUsage(argument(1), from: 0)
    return result
  }

  /// `struct compat_rusage`: 18 words, of as many of 64 bits.
  private func storeUsage(_ place: UInt64, from offset: Int) throws(Errno) {
    for index in 0..<18 {
      try store(
        UInt32(truncatingIfNeeded: try get(UInt64.self, at: offset &+ index &* 8)), place,
        UInt64(index) &* 4)
    }
  }

  /// wait4(pid, status, options, usage).
  func wait() throws(Errno) -> UInt64 {
    let wantsUsage = argument(3) != 0
    let pid = try call(260, signed(0), argument(1), argument(2), wantsUsage ? window(0) : 0)
    if wantsUsage && pid != 0 { try storeUsage(argument(3), from: 0) }
    return pid
  }

  /// waitid(which, pid, information, options, usage).
  func waitForState() throws(Errno) -> UInt64 {
    let wantsUsage = argument(4) != 0
    let result = try call(
      95, argument(0), signed(1), window(0), argument(3), wantsUsage ? window(128) : 0)
    if wantsUsage, try get(UInt32.self, at: 0) != 0 { try storeUsage(argument(4), from: 128) }
    if argument(2) != 0 {
      // Signal, error, code, then pid, uid and status, which begin a word earlier.
      for index in 0..<6 {
        try store(
          try get(UInt32.self, at: index &* 4 &+ (index > 2 ? 4 : 0)), argument(2),
          UInt64(index) &* 4)
      }
    }
    return result
  }

  /// sysinfo: what does not fit is given in larger units (kernel/sys.c:compat_sys_sysinfo()).
  func systemFigures() throws(Errno) -> UInt64 {
    _ = try call(179, window(0))
    var unit = max(try get(UInt32.self, at: 104), 1)
    var shift: UInt64 = 0
    let pageSize = kernel.board.pageSize.bytes.rawValue
    let (ram, swap) = (try get(UInt64.self, at: 32), try get(UInt64.self, at: 64))
    if (ram | swap) &>> 32 != 0 {
      while UInt64(unit) < pageSize {
        unit &<<= 1
        shift &+= 1
      }
    }
    var words = InlineArray<16, UInt32>(repeating: 0)
    for index in 0..<4 {  // time, three loads
      words[index] = UInt32(truncatingIfNeeded: try get(UInt64.self, at: index &* 8))
    }
    for index in 0..<6 {  // memory
      words[4 &+ index] = UInt32(
        truncatingIfNeeded: try get(UInt64.self, at: 32 &+ index &* 8) &>> shift)
    }
    words[10] = UInt32(try get(UInt16.self, at: 80))
    words[11] = UInt32(truncatingIfNeeded: try get(UInt64.self, at: 88) &>> shift)
    words[12] = UInt32(truncatingIfNeeded: try get(UInt64.self, at: 96) &>> shift)
    words[13] = unit
    try store(words, argument(0))
    return 0
  }

  /// sched_getaffinity: a mask of 32-bit words.
  func affinity() throws(Errno) -> UInt64 {
    guard argument(1) & 3 == 0, argument(1) != 0 else { throw .EINVAL }
    let length = Int(min(argument(1), try call(123, signed(0), 128, window(0))))
    for offset in 0..<length / 4 {
      try store(try get(UInt32.self, at: offset &* 4), argument(2), UInt64(offset) &* 4)
    }
    return UInt64(length)
  }

  /// set_robust_list: a head of three words.
  func setRobustList() throws(Errno) -> UInt64 {
    guard argument(1) == 12 else { throw .EINVAL }
    return try call(99, argument(0), 24)
  }

  /// get_robust_list(pid, head, length).
  func robustList() throws(Errno) -> UInt64 {
    _ = try call(100, signed(0), window(0), window(8))
    try store(UInt32(12), argument(2))
    try store(UInt32(truncatingIfNeeded: try get(UInt64.self, at: 0)), argument(1))
    return 0
  }

  /// mmap2: the offset counts 4K, whatever a page is (compat_sys_aarch32_mmap2()).
  func map() throws(Errno) -> UInt64 {
    let offset = argument(5) &<< 12
    guard offset & kernel.board.pageSize.offsetMask == 0 else { throw .EINVAL }
    return try call(
      222, argument(0), argument(1), argument(2), argument(3), signed(4), offset)
  }

  /// shmat, which answers an address, and shmctl with its structure.
  func sharedMemory(_ number: UInt32) throws(Errno) -> UInt64 {
    if number == 305 { return try call(196, argument(0), argument(1), argument(2)) }
    // IPC_64 is always meant; IPC_RMID, SHM_LOCK and SHM_UNLOCK take no structure.
    let command = argument(1) & ~0x100
    switch command {
    case 0, 11, 12: return try call(195, argument(0), command, 0)
    default: return try sharedMemoryFigures(command)
    }
  }

  /// `struct compat_shmid64_ds` for IPC_SET and IPC_STAT, and the two kinds of figures
  /// (ipc/shm.c:compat_ksys_shmctl()).
  private func sharedMemoryFigures(_ command: UInt64) throws(Errno) -> UInt64 {
    let place = argument(2)
    if command == 1 {  // IPC_SET: owner, group, mode
      try space.pointee.clearOut(VirtualAddress(window(0)), 112)
      try put(try load(UInt32.self, place, 4), at: 4)
      try put(try load(UInt32.self, place, 8), at: 8)
      try put(UInt32(try load(UInt16.self, place, 20)), at: 20)
      return try call(195, argument(0), command, window(0))
    }
    let result = try call(195, argument(0), command, window(0))
    switch command {
    case 3, 14:  // IPC_INFO, SHM_INFO: five words, or one and five
      if command == 14 { try store(try get(UInt32.self, at: 0), place) }
      for index in 0..<5 {
        let first = command == 14 ? 1 : 0
        try store(try clamped((first &+ index) &* 8), place, UInt64(first &+ index) &* 4)
      }
    default:
      var words = InlineArray<21, UInt32>(repeating: 0)
      for index in 0..<5 { words[index] = try get(UInt32.self, at: index &* 4) }  // key, owners
      words[5] = UInt32(try get(UInt16.self, at: 20))
      words[6] = UInt32(try get(UInt16.self, at: 24))
      words[9] = try clamped(48)  // size
      for index in 0..<3 {  // times, low and high
        let time = try get(UInt64.self, at: 56 &+ index &* 8)
        words[10 &+ index &* 2] = UInt32(truncatingIfNeeded: time)
        words[11 &+ index &* 2] = UInt32(truncatingIfNeeded: time &>> 32)
      }
      words[16] = try get(UInt32.self, at: 80)  // who made it, who used it last
      words[17] = try get(UInt32.self, at: 84)
      words[18] = try clamped(88)  // how many use it
      try store(words, place)
    }
    return result
  }

  /// A number of the window's as 32 bits show it.
  private func clamped(_ offset: Int) throws(Errno) -> UInt32 {
    UInt32(truncatingIfNeeded: min(try get(UInt64.self, at: offset), 0xffff_ffff))
  }

  /// The program's thread pointer (__ARM_NR_compat_set_tls).
  func setThreadPointer() -> UInt64 {
    task.pointee.readOnlyThreadPointer = argument(0)
    kernel.board.readOnlyThreadPointer = argument(0)
    return 0
  }

  /// Makes a range of instructions visible (arch/arm64/kernel/sys_compat.c:do_compat_cache_op()).
  func synchronizeInstructions() throws(Errno) -> UInt64 {
    guard argument(1) >= argument(0), argument(2) == 0 else { throw .EINVAL }
    guard argument(1) <= space.pointee.user.taskSize.rawValue else { throw .EFAULT }
    let end = address(1)
    var at = address(0)
    let pageSize = kernel.board.pageSize
    repeat {
      // fatal_signal_pending(); any signal ends it here, and the program would not know.
      if kernel.hasSignal { return 0 }
      let next = min(at.alignedDown(to: pageSize) + pageSize.bytes, end)
      try space.pointee.synchronizeInstructions(at, next)
      at = next
    } while at < end
    return 0
  }
}
