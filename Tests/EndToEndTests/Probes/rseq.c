// rseq: registration and its refusals, who inherits it, what the kernel keeps in the area, and
// sequences that a signal or another process interrupts: they go on at their abort handlers.
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/rseq.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#define SIGNATURE 0xd428bc00u
struct area { uint32_t start, id; uint64_t cs; uint32_t flags, rest[3]; } __attribute__((aligned(32)));
struct cs { uint32_t version, flags; uint64_t start, length, abort; } __attribute__((aligned(32)));
static struct area own;
static long page;
static const char *name(long r) { return r == -1 ? strerrorname_np(errno) : "ok"; }
static void say(const char *what, long r) { printf("%-52s %s\n", what, name(r)); }
static long reg(void *at, unsigned length, int flags, unsigned signature) {
  return syscall(SYS_rseq, at, length, flags, signature);
}
static void show(const char *what) {
  printf("%-52s start %x id %x cs %s flags %x\n", what, own.start, own.id, own.cs ? "set" : "none", own.flags);
}
static void *glibcs(void) { return (char *)__builtin_thread_pointer() + __rseq_offset; }
static void *thread(void *unused) {
  (void)unused;
  struct area *a = glibcs();
  printf("%-52s id %d\n", "a thread's own by the library", (int)a->id);
  say("a thread lets go", reg(a, 32, 1, SIGNATURE));
  printf("%-52s id %d\n", "", (int)a->id);
  say("a thread: what the first one has", reg(&own, 32, 1, SIGNATURE));
  return NULL;
}

// Sets the area's cs, then counts in the sequence until the word says stop, or for ever; 1 if it was aborted.
static struct cs cs;
static volatile long turns, stop;
extern char sequence_begin[], sequence_end[], sequence_aborted[];
__attribute__((noinline)) static long run(void) {
  long result;
  asm volatile(
      "  str %[cs], [%[area], 8]\n"
      ".globl sequence_begin, sequence_end, sequence_aborted\n"
      "sequence_begin:\n"
      "1: ldr x9, [%[turns]]\n  add x9, x9, 1\n  str x9, [%[turns]]\n"
      "  ldr x9, [%[stop]]\n  cbz x9, 1b\n"
      "sequence_end:\n"
      "  mov %[result], 0\n  b 2f\n"
      "  .inst 0xd428bc00\n"
      "sequence_aborted:\n"
      "  mov %[result], 1\n"
      "2:\n"
      : [result] "=&r"(result)
      : [cs] "r"(&cs), [area] "r"(&own), [turns] "r"(&turns), [stop] "r"(&stop)
      : "x9", "memory", "cc");
  return result;
}
static volatile int handled;
static void handler(int s) {
  (void)s;
  handled = 1;
  show("in the handler");
}
static void stopper(int s) { (void)s; stop = 1; }
static void fill(void) {
  cs = (struct cs){0, 0, (uintptr_t)sequence_begin, sequence_end - sequence_begin,
      (uintptr_t)sequence_aborted};
  own.cs = 0; own.flags = 0; turns = stop = 0;
}
static void tick(void) {
  struct itimerval t = {{0, 0}, {0, 20000}};
  setitimer(ITIMER_REAL, &t, NULL);
}
static void dies(const char *what, void (*spoil)(void)) {
  fflush(stdout);
  pid_t p = fork();
  if (p == 0) {
    fill();
    spoil();
    signal(SIGALRM, stopper);
    tick();
    long r = run();
    printf("%-52s ran to %s, cs %s\n", what, r ? "abort" : "end", own.cs ? "set" : "none");
    fflush(stdout);
    _exit(0);
  }
  int s;
  waitpid(p, &s, 0);
  if (s) printf("%-52s signal %d\n", what, s & 127);
}
static void nothing(void) {}
static void version(void) { cs.version = 1; }
static void flag(void) { cs.flags = 2; }
static void unknown(void) { cs.flags = 64; }
static void areaFlag(void) { own.flags = 1; }
static void signature(void) { cs.abort += 4; }
static void inside(void) { cs.abort = cs.start + 4; }
static void length(void) { cs.length = -1ul; }
static void beyond(void) { cs.start = 1ul << 60; }
static void abortBeyond(void) { cs.abort = 1ul << 60; }
static void elsewhere(void) { cs.start = (uintptr_t)dies; cs.length = 4; }
static void empty(void) { cs.length = 0; }
static void readonly(void) {
  if (reg(&own, 32, 1, SIGNATURE)) printf("still there\n");
  struct area *a = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  reg(a, 32, 0, SIGNATURE);
  mprotect(a, page, PROT_READ);
}
static void gone(void) {
  if (reg(&own, 32, 1, SIGNATURE)) printf("still there\n");
  struct area *a = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  reg(a, 32, 0, SIGNATURE);
  munmap(a, page);
}
static void nowhere(void) { own.cs = 0; }

