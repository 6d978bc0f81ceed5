import Arm64
import MemoryTypes
import Tasks

/// The calls that must be converted, by their numbers (arch/arm64/include/asm/unistd32.h).
///
/// Old calls that arm64 has not got are made by the newer ones that can do the same.
extension CompatCall {
  /// AT_FDCWD.
  private var here: UInt64 { 0 &- 100 }

  func perform(_ number: UInt32) throws(Errno) -> UInt64 {
    switch number {
    case 2: return try call(220, 17)  // fork: clone with SIGCHLD
    case 190: return try call(220, 0x4111)  // vfork: CLONE_VFORK and CLONE_VM
    case 5: return try call(56, here, argument(0), argument(1), argument(2))  // open
    case 8: return try call(56, here, argument(0), 0x241, argument(1))  // creat
    case 9: return try call(37, here, argument(0), here, argument(1), 0)  // link
    case 10: return try call(35, here, argument(0), 0)  // unlink
    case 14: return try call(33, here, argument(0), argument(1), argument(2))  // mknod
    case 15: return try call(53, here, argument(0), argument(1))  // chmod
    case 19: return try call(62, argument(0), signed(1), argument(2))  // lseek
    case 33: return try call(48, here, argument(0), argument(1))  // access
    case 38: return try call(38, here, argument(0), here, argument(1))  // rename
    case 39: return try call(34, here, argument(0), argument(1))  // mkdir
    case 40: return try call(35, here, argument(0), 0x200)  // rmdir: AT_REMOVEDIR
    case 42: return try call(59, argument(0), 0)  // pipe
    case 63: return try duplicate()
    case 65: return try call(155, 0)  // getpgrp
    case 83: return try call(36, argument(0), here, argument(1))  // symlink
    case 85: return try call(78, here, argument(0), argument(1), argument(2))  // readlink
    case 92: return try call(45, argument(0), signed(1))  // truncate
    case 93: return try call(46, argument(0), signed(1))  // ftruncate
    case 55, 221: return try fileControl(has64Bits: number == 221)
    case 99: return try mountFigures(43, has64Bits: false)
    case 100: return try mountFigures(44, has64Bits: false)
    case 266: return try mountFigures(43, has64Bits: true)
    case 267: return try mountFigures(44, has64Bits: true)
    case 106...108, 195...197, 327: return try status(number)
    case 140: return try seekLong()
    case 141: return try listFolder()
    case 145, 146: return try vector(UInt64(number &- 80), 0)  // readv, writev
    case 361: return try vector(69, pair(3))  // preadv
    case 362: return try vector(70, pair(3))  // pwritev
    case 392: return try vector(286, pair(3), flags: argument(5))  // preadv2
    case 393: return try vector(287, pair(3), flags: argument(5))  // pwritev2
    case 343: return try vector(75, argument(3))  // vmsplice
    case 440: return try adviseOther()
    case 376, 377: return try copyBetween(UInt64(number &- 106))  // process_vm_readv, _writev
    case 180, 181:
      return try call(UInt64(number &- 113), argument(0), argument(1), argument(2), pair(4))
    case 187: return try sendFile()
    case 193: return try call(45, argument(0), pair(2))  // truncate64
    case 194: return try call(46, argument(0), pair(2))  // ftruncate64
    case 225: return try call(213, argument(0), pair(2), argument(4))  // readahead
    case 270: return try call(223, argument(0), pair(2), pair(4), argument(1))  // fadvise64_64
    case 341: return try call(84, argument(0), pair(2), pair(4), argument(1))  // sync_file_range2
    case 352: return try call(47, argument(0), argument(1), pair(2), pair(4))  // fallocate
    case 192: return try map()
    case 250: return try makeEventPoll()
    case 252: return try call(22, argument(0), argument(1), argument(2), argument(3), 0, 8)
    case 316: return try call(26, 0)  // inotify_init
    case 349: return try call(74, argument(0), argument(1), argument(2), 0)  // signalfd
    case 351: return try call(19, argument(0), 0)  // eventfd
    case 34: return try nice()
    case 305, 308: return try sharedMemory(number)
    case 0xf0002: return try synchronizeInstructions()
    case 0xf0005: return setThreadPointer()
    default: return try performMore(number)
    }
  }

  /// Those about users, processes, time and signals.
  private func performMore(_ number: UInt32) throws(Errno) -> UInt64 {
    switch number {
    case 16, 23, 24, 46, 47, 49, 50, 70, 71, 80, 81, 95, 138, 139, 164, 165, 170, 171, 182:
      return try shortIdentity(number)
    case 198: return try call(54, here, argument(0), argument(1), argument(2), 0x100)  // lchown32
    case 212: return try call(54, here, argument(0), argument(1), argument(2), 0)  // chown32
    case 43: return try processTimes()
    case 75: return try setLimit()
    case 191: return try getLimit()
    case 77: return try usage()
    case 114: return try wait()
    case 280: return try waitForState()
    case 116: return try systemFigures()
    case 242: return try affinity()
    case 338: return try setRobustList()
    case 339: return try robustList()
    case 29, 168, 335, 336, 413, 414, 142, 441: return try waitForFiles(number)
    case 78, 79, 104, 105, 161, 162, 240, 257...259, 262...265, 353, 354, 404, 407, 409, 411, 422:
      return try time(number)
    case 269, 326, 348, 412: return try changeTimes(number)
    case 67, 72, 73, 126, 174, 177, 178, 186, 363, 421: return try signals(number)
    case 119, 173: return kernel.returnFromCompatHandler(isRealtime: number == 173)
    default: return try unknown(number)
    }
  }

  /// A number that names no call: Arm's own range answers ENOSYS, what is beyond is an illegal
  /// instruction (arch/arm64/kernel/sys_compat.c:compat_arm_syscall()).
  private func unknown(_ number: UInt32) throws(Errno) -> UInt64 {
    guard Int32(bitPattern: number) >= 0xf_0800 else { throw .ENOSYS }
    kernel.refuseCompatCall()
    return context.pointee.x[0]
  }
}
