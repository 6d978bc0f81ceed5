extension SystemCalls {
  /// The arm64 number of a call of a 32-bit program that takes the same arguments in the same
  /// registers and the same structures; 0 for any other.
  ///
  /// Signal sets have the same 8 bytes in both; so have `epoll_event`, `pollfd`, `statx`, `utsname`,
  /// `rlimit64`, `clone_args` and what `getdents64`, `capget` and `prctl` exchange.
  static func directNumber(_ number: UInt32) -> UInt16 {
    switch number {
    case 0: 128  // restart_syscall
    case 1: 93  // exit
    case 3: 63  // read
    case 4: 64  // write
    case 6: 57  // close
    case 11: 221  // execve
    case 12: 49  // chdir
    case 20: 172  // getpid
    case 21: 40  // mount
    case 36: 81  // sync
    case 37: 129  // kill
    case 41: 23  // dup
    case 45: 214  // brk
    case 51: 89  // acct
    case 52: 39  // umount2
    case 54: 29  // ioctl
    case 57: 154  // setpgid
    case 60: 166  // umask
    case 61: 51  // chroot
    case 64: 173  // getppid
    case 66: 157  // setsid
    case 74: 161  // sethostname
    case 87: 224  // swapon
    case 88: 142  // reboot
    case 91: 215  // munmap
    case 94: 52  // fchmod
    case 96: 141  // getpriority
    case 97: 140  // setpriority
    case 103: 116  // syslog
    case 111: 58  // vhangup
    case 115: 225  // swapoff
    case 118: 82  // fsync
    case 120: 220  // clone
    case 121: 162  // setdomainname
    case 122: 160  // uname
    case 125: 226  // mprotect
    case 132: 155  // getpgid
    case 133: 50  // fchdir
    case 136: 92  // personality
    case 143: 32  // flock
    case 144: 227  // msync
    case 147: 156  // getsid
    case 148: 83  // fdatasync
    case 150...153: UInt16(number &+ 78)  // mlock, munlock, mlockall, munlockall
    case 154: 118  // sched_setparam
    case 155: 121  // sched_getparam
    case 156: 119  // sched_setscheduler
    case 157: 120  // sched_getscheduler
    case 158: 124  // sched_yield
    case 159: 125  // sched_get_priority_max
    case 160: 126  // sched_get_priority_min
    case 163: 216  // mremap
    case 172: 167  // prctl
    case 175: 135  // rt_sigprocmask
    case 176: 136  // rt_sigpending
    case 179: 133  // rt_sigsuspend
    case 183: 17  // getcwd
    case 184: 90  // capget
    case 185: 91  // capset
    case 199: 174  // getuid32
    case 200: 176  // getgid32
    case 201: 175  // geteuid32
    case 202: 177  // getegid32
    case 203: 145  // setreuid32
    case 204: 143  // setregid32
    case 205: 158  // getgroups32
    case 206: 159  // setgroups32
    case 207: 55  // fchown32
    case 208: 147  // setresuid32
    case 209: 148  // getresuid32
    case 210: 149  // setresgid32
    case 211: 150  // getresgid32
    case 213: 146  // setuid32
    case 214: 144  // setgid32
    case 215: 151  // setfsuid32
    case 216: 152  // setfsgid32
    case 217: 61  // getdents64
    case 218: 41  // pivot_root
    case 219: 232  // mincore
    case 220: 233  // madvise
    case 224: 178  // gettid
    case 226...237: UInt16(number &- 221)  // setxattr to fremovexattr
    case 238: 130  // tkill
    case 239: 71  // sendfile64
    case 241: 122  // sched_setaffinity
    case 248: 94  // exit_group
    case 251: 21  // epoll_ctl
    case 253: 234  // remap_file_pages
    case 256: 96  // set_tid_address
    case 260: 109  // timer_getoverrun
    case 261: 111  // timer_delete
    case 268: 131  // tgkill
    case 281: 198  // socket
    case 282: 200  // bind
    case 283: 203  // connect
    case 284: 201  // listen
    case 285: 202  // accept
    case 286: 204  // getsockname
    case 287: 205  // getpeername
    case 288: 199  // socketpair
    case 290: 206  // sendto
    case 292: 207  // recvfrom
    case 293: 210  // shutdown
    case 294: 208  // setsockopt
    case 295: 209  // getsockopt
    default: directNumber(recent: number)
    }
  }

  /// The same from 298 on.
  private static func directNumber(recent number: UInt32) -> UInt16 {
    switch number {
    case 298: 193  // semop
    case 299: 190  // semget
    case 303: 186  // msgget
    case 306: 197  // shmdt
    case 307: 194  // shmget
    case 314: 30  // ioprio_set
    case 315: 31  // ioprio_get
    case 317: 27  // inotify_add_watch
    case 318: 28  // inotify_rm_watch
    case 319: 235  // mbind
    case 320: 236  // get_mempolicy
    case 321: 237  // set_mempolicy
    case 322: 56  // openat
    case 323: 34  // mkdirat
    case 324: 33  // mknodat
    case 325: 54  // fchownat
    case 328: 35  // unlinkat
    case 329: 38  // renameat
    case 330: 37  // linkat
    case 331: 36  // symlinkat
    case 332: 78  // readlinkat
    case 333: 53  // fchmodat
    case 334: 48  // faccessat
    case 337: 97  // unshare
    case 340: 76  // splice
    case 342: 77  // tee
    case 345: 168  // getcpu
    case 346: 22  // epoll_pwait
    case 350: 85  // timerfd_create
    case 355: 74  // signalfd4
    case 356: 19  // eventfd2
    case 357: 20  // epoll_create1
    case 358: 24  // dup3
    case 359: 59  // pipe2
    case 360: 26  // inotify_init1
    case 364: 241  // perf_event_open
    case 366: 242  // accept4
    case 369: 261  // prlimit64
    case 373: 267  // syncfs
    case 375: 268  // setns
    case 378: 272  // kcmp
    case 380: 274  // sched_setattr
    case 381: 275  // sched_getattr
    case 382: 276  // renameat2
    case 383: 277  // seccomp
    case 384: 278  // getrandom
    case 385: 279  // memfd_create
    case 386: 280  // bpf
    case 387: 281  // execveat
    case 388: 282  // userfaultfd
    case 389: 283  // membarrier
    case 390: 284  // mlock2
    case 391: 285  // copy_file_range
    case 394...396: UInt16(number &- 106)  // pkey_mprotect, pkey_alloc, pkey_free
    case 397: 291  // statx
    case 398: 293  // rseq
    case 400: 238  // migrate_pages
    case 403: 113  // clock_gettime64
    case 406: 114  // clock_getres_time64
    case 408: 108  // timer_gettime64
    case 410: 87  // timerfd_gettime64
    case 423: 127  // sched_rr_get_interval_time64
    // What came later has one number everywhere.
    case 424...439, 442...446, 448...450: UInt16(number)
    default: 0
    }
  }
}