int main(void) {
  page = sysconf(_SC_PAGESIZE);
  printf("the library's: size %u flags %u id %d\n", __rseq_size, __rseq_flags, (int)((struct area *)glibcs())->id);
  void *lib = glibcs();
  say("twice", reg(lib, 32, 0, SIGNATURE));
  say("twice, another signature", reg(lib, 32, 0, 1));
  say("twice, another length", reg(lib, 64, 0, SIGNATURE));
  say("another", reg(&own, 32, 0, SIGNATURE));
  say("let go of another", reg(&own, 32, 1, SIGNATURE));
  say("let go with another length", reg(lib, 31, 1, SIGNATURE));
  say("let go with another signature", reg(lib, 32, 1, 5));
  say("let go with flags", reg(lib, 32, 3, SIGNATURE));
  say("flags", reg(lib, 32, 2, SIGNATURE));
  say("let go", reg(lib, 32, 1, SIGNATURE));
  printf("id %d\n", (int)((struct area *)lib)->id);
  say("let go again", reg(lib, 32, 1, SIGNATURE));
  say("odd", reg((char *)&own + 8, 32, 0, SIGNATURE));
  say("short", reg(&own, 16, 0, SIGNATURE));
  say("nowhere", reg((void *)32, 32, 0, SIGNATURE));
  say("beyond", reg((void *)(1ul << 60), 32, 0, SIGNATURE));
  say("null", reg(NULL, 32, 0, SIGNATURE));
  say("null, let go", reg(NULL, 32, 1, SIGNATURE));
  own.id = 77; own.start = 55; own.cs = 1234;
  say("own", reg(&own, 32, 0, SIGNATURE));
  show("");
  fflush(stdout);
  if (fork() == 0) {
    show("the child's");
    own.id = own.start = 9;
    say("the child: again", reg(&own, 32, 0, SIGNATURE));
    show("");
    fflush(stdout);
    _exit(0);
  }
  wait(NULL);
  pthread_t t;
  pthread_create(&t, NULL, thread, NULL);
  pthread_join(t, NULL);
  own.id = 77;
  sched_yield();
  usleep(1000);
  show("after a sleep");

  fill();
  signal(SIGALRM, handler);
  tick();
  long result;  // Other tasks of the kernel's may have interrupted it before.
  do result = run(); while (!handled);
  printf("%-52s %ld\n", "a signal: aborted", result);
  show("");
  printf("%-52s %d\n", "some turns", turns > 100);
  fill();
  fflush(stdout);
  pid_t p = fork();
  if (p == 0) for (;;) getppid();
  printf("%-52s %ld\n", "another process: aborted", run());
  show("");
  kill(p, SIGKILL);
  waitpid(p, NULL, 0);
  fill();
  stop = 1;
  printf("%-52s %ld\n", "not interrupted: aborted", run());
  show("");
  fill();
  own.cs = (uintptr_t)&cs;
  getppid();
  show("a call outside");
  raise(SIGALRM);
  show("a signal outside");
  dies("nothing spoilt", nothing);
  dies("version 1", version);
  dies("a flag", flag);
  dies("an unknown flag", unknown);
  dies("a flag of the area", areaFlag);
  dies("another signature", signature);
  dies("abort inside", inside);
  dies("wrapping length", length);
  dies("start beyond", beyond);
  dies("abort beyond", abortBeyond);
  dies("elsewhere", elsewhere);
  dies("empty", empty);
  dies("area read-only", readonly);
  dies("area gone", gone);
  dies("set to nothing", nowhere);
  fill();
  fflush(stdout);
  p = fork();
  if (p == 0) { own.cs = 8; usleep(1000); _exit(0); }
  int s;
  waitpid(p, &s, 0);
  printf("%-52s %x\n", "cs nowhere", s);
  return 0;
}
