/* The other stack: what sigaltstack takes and refuses, when it is used, when it is too small. */
#include "signals.h"

static char *area;
static int inside;

static long stack_raw(void *pointer, int flags, unsigned long size, stack_t *old) {
  stack_t new;
  memset(&new, 0, sizeof new);
  new.ss_sp = pointer;
  new.ss_flags = flags;
  new.ss_size = size;
  return syscall(SYS_sigaltstack, &new, old);
}

static void show(const char *what) {
  stack_t old;
  syscall(SYS_sigaltstack, 0, &old);
  say("%s: offset %ld flags %x size %lu\n", what, old.ss_sp ? (long)((char *)old.ss_sp - area) : -1,
      old.ss_flags, old.ss_size);
}

static int on_area(void) {
  char here;
  return &here >= area && &here < area + 65536;
}

static void handler(int sig, siginfo_t *info, void *context) {
  ucontext_t *uc = context;
  say("handler %d on it %d, frame's stack flags %x\n", sig, on_area(), uc->uc_stack.ss_flags);
  show(" inside");
  say(" change: %s", result(stack_raw(area + 100, 0, 8192, 0)));
  say(" disable: %s\n", result(stack_raw(0, SS_DISABLE, 0, 0)));
  if (sig == 10) kill(getpid(), 12);
}

static void set(int sig, void *function, unsigned long flags) {
  struct action action = {function, SA_SIGINFO | flags, 0, 0};
  sigaction_raw(sig, &action, 0);
}

static void overflow_handler(int sig) {
  say("handler on it %d\n", on_area());
}

static void small(void) {
  stack_raw(area, 0, 5120, 0);
  set(11, overflow_handler, SA_ONSTACK);
  *(volatile int *)16 = 1;
}

static void runs_over(int sig) {
  if (inside++) _exit(7);
  /* Uses more than there is, then is hit while still "on" it: no frame can be stored below. */
  asm volatile("mov sp, %0\n mov x8, #172\n svc #0\n mov x1, #10\n mov x8, #129\n svc #0\n"
               :: "r"(area + 100) : "x0", "x1", "x8", "memory");
}

static void over(void) {
  stack_raw(area, 0, 8192, 0);
  set(10, runs_over, SA_ONSTACK | SA_NODEFER);
  kill(getpid(), 10);
}

static void unmapped(void) {
  stack_raw(area, 0, 65536, 0);
  munmap(area, 65536);
  set(10, handler, SA_ONSTACK);
  kill(getpid(), 10);
}

static void limits(void) {
  unsigned long sizes[] = {0, 2048, 4096, 5119, 5120, 8192};
  for (int i = 0; i < 6; i++)
    say("size %lu: %s\n", sizes[i], result(stack_raw(area, 0, sizes[i], 0)));
  int flags[] = {0, 1, 2, 3, 4, (int)0x80000000, (int)0x80000001, (int)0x80000002, 0x40000000};
  for (int i = 0; i < 9; i++) {
    say("flags %x: %s\n", flags[i], result(stack_raw(area, flags[i], 65536, 0)));
    show(" now");
  }
  say("disabled with a size: %s\n", result(stack_raw(area + 1, SS_DISABLE, 77, 0)));
  show(" now");
  say("bad pointers: %s %s\n", result(syscall(SYS_sigaltstack, 8, 0)),
      result(syscall(SYS_sigaltstack, 0, 8)));
  say("anywhere: %s\n", result(stack_raw((void *)0xffff000000000000, 0, 65536, 0)));
  say("old is there: %s\n", result(stack_raw(area, 0, 65536, (stack_t *)8)));
  show(" and new is set");
}

int main(void) {
  area = mmap(0, 65536, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  show("at first");
  limits();
  say("-- in use\n");
  stack_raw(area, 0, 65536, 0);
  set(10, handler, SA_ONSTACK);
  set(12, handler, SA_ONSTACK);
  kill(getpid(), 10);
  show("after");
  say("-- without SA_ONSTACK\n");
  set(10, handler, 0);
  stack_raw(area, 0, 65536, 0);
  kill(getpid(), 10);
  show("after");
  say("-- disarmed by itself\n");
  stack_raw(area, 0x80000000, 65536, 0);
  set(10, handler, SA_ONSTACK);
  kill(getpid(), 10);
  show("after");
  say("-- inherited\n");
  stack_raw(area, 0, 65536, 0);
  if (fork() == 0) {
    show("by fork");
    _exit(0);
  }
  wait(0);
  say("-- too small, used up, gone\n");
  in_child("small", small);
  in_child("over", over);
  in_child("unmapped", unmapped);
  return 0;
}
