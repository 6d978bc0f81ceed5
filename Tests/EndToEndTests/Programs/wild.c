// Passes wild pointers to every system call and checks the answer.
//
// A call that reads or writes through the pointer answers EFAULT; one the kernel lacks answers
// ENOSYS; other errors are right where an argument is looked at before the pointer. What may not
// be is success through a wild pointer, or the end of the machine.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#define ANY (-1)
static long fd;
static const struct { int number; const char *name; int pointer; long arguments[6]; } calls[] = {
  // number, name, index of the pointer, other arguments
  {SYS_getcwd, "getcwd", 0, {0, 100}},
  {SYS_mkdirat, "mkdirat", 1, {AT_FDCWD, 0, 0755}},
  {SYS_unlinkat, "unlinkat", 1, {AT_FDCWD, 0, 0}},
  {SYS_symlinkat, "symlinkat", 0, {0, AT_FDCWD, 0}},
  {SYS_truncate, "truncate", 0, {0, 0}},
  {SYS_faccessat, "faccessat", 1, {AT_FDCWD, 0, 0}},
  {SYS_chdir, "chdir", 0, {0}},
  {SYS_fchmodat, "fchmodat", 1, {AT_FDCWD, 0, 0644}},
  {SYS_fchownat, "fchownat", 1, {AT_FDCWD, 0, 0, 0, 0}},
  {SYS_openat, "openat", 1, {AT_FDCWD, 0, 0, 0}},
  {SYS_getdents64, "getdents64", 1, {-2, 0, 4096}},
  {SYS_read, "read", 1, {-3, 0, 64}},
  {SYS_write, "write", 1, {-3, 0, 64}},
  {SYS_readv, "readv", 1, {-3, 0, 2}},
  {SYS_writev, "writev", 1, {-3, 0, 2}},
  {SYS_pread64, "pread64", 1, {-3, 0, 64, 0}},
  {SYS_pwrite64, "pwrite64", 1, {-3, 0, 64, 0}},
  {SYS_readlinkat, "readlinkat", 1, {AT_FDCWD, 0, 0, 64}},
  {SYS_newfstatat, "newfstatat (path)", 1, {AT_FDCWD, 0, 0, 0}},
  {SYS_newfstatat, "newfstatat (buffer)", 2, {AT_FDCWD, (long)"/", 0, 0}},
  {SYS_fstat, "fstat", 1, {-3, 0}},
  {SYS_statx, "statx", 4, {AT_FDCWD, (long)"/", 0, 0x7ff, 0}},
  {SYS_statfs, "statfs", 1, {(long)"/", 0}},
  {SYS_fstatfs, "fstatfs", 1, {-3, 0}},
  {SYS_execve, "execve", 0, {0, 0, 0}},
  {SYS_rt_sigaction, "rt_sigaction", 1, {10, 0, 0, 8}},
  {SYS_rt_sigprocmask, "rt_sigprocmask", 1, {0, 0, 0, 8}},
  {SYS_clock_gettime, "clock_gettime", 1, {1, 0}},
  {SYS_clock_getres, "clock_getres", 1, {1, 0}},
  {SYS_nanosleep, "nanosleep", 0, {0, 0}},
  {SYS_gettimeofday, "gettimeofday", 0, {0, 0}},
  {SYS_times, "times", 0, {0}},
  {SYS_uname, "uname", 0, {0}},
  {SYS_sysinfo, "sysinfo", 0, {0}},
  {SYS_getrusage, "getrusage", 1, {0, 0}},
  {SYS_getrlimit, "getrlimit", 1, {3, 0}},
  {SYS_setrlimit, "setrlimit", 1, {3, 0}},
  {SYS_prlimit64, "prlimit64 (new)", 2, {0, 3, 0, 0}},
  {SYS_prlimit64, "prlimit64 (old)", 3, {0, 3, 0, 0}},
  {SYS_getrandom, "getrandom", 0, {0, 64, 0}},
  {SYS_sched_getaffinity, "sched_getaffinity", 2, {0, 128, 0}},
  {SYS_mincore, "mincore", 2, {-4, 4096, 0}},
};

static const unsigned long wild[] = {
  8, 0xdead0000, 0x12345678000, 0x1000000000000, 0x7ffffffffffff000,
  0x8000000000000000, 0xffff000000000000, 0xffff800008000000, 0xfffffffffffffff8,
};

int main(void) {
  int bad = 0;
  long page = sysconf(_SC_PAGESIZE);
  char *own = mmap(0, page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  char *forbidden = mmap(0, page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  fd = open("/tmp/wild", O_RDWR | O_CREAT, 0600);
  long folder = open("/", O_RDONLY | O_DIRECTORY);
  char block[256] = {0};
  if (write(fd, block, sizeof block) != sizeof block) { perror("write"); return 1; }
  for (unsigned i = 0; i < sizeof calls / sizeof *calls; i++)
    for (unsigned w = 0; w <= sizeof wild / sizeof *wild; w++) {
      long a[6];
      lseek(fd, 0, SEEK_SET);
      for (int k = 0; k < 6; k++) {
        a[k] = calls[i].arguments[k];
        if (a[k] == -2) a[k] = folder;
        if (a[k] == -3) a[k] = fd;
        if (a[k] == -4) a[k] = (long)own;
      }
      a[calls[i].pointer] = w < sizeof wild / sizeof *wild ? (long)wild[w] : (long)forbidden;
      errno = 0;
      long r = syscall(calls[i].number, a[0], a[1], a[2], a[3], a[4], a[5]);
      if (r != -1 || (errno != EFAULT && errno != ENOSYS)) {
        printf("%s with %#lx: %ld %s\n", calls[i].name, a[calls[i].pointer], r, strerror(errno));
        bad++;
      } else if (errno == ENOSYS && w == 0) printf("%s: not there\n", calls[i].name);
    }
  // Every number there is, and some there are not, with garbage in all arguments. Left out are the
  // calls that end or leave the program by right.
  for (int n = 0; n < 600; n++) {
    if (n == SYS_exit || n == SYS_exit_group || n == SYS_rt_sigreturn || n == SYS_clone ||
        n == SYS_clone3 || n == SYS_munmap || n == SYS_brk || n == SYS_rt_sigsuspend ||
        n == SYS_ppoll || n == SYS_pselect6 || n == SYS_reboot || n == SYS_kill || n == SYS_tkill ||
        n == SYS_tgkill || n == SYS_vhangup || n == SYS_close || n == SYS_close_range ||
        n == SYS_mprotect || n == SYS_mremap || n == SYS_dup3 || n == SYS_rt_sigtimedwait ||
        n == SYS_setrlimit || n == SYS_restart_syscall || n == SYS_madvise || n == SYS_process_madvise)
      continue;
    for (unsigned w = 0; w < sizeof wild / sizeof *wild; w++)
      syscall(n, wild[w], wild[w], wild[w], wild[w], wild[w], wild[w]);
  }
  printf("%d wrong\n", bad);
  return bad != 0;
}
