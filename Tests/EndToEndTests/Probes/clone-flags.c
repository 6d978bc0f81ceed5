/* What clone, clone3 and unshare accept, share and refuse. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static char stack[65536] __attribute__((aligned(16)));

static const char *result(long value) {
  static char texts[4][32];
  static int next;
  char *text = texts[next++ & 3];
  if (value >= 0) snprintf(text, 32, "ok");
  else snprintf(text, 32, "%s", strerrorname_np(errno));
  return text;
}

static long raw_clone(unsigned long flags, void *sp, int *parent, void *tls, int *child) {
  return syscall(SYS_clone, flags, sp, parent, tls, child);
}

/* Only flags that are refused: what succeeds ends at once. */
static void refuse(const char *what, unsigned long flags) {
  fflush(stdout);
  long pid = raw_clone(flags, 0, 0, 0, 0);
  if (pid == 0) _exit(0);
  printf("%s: %s\n", what, result(pid));
  if (pid > 0) waitpid(pid, 0, __WALL);
}

struct args {
  uint64_t flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls, set_tid,
      set_tid_size, cgroup, more;
};

static void three(const char *what, struct args a, size_t size) {
  fflush(stdout);
  long pid = syscall(SYS_clone3, &a, size);
  if (pid == 0) _exit(0);
  printf("clone3 %s: %s\n", what, result(pid));
  if (pid > 0) waitpid(pid, 0, __WALL);
}

static volatile int shared;
static int body(void *argument) {
  shared = 42;
  umask(077);
  chdir("/proc");
  close(9);
  return 5;
}

static void share(const char *what, int flags) {
  shared = 0;
  umask(022);
  chdir("/");
  dup2(1, 9);
  fflush(stdout);
  int pid = clone(body, stack + sizeof stack, flags | SIGCHLD, 0);
  int status = -1;
  waitpid(pid, &status, 0);
  char folder[64];
  getcwd(folder, sizeof folder);
  int mask = umask(022);
  printf("%s: status %x memory %d folder %s umask %o file %s\n", what, status, shared, folder, mask,
         fcntl(9, F_GETFD) < 0 ? "closed" : "open");
  chdir("/");
}

static int tids[3];
static int words(void *argument) { return tids[0] == 0 ? 1 : tids[1] == getpid() ? 0 : 2; }
static int handler_set(void *argument) {
  signal(SIGUSR1, SIG_IGN);
  return 0;
}

