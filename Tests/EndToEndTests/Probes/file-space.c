// Room in files: fallocate in all its modes, truncation of what is mapped, holes, advice.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <sys/resource.h>
#include <sys/mount.h>
#include <unistd.h>

static long page;

static const char *name(int error) { return error ? strerrorname_np(error) : "ok"; }

static void size(int file) {
  struct stat status;
  fstat(file, &status);
  printf("    size %ld pages and %ld bytes, %ld pages of blocks\n", (long)status.st_size / page,
         (long)status.st_size % page, (long)status.st_blocks * 512 / page);
}

static void try_allocate(int file, int mode, long start, long length) {
  errno = 0;
  long result = syscall(SYS_fallocate, file, mode, start, length);
  printf("fallocate mode %#x %ld+%ld: %ld %s\n", mode, start / page, length / page, result, name(errno));
  size(file);
}

static sigjmp_buf back;
static int caught_signal, caught_code;
static void on_fault(int number, siginfo_t *info, void *context) {
  caught_signal = number;
  caught_code = info->si_code;
  siglongjmp(back, 1);
}

static void touch(const char *what, volatile char *place, int writes) {
  if (sigsetjmp(back, 1) == 0) {
    if (writes) *place = 'w';
    printf("%s: %d\n", what, *place);
  } else {
    printf("%s: %s code %d\n", what, caught_signal == SIGBUS ? "SIGBUS" : "SIGSEGV", caught_code);
  }
}

static int mode_of(const char *path) {
  struct stat status;
  stat(path, &status);
  return status.st_mode & 07777;
}

