/// An error number as Linux returns it, positive (include/uapi/asm-generic/errno-base.h, errno.h).
public enum Errno: UInt16, Error, Sendable {
  case EPERM = 1
  case ENOENT = 2
  case ESRCH = 3
  case EINTR = 4
  case EIO = 5
  case ENXIO = 6
  case E2BIG = 7
  case ENOEXEC = 8
  case EBADF = 9
  case ECHILD = 10
  case EAGAIN = 11
  case ENOMEM = 12
  case EACCES = 13
  case EFAULT = 14
  case ENOTBLK = 15
  case EBUSY = 16
  case EEXIST = 17
  case EXDEV = 18
  case ENODEV = 19
  case ENOTDIR = 20
  case EISDIR = 21
  case EINVAL = 22
  case ENFILE = 23
  case EMFILE = 24
  case ENOTTY = 25
  case ETXTBSY = 26
  case EFBIG = 27
  case ENOSPC = 28
  case ESPIPE = 29
  case EROFS = 30
  case EMLINK = 31
  case EPIPE = 32
  case EDOM = 33
  case ERANGE = 34
  case EDEADLK = 35
  case ENAMETOOLONG = 36
  case ENOLCK = 37
  case ENOSYS = 38
  case ENOTEMPTY = 39
  case ELOOP = 40
  case ENOMSG = 42
  case EIDRM = 43
  case ENODATA = 61
  case EOVERFLOW = 75
  case ELIBBAD = 80
  case ENOTSOCK = 88
  case EDESTADDRREQ = 89
  case EMSGSIZE = 90
  case EPROTOTYPE = 91
  case ENOPROTOOPT = 92
  case EPROTONOSUPPORT = 93
  case ESOCKTNOSUPPORT = 94
  case EOPNOTSUPP = 95
  case EAFNOSUPPORT = 97
  case EADDRINUSE = 98
  case EADDRNOTAVAIL = 99
  case ECONNRESET = 104
  case ENOBUFS = 105
  case EISCONN = 106
  case ENOTCONN = 107
  case ETIMEDOUT = 110
  case ECONNREFUSED = 111

  // What a call that a signal interrupted ends with; a program never sees these (include/linux/
  // errno.h): it is made again, or answers EINTR.
  /// Made again, unless a handler without SA_RESTART runs.
  case ERESTARTSYS = 512
  /// Made again.
  case ERESTARTNOINTR = 513
  /// Made again, unless a handler runs.
  case ERESTARTNOHAND = 514
  /// Goes on as its task's restart block says, unless a handler runs.
  case ERESTART_RESTARTBLOCK = 516
}