int main(void) {
  setvbuf(stdout, 0, _IOFBF, 65536);
  refuse("thread alone", CLONE_THREAD | SIGCHLD);
  refuse("thread with handlers, own memory", CLONE_THREAD | CLONE_SIGHAND | SIGCHLD);
  refuse("handlers alone", CLONE_SIGHAND | SIGCHLD);
  refuse("new mounts with folders", CLONE_NEWNS | CLONE_FS | SIGCHLD);
  refuse("new users with folders", CLONE_NEWUSER | CLONE_FS | SIGCHLD);
  refuse("new users", CLONE_NEWUSER | SIGCHLD);
  refuse("new pids", CLONE_NEWPID | SIGCHLD);
  refuse("new net", CLONE_NEWNET | SIGCHLD);
  refuse("new names", CLONE_NEWUTS | SIGCHLD);
  refuse("new ipc", CLONE_NEWIPC | SIGCHLD);
  refuse("new mounts", CLONE_NEWNS | SIGCHLD);
  refuse("new cgroups", CLONE_NEWCGROUP | SIGCHLD);
  refuse("pidfd detached", CLONE_PIDFD | CLONE_DETACHED | SIGCHLD);
  refuse("pidfd and parent's number", CLONE_PIDFD | CLONE_PARENT_SETTID | SIGCHLD);
  refuse("detached", CLONE_DETACHED | SIGCHLD);
  refuse("untraced", CLONE_UNTRACED | SIGCHLD);
  refuse("semaphores", CLONE_SYSVSEM | SIGCHLD);
  refuse("io", (unsigned)CLONE_IO | SIGCHLD);
  refuse("signal 0", 0);
  refuse("signal 100", 100);
  refuse("upper half", 0xffffffff00000000ul | SIGCHLD);

  share("nothing shared", 0);
  share("memory", CLONE_VM | CLONE_VFORK);
  share("folders", CLONE_FS);
  share("files", CLONE_FILES);
  share("all", CLONE_VM | CLONE_FS | CLONE_FILES);

  int pid = clone(words, stack + sizeof stack,
                  CLONE_VM | CLONE_PARENT_SETTID | CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID | SIGCHLD,
                  0, &tids[0], 0, &tids[1]);
  int status;
  waitpid(pid, &status, 0);
  printf("numbers: parent's %s, child's status %x, cleared %s\n", tids[0] == pid ? "right" : "wrong",
         status, tids[1] == 0 ? "yes" : "no");

  /* Where the numbers cannot be stored nothing is said. */
  fflush(stdout);
  pid = raw_clone(CLONE_PARENT_SETTID | CLONE_CHILD_SETTID | SIGCHLD, 0, (int *)1, 0, (int *)1);
  if (pid == 0) _exit(6);
  waitpid(pid, &status, 0);
  printf("bad places: %x\n", status);

  /* The signal at the end. */
  signal(SIGUSR1, SIG_DFL);
  sigset_t set, pending;
  sigemptyset(&set);
  sigaddset(&set, SIGUSR1);
  sigaddset(&set, SIGCHLD);
  sigprocmask(SIG_BLOCK, &set, 0);
  fflush(stdout);
  pid = raw_clone(SIGUSR1, 0, 0, 0, 0);
  if (pid == 0) _exit(7);
  printf("waitpid: %s\n", result(waitpid(pid, &status, 0)));
  printf("waitpid __WCLONE: %s", result(waitpid(pid, &status, __WCLONE)));
  printf(" %x\n", status);
  sigpending(&pending);
  printf("pending USR1 %d CHLD %d\n", sigismember(&pending, SIGUSR1), sigismember(&pending, SIGCHLD));
  int got;
  sigwait(&set, &got);

  /* Shared handlers. */
  signal(SIGUSR1, SIG_DFL);
  pid = clone(handler_set, stack + sizeof stack, CLONE_VM | CLONE_SIGHAND | SIGCHLD, 0);
  waitpid(pid, &status, 0);
  struct sigaction action;
  sigaction(SIGUSR1, 0, &action);
  printf("shared handlers: %s\n", action.sa_handler == SIG_IGN ? "ignored here too" : "default");

  /* A sibling instead of a child. */
  fflush(stdout);
  int middle = fork();
  if (middle == 0) {
    long sibling = raw_clone(CLONE_PARENT | SIGCHLD, 0, 0, 0, 0);
    if (sibling == 0) _exit(8);
    _exit(waitpid(sibling, &status, 0) < 0 && errno == ECHILD ? 9 : 10);
  }
  int sum = 0;
  for (int n = 0; n < 2; n++) {
    if (wait(&status) > 0) sum += WEXITSTATUS(status);
  }
  printf("parent's children: %d, %s\n", sum, result(wait(&status)));

  struct args plain = {.exit_signal = SIGCHLD};
  three("plain", plain, 88);
  three("first size", plain, 64);
  three("second size", plain, 80);
  three("too small", plain, 56);
  three("odd size", plain, 66);
  three("larger, zero", plain, 96);
  struct args a = plain;
  a.more = 1;
  three("larger, not zero", a, 96);
  three("a page and more", plain, 70000);
  a = plain, a.exit_signal = 65, three("signal 65", a, 88);
  a = plain, a.exit_signal = 0x100 | SIGCHLD, three("signal too wide", a, 88);
  a = plain, a.flags = SIGCHLD, three("signal among flags", a, 88);
  a = plain, a.flags = CLONE_DETACHED, three("detached", a, 88);
  a = plain, a.flags = 1ull << 40, three("unknown flag", a, 88);
  a = plain, a.flags = CLONE_NEWTIME, three("new time", a, 88);
  a = plain, a.flags = CLONE_SIGHAND | CLONE_VM | CLONE_CLEAR_SIGHAND, three("clear shared handlers", a, 88);
  a = plain, a.flags = CLONE_CLEAR_SIGHAND, three("clear handlers", a, 88);
  a = plain, a.flags = CLONE_PARENT, three("parent with signal", a, 88);
  a = plain, a.stack = (uint64_t)(uintptr_t)stack, three("stack without size", a, 88);
  a = plain, a.stack_size = 4096, three("size without stack", a, 88);
  a = plain, a.stack = 1ull << 60, a.stack_size = 4096, three("stack nowhere", a, 88);
  a = plain, a.set_tid_size = 1, three("number missing", a, 88);
  int wanted[2] = {31234, 31235};
  a = plain, a.set_tid = (uint64_t)(uintptr_t)wanted, three("number without size", a, 88);
  a.set_tid_size = 1, three("number chosen", a, 88);
  a.set_tid_size = 2, three("two numbers", a, 88);
  a.set_tid_size = 33, three("33 numbers", a, 88);
  a.set_tid_size = 1, a.set_tid = 1, three("number nowhere", a, 88);
  a.set_tid = (uint64_t)(uintptr_t)wanted, wanted[0] = 0, three("number 0", a, 88);
  wanted[0] = getpid(), three("number taken", a, 88);
  wanted[0] = 1 << 22, three("number too great", a, 88);
  a = plain, a.flags = CLONE_INTO_CGROUP, a.cgroup = 1, three("cgroup of no folder", a, 88);
  a.cgroup = 99, three("cgroup not open", a, 88);
  a.cgroup = 1ull << 31, three("cgroup too great", a, 88);
  three("cgroup too short", a, 80);
  printf("clone3 nowhere: %s\n", result(syscall(SYS_clone3, 1, 88)));

  int handler_pid;
  signal(SIGUSR2, (void (*)(int))refuse);
  fflush(stdout);
  a = plain, a.flags = CLONE_CLEAR_SIGHAND;
  handler_pid = syscall(SYS_clone3, &a, 88);
  if (handler_pid == 0) {
    sigaction(SIGUSR2, 0, &action);
    struct sigaction ignored;
    sigaction(SIGUSR1, 0, &ignored);
    _exit((action.sa_handler == SIG_DFL) + 2 * (ignored.sa_handler == SIG_IGN));
  }
  waitpid(handler_pid, &status, 0);
  printf("handlers cleared: %x\n", status);

  printf("unshare nothing: %s\n", result(unshare(0)));
  printf("unshare folders: %s\n", result(unshare(CLONE_FS)));
  printf("unshare files: %s\n", result(unshare(CLONE_FILES)));
  printf("unshare memory, handlers, threads: %s\n", result(unshare(CLONE_VM | CLONE_SIGHAND | CLONE_THREAD)));
  printf("unshare semaphores: %s\n", result(unshare(CLONE_SYSVSEM)));
  printf("unshare vfork: %s\n", result(unshare(CLONE_VFORK)));
  printf("unshare users: %s\n", result(unshare(CLONE_NEWUSER)));
  printf("unshare names: %s\n", result(unshare(CLONE_NEWUTS)));
  printf("unshare mounts: %s\n", result(unshare(CLONE_NEWNS)));
  fflush(stdout);
  if (fork() == 0) {
    setresuid(1000, 1000, 1000);
    printf("as another: mounts %s", result(unshare(CLONE_NEWNS)));
    printf(" names %s", result(unshare(CLONE_NEWUTS)));
    printf(" users %s", result(unshare(CLONE_NEWUSER)));
    printf(" folders %s\n", result(unshare(CLONE_FS)));
    refuse("as another, new mounts", CLONE_NEWNS | SIGCHLD);
    refuse("as another, new users", CLONE_NEWUSER | SIGCHLD);
    wanted[0] = 31236;
    a = plain, a.set_tid = (uint64_t)(uintptr_t)wanted, a.set_tid_size = 1;
    three("as another, number chosen", a, 88);
    exit(0);
  }
  wait(&status);
  return 0;
}
