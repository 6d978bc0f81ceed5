import Machine

/// How a system call's arguments are written: the memory family in its own words, paths as text,
/// the rest as numbers.
enum CallText {
  /// What each argument is, a letter each, by the call's name.
  ///
  /// `a` address, `s` size or offset, `i` number, `x` bits, `f` descriptor, `P` path, `p`
  /// protection, `m` map flags, `r` remap flags, `v` advice, `g` signal.
  private static let kinds: [String: String] = [
    "brk": "a", "mmap": "aspmfs", "munmap": "as", "mprotect": "asp", "mremap": "assra",
    "madvise": "asv", "mincore": "asa", "msync": "asx", "mlock": "as", "mlock2": "asx",
    "munlock": "as", "mlockall": "x", "munlockall": "", "remap_file_pages": "aspsm",
    "mbind": "asiaix", "get_mempolicy": "aaiax", "process_vm_readv": "iaiaix",
    "process_vm_writev": "iaiaix", "membarrier": "ixi", "shmget": "xsx", "shmat": "iax",
    "shmdt": "a", "shmctl": "iia", "memfd_create": "Px", "clone": "xaaxa", "clone3": "as",
    "execve": "Paa", "wait4": "iaxa", "waitid": "iiaxa", "exit": "i", "exit_group": "i",
    "futex": "axiaai", "set_robust_list": "as", "set_tid_address": "a", "rseq": "asxx",
    "rt_sigaction": "gaas", "rt_sigprocmask": "iaas", "rt_sigreturn": "", "sigaltstack": "aa",
    "kill": "ig", "tkill": "ig", "tgkill": "iig", "setitimer": "iaa", "openat": "fPxx",
    "close": "f", "read": "fas", "write": "fas", "pread64": "fass", "pwrite64": "fass",
    "readv": "fai", "writev": "fai", "lseek": "fii", "ftruncate": "fs", "truncate": "Ps",
    "fallocate": "fxss", "fstat": "fa", "newfstatat": "fPax", "statx": "fPxxa",
    "faccessat": "fPx", "faccessat2": "fPxx", "readlinkat": "fPas", "unlinkat": "fPx",
    "mkdirat": "fPx", "renameat2": "fPfax", "ioctl": "fxa", "fcntl": "fix", "dup": "f",
    "dup3": "ffx", "pipe2": "ax", "getdents64": "fas", "getcwd": "as", "chdir": "P",
    "uname": "a", "prlimit64": "iiaa", "getrandom": "asx", "clock_gettime": "ia",
    "clock_nanosleep": "ixaa", "nanosleep": "aa", "sysinfo": "a", "prctl": "ixxxx",
    "getpid": "", "getppid": "", "gettid": "", "getuid": "", "geteuid": "", "getgid": "",
    "getegid": "", "sched_yield": "", "setsid": "", "umask": "x",
  ]

  /// The call as C would have it, without its result.
  static func text(_ number: Int, _ arguments: [UInt64], paths: [Int: String]) -> String {
    let name = SystemCallName.of(number)
    let kinds = kinds[name] ?? "xxxxxx"
    let words = zip(kinds, arguments).enumerated().map { index, pair in
      if let path = paths[index] { return "\"\(path)\"" }
      return word(pair.0, pair.1)
    }
    return "\(name)(\(words.joined(separator: ", ")))"
  }

  /// A result: a negative error number by its name.
  static func result(_ number: Int, _ value: UInt64) -> String {
    if value > 0xffff_ffff_ffff_f000 {
      return "-\(ErrorName.of(Int32(truncatingIfNeeded: 0 &- value)))"
    }
    let name = SystemCallName.of(number)
    return ["brk", "mmap", "mremap", "shmat"].contains(name) ? hexadecimal(value) : "\(value)"
  }

  private static func word(_ kind: Character, _ value: UInt64) -> String {
    switch kind {
    case "a": value == 0 ? "NULL" : hexadecimal(value)
    case "s": value < 4096 ? "\(value)" : hexadecimal(value)
    case "i": "\(Int32(truncatingIfNeeded: value))"
    case "f":
      Int32(truncatingIfNeeded: value) == -100
        ? "AT_FDCWD" : "\(Int32(truncatingIfNeeded: value))"
    case "p": names(value, protection, none: "PROT_NONE")
    case "m": mapFlags(value)
    case "r": names(value, remapFlags, none: "0")
    case "v": advice[value] ?? "\(value)"
    case "g": SignalName.of(UInt32(truncatingIfNeeded: value))
    default: hexadecimal(value)
    }
  }

  private static func names(
    _ value: UInt64, _ table: [(UInt64, String)], none: String
  ) -> String {
    var left = value
    var words: [String] = []
    for (bit, name) in table where value & bit == bit {
      words.append(name)
      left &= ~bit
    }
    if left != 0 { words.append(hexadecimal(left)) }
    return words.isEmpty ? none : words.joined(separator: "|")
  }