int main(void) {
  page = sysconf(_SC_PAGESIZE);
  setvbuf(stdout, 0, _IONBF, 0);
  struct sigaction action = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO};
  sigaction(SIGBUS, &action, 0);
  sigaction(SIGSEGV, &action, 0);
  mkdir("/tmp/space", 0755);
  printf("mount %d\n", mount("none", "/tmp/space", "tmpfs", 0, "size=4M,mode=777"));
  int file = open("/tmp/space/file", O_RDWR | O_CREAT | O_TRUNC, 0644);

  puts("-- modes");
  size(file);
  try_allocate(file, 0, 0, 4 * page);
  try_allocate(file, 0, 10, 20);
  try_allocate(file, FALLOC_FL_KEEP_SIZE, 8 * page, 2 * page);
  try_allocate(file, 0, 5 * page, page + 1);
  pwrite(file, "hello", 5, 3 * page);
  try_allocate(file, FALLOC_FL_PUNCH_HOLE, 0, page);
  try_allocate(file, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 2 * page);
  try_allocate(file, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 3 * page + 1, 2);
  char text[6] = {0};
  pread(file, text, 5, 3 * page);
  printf("after a hole of two bytes: %d %d %d %d %d\n", text[0], text[1], text[2], text[3], text[4]);
  try_allocate(file, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 100 * page, page);
  try_allocate(file, FALLOC_FL_ZERO_RANGE, 0, page);
  try_allocate(file, FALLOC_FL_ZERO_RANGE | FALLOC_FL_KEEP_SIZE, 0, page);
  try_allocate(file, FALLOC_FL_COLLAPSE_RANGE, 0, page);
  try_allocate(file, FALLOC_FL_INSERT_RANGE, 0, page);
  try_allocate(file, FALLOC_FL_UNSHARE_RANGE, 0, page);
  try_allocate(file, FALLOC_FL_COLLAPSE_RANGE | FALLOC_FL_KEEP_SIZE, 0, page);
  try_allocate(file, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_ZERO_RANGE | FALLOC_FL_KEEP_SIZE, 0, page);
  try_allocate(file, 0x80, 0, page);
  try_allocate(file, 0, -1, page);
  try_allocate(file, 0, 0, 0);
  try_allocate(file, 0, 0, -5);
  try_allocate(file, 0, 0x7fffffffffffffff, 10);
  try_allocate(file, 0, 0, 0x7ffffffffffff000);
  puts("-- no room");
  try_allocate(file, 0, 0, 64 << 20);
  try_allocate(file, FALLOC_FL_KEEP_SIZE, 0, 64 << 20);
  struct statfs figures;
  statfs("/tmp/space", &figures);
  printf("free %ld bytes of %ld\n", (long)(figures.f_bfree * figures.f_bsize), (long)(figures.f_blocks * figures.f_bsize));

  puts("-- files that have none");
  int reader = open("/tmp/space/file", O_RDONLY);
  errno = 0;
  int result = syscall(SYS_fallocate, reader, 0, 0L, page);
  printf("read-only: %d %s\n", result, name(errno));
  int pipes[2];
  pipe(pipes);
  errno = 0;
  result = syscall(SYS_fallocate, pipes[1], 0, 0L, page);
  printf("pipe: %d %s\n", result, name(errno));
  int folder = open("/tmp", O_RDONLY);
  errno = 0;
  result = syscall(SYS_fallocate, folder, 0, 0L, page);
  printf("folder: %d %s\n", result, name(errno));
  int null = open("/dev/null", O_RDWR);
  errno = 0;
  result = syscall(SYS_fallocate, null, 0, 0L, page);
  printf("/dev/null: %d %s\n", result, name(errno));
  errno = 0;
  result = syscall(SYS_fallocate, 99, 0, 0L, page);
  printf("nothing: %d %s\n", result, name(errno));

  puts("-- seals");
  int sealed = memfd_create("sealed", MFD_ALLOW_SEALING);
  ftruncate(sealed, 4 * page);
  fcntl(sealed, F_ADD_SEALS, F_SEAL_GROW);
  try_allocate(sealed, 0, 0, 4 * page);
  try_allocate(sealed, 0, 3 * page, 2 * page);
  try_allocate(sealed, FALLOC_FL_KEEP_SIZE, 3 * page, 2 * page);
  try_allocate(sealed, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, page);
  fcntl(sealed, F_ADD_SEALS, F_SEAL_SHRINK);
  errno = 0;
  result = ftruncate(sealed, page);
  printf("shrink: %d %s\n", result, name(errno));
  fcntl(sealed, F_ADD_SEALS, F_SEAL_WRITE);
  try_allocate(sealed, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, page);
  try_allocate(sealed, 0, 0, page);

  puts("-- the largest size of a file");
  signal(SIGXFSZ, SIG_IGN);
  struct rlimit limit = {8 * page, RLIM_INFINITY};
  setrlimit(RLIMIT_FSIZE, &limit);
  int small = open("/tmp/space/small", O_RDWR | O_CREAT, 0644);
  try_allocate(small, 0, 0, 9 * page);
  try_allocate(small, 0, 0, 8 * page);
  try_allocate(small, FALLOC_FL_KEEP_SIZE, 8 * page, page);
  limit.rlim_cur = RLIM_INFINITY;
  setrlimit(RLIMIT_FSIZE, &limit);

  puts("-- mapped and cut");
  int cut = open("/tmp/space/cut", O_RDWR | O_CREAT, 0644);
  ftruncate(cut, 3 * page);
  char *shared = mmap(0, 4 * page, PROT_READ | PROT_WRITE, MAP_SHARED, cut, 0);
  char *own = mmap(0, 4 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE, cut, 0);
  touch("shared, page 2", shared + 2 * page, 1);
  touch("shared, past the end", shared + 3 * page, 0);
  touch("own, past the end", own + 3 * page, 1);
  touch("own, page 1", own + page, 1);
  ftruncate(cut, page + 10);
  touch("shared, page 1 in its tail", shared + page + 20, 1);
  touch("shared, page 2 cut off", shared + 2 * page, 0);
  touch("own, page 1 kept", own + page, 0);
  touch("own, page 2 cut off", own + 2 * page, 0);
  ftruncate(cut, 3 * page);
  touch("shared, tail after growing", shared + page + 20, 0);
  touch("shared, page 2 again", shared + 2 * page, 0);
  touch("own, page 1 again", own + page, 0);
  ftruncate(cut, 0);
  touch("own, page 1 of nothing", own + page, 0);
  ftruncate(cut, 4 * page);
  touch("own, page 1 when it is back", own + page, 0);
  shared[page] = 's';
  syscall(SYS_fallocate, cut, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, page, page);
  touch("shared, punched", shared + page, 0);
  printf("own copies after a hole: %d\n", own[page]);
  errno = 0;
  result = munmap(own, 4 * page);
  printf("ended: %d\n", result);

  puts("-- holes");
  int holes = open("/tmp/space/holes", O_RDWR | O_CREAT, 0644);
  pwrite(holes, "x", 1, 2 * page);
  pwrite(holes, "x", 1, 6 * page);
  for (long place = 0; place <= 7; place++) {
    errno = 0;
    long data = lseek(holes, place * page, SEEK_DATA);
    int first = errno;
    errno = 0;
    long hole = lseek(holes, place * page, SEEK_HOLE);
    printf("from page %ld: data %ld+%ld %s, hole %ld+%ld %s\n", place, data / page, data % page, name(first),
           hole / page, hole % page, name(errno));
  }
  syscall(SYS_fallocate, holes, FALLOC_FL_KEEP_SIZE, 0L, 2 * page);
  printf("data after fallocate: %ld\n", (long)lseek(holes, 0, SEEK_DATA) / page);

  puts("-- advice");
  errno = 0;
  long l = syscall(SYS_readahead, file, 0L, page);
  printf("readahead: %ld %s\n", l, name(errno));
  errno = 0;
  l = syscall(SYS_readahead, pipes[0], 0L, page);
  printf("readahead of a pipe: %ld %s\n", l, name(errno));
  errno = 0;
  l = syscall(SYS_readahead, pipes[1], 0L, page);
  printf("readahead of a writing end: %ld %s\n", l, name(errno));
  errno = 0;
  l = syscall(SYS_readahead, folder, 0L, page);
  printf("readahead of a folder: %ld %s\n", l, name(errno));
  errno = 0;
  l = syscall(SYS_readahead, 99, 0L, page);
  printf("readahead of nothing: %ld %s\n", l, name(errno));
  int flags[] = {0, 1, 2, 4, 7, 8};
  for (int i = 0; i < 6; i++) {
    errno = 0;
    l = syscall(SYS_sync_file_range, file, 0L, page, flags[i]);
    printf("sync_file_range %d: %ld %s\n", flags[i], l, name(errno));
  }
  errno = 0;
  l = syscall(SYS_sync_file_range, file, -1L, page, 2);
  printf("sync_file_range -1: %ld %s\n", l, name(errno));
  errno = 0;
  l = syscall(SYS_sync_file_range, file, 10L, -20L, 2);
  printf("sync_file_range to before: %ld %s\n", l, name(errno));
  errno = 0;
  l = syscall(SYS_sync_file_range, pipes[0], 0L, page, 2);
  printf("sync_file_range of a pipe: %ld %s\n", l, name(errno));
  errno = 0;
  l = syscall(SYS_sync_file_range, folder, 0L, page, 2);
  printf("sync_file_range of a folder: %ld %s\n", l, name(errno));
  errno = 0;
  l = syscall(SYS_sync_file_range, null, 0L, page, 2);
  printf("sync_file_range of /dev/null: %ld %s\n", l, name(errno));
  errno = 0;
  l = syscall(SYS_sync_file_range, 99, 0L, page, 2);
  printf("sync_file_range of nothing: %ld %s\n", l, name(errno));

  puts("-- bits that fall");
  chmod("/tmp/space/small", 06755);
  write(small, "x", 1);
  printf("written by user 0: %o\n", mode_of("/tmp/space/small"));
  chmod("/tmp/space/small", 06777);
  if (fork() == 0) {
    setgid(1000);
    setuid(1000);
    int mine = open("/tmp/space/small", O_RDWR);
    syscall(SYS_fallocate, mine, 0, 0L, page);
    printf("allocated by another: %o\n", mode_of("/tmp/space/small"));
    _exit(0);
  }
  usleep(100000);
  chmod("/tmp/space/small", 06777);
  if (fork() == 0) {
    setgid(1000);
    setuid(1000);
    int mine = open("/tmp/space/small", O_RDWR);
    write(mine, "y", 1);
    printf("written by another: %o\n", mode_of("/tmp/space/small"));
    _exit(0);
  }
  usleep(100000);
  chmod("/tmp/space/small", 06767);
  if (fork() == 0) {
    setgid(1000);
    setuid(1000);
    truncate("/tmp/space/small", 5);
    printf("cut by another, group cannot execute: %o\n", mode_of("/tmp/space/small"));
    _exit(0);
  }
  usleep(100000);
  chown("/tmp/space/small", 5, 5);
  printf("given away: %o\n", mode_of("/tmp/space/small"));

  puts("-- answers of calls that were left out");
  int calls[] = {26, 27, 28, 262, 263, 60, 89, 18, 42, 213, 47, 425, 444, 447, 443};
  const char *names[] = {"inotify_init1", "inotify_add_watch", "inotify_rm_watch", "fanotify_init", "fanotify_mark",
    "quotactl", "acct", "lookup_dcookie", "nfsservctl", "readahead",
    "fallocate", "io_uring_setup", "landlock_create_ruleset", "memfd_secret", "quotactl_fd"};
  for (unsigned i = 0; i < sizeof calls / sizeof *calls; i++) {
    errno = 0;
    l = syscall(calls[i], -1L, -1L, -1L, -1L, -1L, -1L);
    printf("%s: %ld %s\n", names[i], l, name(errno));
  }
  umount("/tmp/space");
  return 0;
}
