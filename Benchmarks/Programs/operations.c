// operations KIND N: N operations of one kind between two reads of the virtual counter.
//
// Prints "KIND operations ticks". With QEMU's -icount every instruction is a fixed piece of virtual
// time, so ticks are instructions; run with N and 2N, the difference holds neither warm-up nor
// what surrounds the loop. Operations marked "timed alone" sum only the spans that matter, so that
// what must be prepared between them stays out.
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

static long page, count;
static unsigned long ticks, started;
static long operations;

static inline unsigned long now(void) {
  unsigned long value;
  __asm__ volatile("isb; mrs %0, cntvct_el0" : "=r"(value)::"memory");
  return value;
}
static void begin(void) { started = now(); }
static void end(long done) { ticks += now() - started; operations += done; }

static void fail(const char *what) { perror(what); exit(1); }
static char *map(long pages, int protection) {
  char *p = mmap(0, pages * page, protection, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (p == MAP_FAILED) fail("mmap");
  return p;
}
static void write_each(volatile char *p, long pages) { for (long i = 0; i < pages; i++) p[i * page] = 1; }
static void read_each(volatile char *p, long pages) { for (long i = 0; i < pages; i++) (void)p[i * page]; }
static void areas(long n) { for (long i = 0; i < n; i++) map(1, i & 1 ? PROT_READ | PROT_WRITE : PROT_READ); }
static int file(long pages) {
  int fd = open("/tmp/operations", O_RDWR | O_CREAT, 0600);
  if (fd < 0) fail("open /tmp/operations");
  char *block = malloc(page);
  memset(block, 1, page);
  for (long i = 0; i < pages; i++) if (write(fd, block, page) != page) fail("write");
  return fd;
}

static void getppid_(void) { begin(); for (long i = 0; i < count; i++) syscall(SYS_getppid); end(count); }
static void touch(void) { char *p = map(count, 3); begin(); write_each(p, count); end(count); }
static void put(const char *path, const char *text) {
  int fd = open(path, O_WRONLY);
  if (fd < 0 || write(fd, text, strlen(text)) < 0) fail(path);
  close(fd);
}
static void enter_group(const char *limit) {
  mkdir("/sys/fs/cgroup/operations", 0755);
  if (limit) put("/sys/fs/cgroup/operations/memory.max", limit);
  put("/sys/fs/cgroup/operations/cgroup.procs", "0");
}
static void touchgroup(void) { enter_group(0); touch(); }
static void touchlimit(void) { enter_group("6G"); touch(); }
static void readzero(void) { char *p = map(count, 3); begin(); read_each(p, count); end(count); }
static void zerowrite(void) { char *p = map(count, 3); read_each(p, count); begin(); write_each(p, count); end(count); }
static void touchfree(void) { char *p = map(count, 3); begin(); write_each(p, count); munmap(p, count * page); end(count); }
static void munmap1(void) {  // timed alone
  for (long i = 0; i < count; i++) { char *p = map(1, 3); write_each(p, 1); begin(); munmap(p, page); end(1); } }
static void munmap64k(void) {  // timed alone
  for (long i = 0; i < count; i++) { char *p = map(16384, 3); write_each(p, 16384); begin(); munmap(p, 16384 * page); end(16384); } }
static void mmap_(void) { begin(); for (long i = 0; i < count; i++) munmap(map(1, 3), page); end(count); }
static void mmapnew(void) { begin(); areas(count); end(count); }
static void mmap60k(void) { areas(60000); mmap_(); }
static void mmapnew60k(void) { areas(60000); mmapnew(); }
static void fault60k(void) { char *p = map(count, 3); areas(60000); begin(); write_each(p, count); end(count); }
static void brk_(void) {
  char *b = sbrk(0);
  begin();
  for (long i = 0; i < count; i++) { if (brk(b + 65536) || brk(b)) fail("brk"); }
  end(count);
}
static void mprotect1(void) {
  char *p = map(64, 3); write_each(p, 64);
  begin();
  for (long i = 0; i < count; i++) { mprotect(p + 16 * page, page, PROT_READ); mprotect(p + 16 * page, page, 3); }
  end(count);
}
static void mprotect1024(void) {
  char *p = map(1024, 3); write_each(p, 1024);
  begin();
  for (long i = 0; i < count; i++) { mprotect(p, 1024 * page, PROT_READ); mprotect(p, 1024 * page, 3); }
  end(count * 1024);
}
static void mremap1(void) {  // timed alone: one page grows to two and must move
  for (long i = 0; i < count; i++) {
    char *p = map(2, 3); write_each(p, 2); mprotect(p + page, page, PROT_READ);
    begin(); char *q = mremap(p, page, 2 * page, MREMAP_MAYMOVE); end(1);
    if (q == MAP_FAILED || q == p) fail("mremap");
    munmap(q, 2 * page); munmap(p + page, page);
  }
}
static void mremap1024(void) {  // timed alone: 1,024 pages grow by one and must move
  char *p = map(1025, 3); write_each(p, 1024);
  for (long i = 0; i < count; i++) {
    mprotect(p + 1024 * page, page, PROT_READ);
    begin(); char *q = mremap(p, 1024 * page, 1025 * page, MREMAP_MAYMOVE); end(1);
    if (q == MAP_FAILED || q == p) fail("mremap");
    munmap(p + 1024 * page, page); p = q;
  }
}
static void dontneed1(void) {
  char *p = map(1, 3); write_each(p, 1);
  begin(); for (long i = 0; i < count; i++) { madvise(p, page, MADV_DONTNEED); write_each(p, 1); } end(count);
}
static void dontneed1024(void) {
  char *p = map(1024, 3); write_each(p, 1024);
  begin(); for (long i = 0; i < count; i++) { madvise(p, 1024 * page, MADV_DONTNEED); write_each(p, 1024); } end(count * 1024);
}
static void fileread(void) {
  int fd = file(1024);
  begin();
  for (long i = 0; i < count; i++) {
    char *p = mmap(0, 1024 * page, PROT_READ, MAP_PRIVATE, fd, 0);
    if (p == MAP_FAILED) fail("mmap");
    read_each(p, 1024); munmap(p, 1024 * page);
  }
  end(count * 1024);
}
static void filecow(void) {  // timed alone
  int fd = file(1024);
  for (long i = 0; i < count; i++) {
    char *p = mmap(0, 1024 * page, 3, MAP_PRIVATE, fd, 0);
    if (p == MAP_FAILED) fail("mmap");
    begin(); write_each(p, 1024); end(1024);
    munmap(p, 1024 * page);
  }
}
static void read4k(void) { int fd = file(64); static char b[4096]; begin(); for (long i = 0; i < count; i++) pread(fd, b, 4096, i % 16 * 4096); end(count); }
static void write4k(void) { int fd = file(64); static char b[4096]; begin(); for (long i = 0; i < count; i++) pwrite(fd, b, 4096, i % 16 * 4096); end(count); }
static void mincore1(void) { char *p = map(1, 3); write_each(p, 1); unsigned char v; begin(); for (long i = 0; i < count; i++) mincore(p, page, &v); end(count); }
static void mincore1024(void) { char *p = map(1024, 3); write_each(p, 1024); static unsigned char v[1024]; begin(); for (long i = 0; i < count; i++) mincore(p, 1024 * page, v); end(count * 1024); }
static void mlock1(void) { char *p = map(1, 3); write_each(p, 1); begin(); for (long i = 0; i < count; i++) { mlock(p, page); munlock(p, page); } end(count); }
static void mlock1024(void) { char *p = map(1024, 3); write_each(p, 1024); begin(); for (long i = 0; i < count; i++) { mlock(p, 1024 * page); munlock(p, 1024 * page); } end(count * 1024); }
static void mremapmove1(void) {  // MREMAP_FIXED, to and fro
  char *a = map(1, 3), *b = map(3, 3) + page; write_each(a, 1);
  begin();
  for (long i = 0; i < count; i++) { mremap(a, page, page, MREMAP_MAYMOVE | MREMAP_FIXED, b); char *t = a; a = b; b = t; }
  end(count);
}
static void mremapmove1024(void) {  // the same; one end is aligned to a table, the other is not
  char *a = map(4096, 3), *b = map(1030, 3) + 3 * page;
  a = (char *)(((unsigned long)a + 2048 * page - 1) & -(1024 * page)); write_each(a, 1024);
  begin();
  for (long i = 0; i < count; i++) { mremap(a, 1024 * page, 1024 * page, MREMAP_MAYMOVE | MREMAP_FIXED, b); char *t = a; a = b; b = t; }
  end(count);
}
static void filefault(void) {  // timed alone
  int fd = file(1024);
  for (long i = 0; i < count; i++) {
    char *p = mmap(0, 1024 * page, PROT_READ, MAP_PRIVATE, fd, 0);
    if (p == MAP_FAILED) fail("mmap");
    begin(); read_each(p, 1024); end(1024);
    munmap(p, 1024 * page);
  }
}
static void fileshared(void) {  // timed alone
  int fd = file(1024);
  for (long i = 0; i < count; i++) {
    char *p = mmap(0, 1024 * page, 3, MAP_SHARED, fd, 0);
    if (p == MAP_FAILED) fail("mmap");
    begin(); write_each(p, 1024); end(1024);
    munmap(p, 1024 * page);
  }
}
static void fault60keach(void) {  // each page is an area of its own
  char **p = malloc(60000 * sizeof *p);
  for (long i = 0; i < 60000; i++) p[i] = map(1, i & 1 ? 3 : 1);
  begin(); for (long i = 0; i < count; i++) write_each(p[2 * i + 1], 1); end(count);
}
static long hits;
static void on_signal(int number) { hits++; }
static void on_fault(int number, siginfo_t *info, void *context) { hits++; ((ucontext_t *)context)->uc_mcontext.pc += 4; }
static void signal_(void) {
  int self = getpid();
  signal(SIGUSR1, on_signal);
  begin(); for (long i = 0; i < count; i++) kill(self, SIGUSR1); end(count);
  if (hits != count) fail("signal");
}
static void fault_at(char *p) {
  struct sigaction action = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO};
  sigaction(SIGSEGV, &action, 0);
  begin(); for (long i = 0; i < count; i++) __asm__ volatile("ldrb wzr, [%0]" :: "r"(p) : "memory"); end(count);
  if (hits != count) fail("segv");
}
static void segv(void) { fault_at(map(1, 0)); }
static void segvunmapped(void) { char *p = map(1, 0); munmap(p, page); fault_at(p); }
static void cow(void) {  // a child writes to the pages that it shares with its parent
  char *p = map(count, 3); write_each(p, count);
  unsigned long *spent = mmap(0, page, 3, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (!fork()) { begin(); write_each(p, count); end(count); *spent = ticks; _exit(0); }
  wait(0);
  ticks = *spent; operations = count;
}
static void exec_(void) {  // a process of its own runs this binary with no arguments: vfork, execve, wait
  char *arguments[] = {"/proc/self/exe", 0}, *none[] = {0};
  begin();
  for (long i = 0; i < count; i++) {
    int status, pid = vfork();
    if (!pid) { execve("/proc/self/exe", arguments, none); _exit(9); }
    waitpid(pid, &status, 0);
    if (status) fail("exec");
  }
  end(count);
}
static void fork_with(long pages) {
  char *p = map(pages, 3); write_each(p, pages);
  begin();
  for (long i = 0; i < count; i++) { int pid = fork(); if (!pid) _exit(0); waitpid(pid, 0, 0); }
  end(count);
}

static void fork1024(void) { fork_with(1024); }
static void fork25600(void) { fork_with(25600); }
static void vfork_(void) {
  begin();
  for (long i = 0; i < count; i++) { int pid = vfork(); if (!pid) _exit(0); waitpid(pid, 0, 0); }
  end(count);
}
static void *nothing(void *argument) { return argument; }
static void thread(void) {
  pthread_t one;
  begin();
  for (long i = 0; i < count; i++) { pthread_create(&one, 0, nothing, 0); pthread_join(one, 0); }
  end(count);
}
static void pipe_(void) {  // a byte there and back between two processes
  int there[2], back[2]; char b = 0;
  if (pipe(there) || pipe(back)) fail("pipe");
  if (!fork()) { close(there[1]); while (read(there[0], &b, 1) == 1) write(back[1], &b, 1); _exit(0); }
  begin();
  for (long i = 0; i < count; i++) { write(there[1], &b, 1); read(back[0], &b, 1); }
  end(count);
  close(there[1]); wait(0);
}
static int balls[2];
static void await(int *ball) {
  while (!__atomic_load_n(ball, __ATOMIC_ACQUIRE)) syscall(SYS_futex, ball, FUTEX_WAIT_PRIVATE, 0, 0, 0, 0);
  __atomic_store_n(ball, 0, __ATOMIC_RELEASE);
}
static void throw(int *ball) { __atomic_store_n(ball, 1, __ATOMIC_RELEASE); syscall(SYS_futex, ball, FUTEX_WAKE_PRIVATE, 1, 0, 0, 0); }
static void *partner(void *argument) { for (long i = 0; i < count; i++) { await(&balls[0]); throw(&balls[1]); } return 0; }
static void futex(void) {  // two threads: wake the other, wait for it
  pthread_t one;
  pthread_create(&one, 0, partner, 0);
  begin();
  for (long i = 0; i < count; i++) { throw(&balls[0]); await(&balls[1]); }
  end(count);
  pthread_join(one, 0);
}
static void yield(void) {  // two processes give way to each other
  int pid = fork();
  if (!pid) for (;;) sched_yield();
  begin();
  for (long i = 0; i < count; i++) sched_yield();
  end(count);
  kill(pid, 9); wait(0);
}

static const struct { const char *name; void (*run)(void); } kinds[] = {
  {"getppid", getppid_}, {"touch", touch}, {"touchgroup", touchgroup}, {"touchlimit", touchlimit}, {"readzero", readzero}, {"zerowrite", zerowrite},
  {"touchfree", touchfree}, {"munmap1", munmap1}, {"munmap64k", munmap64k}, {"mmap", mmap_},
  {"mmapnew", mmapnew}, {"mmap60k", mmap60k}, {"mmapnew60k", mmapnew60k}, {"fault60k", fault60k},
  {"brk", brk_}, {"mprotect1", mprotect1}, {"mprotect1024", mprotect1024}, {"mremap1", mremap1},
  {"mremap1024", mremap1024}, {"dontneed1", dontneed1}, {"dontneed1024", dontneed1024},
  {"fileread", fileread}, {"filecow", filecow}, {"read4k", read4k}, {"write4k", write4k},
  {"mincore1", mincore1}, {"mincore1024", mincore1024}, {"mlock1", mlock1}, {"exec", exec_},
  {"fork1024", fork1024}, {"fork25600", fork25600}, {"vfork", vfork_}, {"thread", thread},
  {"pipe", pipe_}, {"futex", futex}, {"yield", yield},
  {"mlock1024", mlock1024}, {"mremapmove1", mremapmove1},
  {"mremapmove1024", mremapmove1024}, {"filefault", filefault}, {"fileshared", fileshared},
  {"fault60keach", fault60keach}, {"signal", signal_}, {"segv", segv},
  {"segvunmapped", segvunmapped}, {"cow", cow},
};

int main(int argc, char **argv) {
  if (argc != 3) return 0;  // what `exec` runs
  page = sysconf(_SC_PAGESIZE);
  count = atol(argv[2]);
  for (unsigned i = 0; i < sizeof kinds / sizeof *kinds; i++)
    if (!strcmp(argv[1], kinds[i].name)) {
      kinds[i].run();
      printf("%s %ld %lu\n", argv[1], operations, ticks);
      return 0;
    }
  fprintf(stderr, "operations: no kind %s\n", argv[1]);
  return 2;
}