  private static func mapFlags(_ value: UInt64) -> String {
    let kind = ["0", "MAP_SHARED", "MAP_PRIVATE", "MAP_SHARED_VALIDATE"][Int(value & 3)]
    let rest = value & ~3
    return rest == 0 ? kind : kind + "|" + names(rest, mapNames, none: "")
  }

  // include/uapi/asm-generic/mman-common.h, mman.h; include/uapi/linux/mman.h.
  private static let protection: [(UInt64, String)] = [
    (1, "PROT_READ"), (2, "PROT_WRITE"), (4, "PROT_EXEC"), (0x0100_0000, "PROT_GROWSDOWN"),
    (0x0200_0000, "PROT_GROWSUP"),
  ]
  private static let mapNames: [(UInt64, String)] = [
    (0x10, "MAP_FIXED"), (0x20, "MAP_ANONYMOUS"), (0x100, "MAP_GROWSDOWN"),
    (0x800, "MAP_DENYWRITE"), (0x1000, "MAP_EXECUTABLE"), (0x2000, "MAP_LOCKED"),
    (0x4000, "MAP_NORESERVE"), (0x8000, "MAP_POPULATE"), (0x10000, "MAP_NONBLOCK"),
    (0x20000, "MAP_STACK"), (0x40000, "MAP_HUGETLB"), (0x80000, "MAP_SYNC"),
    (0x100000, "MAP_FIXED_NOREPLACE"),
  ]
  private static let remapFlags: [(UInt64, String)] = [
    (1, "MREMAP_MAYMOVE"), (2, "MREMAP_FIXED"), (4, "MREMAP_DONTUNMAP"),
  ]
  private static let advice: [UInt64: String] = [
    0: "MADV_NORMAL", 1: "MADV_RANDOM", 2: "MADV_SEQUENTIAL", 3: "MADV_WILLNEED",
    4: "MADV_DONTNEED", 8: "MADV_FREE", 9: "MADV_REMOVE", 10: "MADV_DONTFORK",
    11: "MADV_DOFORK", 12: "MADV_MERGEABLE", 13: "MADV_UNMERGEABLE", 14: "MADV_HUGEPAGE",
    15: "MADV_NOHUGEPAGE", 16: "MADV_DONTDUMP", 17: "MADV_DODUMP", 18: "MADV_WIPEONFORK",
    19: "MADV_KEEPONFORK", 20: "MADV_COLD", 21: "MADV_PAGEOUT", 22: "MADV_POPULATE_READ",
    23: "MADV_POPULATE_WRITE", 24: "MADV_DONTNEED_LOCKED", 25: "MADV_COLLAPSE",
    100: "MADV_HWPOISON", 101: "MADV_SOFT_OFFLINE",
  ]
}

/// Error numbers by name (include/uapi/asm-generic/errno-base.h, errno.h).
enum ErrorName {
  static func of(_ number: Int32) -> String {
    let index = Int(number)
    guard index > 0, index < names.count, !names[index].isEmpty else { return "\(number)" }
    return names[index]
  }

  private static let names = [
    "", "EPERM", "ENOENT", "ESRCH", "EINTR", "EIO", "ENXIO", "E2BIG", "ENOEXEC", "EBADF",
    "ECHILD", "EAGAIN", "ENOMEM", "EACCES", "EFAULT", "ENOTBLK", "EBUSY", "EEXIST", "EXDEV",
    "ENODEV", "ENOTDIR", "EISDIR", "EINVAL", "ENFILE", "EMFILE", "ENOTTY", "ETXTBSY", "EFBIG",
    "ENOSPC", "ESPIPE", "EROFS", "EMLINK", "EPIPE", "EDOM", "ERANGE", "EDEADLK",
    "ENAMETOOLONG", "ENOLCK", "ENOSYS", "ENOTEMPTY", "ELOOP", "", "ENOMSG", "EIDRM",
    "", "", "", "", "", "", "", "", "", "", "", "", "", "", "", "", "ENOSTR", "ENODATA", "ETIME",
    "", "", "", "", "", "", "", "", "EPROTO", "", "", "EBADMSG", "EOVERFLOW", "", "EBADFD", "",
    "", "ELIBBAD", "", "", "", "EILSEQ", "", "", "EUSERS", "ENOTSOCK", "EDESTADDRREQ",
    "EMSGSIZE", "EPROTOTYPE", "ENOPROTOOPT", "EPROTONOSUPPORT", "ESOCKTNOSUPPORT",
    "EOPNOTSUPP", "EPFNOSUPPORT", "EAFNOSUPPORT", "EADDRINUSE", "EADDRNOTAVAIL", "ENETDOWN",
    "ENETUNREACH", "ENETRESET", "ECONNABORTED", "ECONNRESET", "ENOBUFS", "EISCONN",
    "ENOTCONN", "ESHUTDOWN", "ETOOMANYREFS", "ETIMEDOUT", "ECONNREFUSED", "EHOSTDOWN",
    "EHOSTUNREACH", "EALREADY", "EINPROGRESS", "ESTALE", "", "", "", "", "", "EDQUOT", "", "",
    "ECANCELED", "", "", "", "", "EOWNERDEAD", "ENOTRECOVERABLE", "", "EHWPOISON",
  ]
}
