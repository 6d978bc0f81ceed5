// prctl: what it refuses, and what it keeps for threads, children and new programs.
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static void call(const char *name, int option, unsigned long a, unsigned long b, unsigned long c,
                 unsigned long d) {
  errno = 0;
  long result = syscall(SYS_prctl, option, a, b, c, d);
  printf("%s(%lx, %lx, %lx, %lx) = %ld %s\n", name, a, b, c, d, result,
         result < 0 ? strerrorname_np(errno) : "");
}
#define P(option, a, b, c, d) call(#option, option, (unsigned long)(a), (b), (c), (d))

static void state(const char *who) {
  int death = -1, reaper = -1;
  char name[17] = "................";
  prctl(PR_GET_PDEATHSIG, &death);
  prctl(PR_GET_CHILD_SUBREAPER, &reaper);
  prctl(PR_GET_NAME, name);
  printf("%s: dumpable %d, no_new_privs %d, thp_disable %d, slack %d, keepcaps %d, securebits %d, "
         "death %d, reaper %d, mce %d, flusher %d, name %s\n",
         who, prctl(PR_GET_DUMPABLE), prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0),
         prctl(PR_GET_THP_DISABLE, 0, 0, 0, 0), prctl(PR_GET_TIMERSLACK),
         prctl(PR_GET_KEEPCAPS), prctl(PR_GET_SECUREBITS), death, reaper,
         prctl(PR_MCE_KILL_GET, 0, 0, 0, 0), prctl(57 + 1, 0, 0, 0, 0), name);
}

static void field(const char *name) {
  FILE *file = fopen("/proc/thread-self/status", "r");
  char line[200];
  if (!file) file = fopen("/proc/self/status", "r");
  while (fgets(line, sizeof line, file))
    if (!strncmp(line, name, strlen(name))) printf("%s", line);
  fclose(file);
}

static void *thread(void *unused) {
  state("thread");
  prctl(PR_SET_NAME, "thread");
  prctl(PR_SET_TIMERSLACK, 7);
  return unused;
}

int main(int count, char **words) {
  setvbuf(stdout, 0, _IOLBF, 0);
  if (count > 1) {
    state("new program");
    field("THP_enabled");
    field("NoNewPrivs");
    field("Cap");
    return 0;
  }
  state("at first");
  field("THP_enabled");
  field("NoNewPrivs");
  field("Cap");
  P(PR_SET_PDEATHSIG, 65, 0, 0, 0);
  P(PR_SET_PDEATHSIG, 64, 0, 0, 0);
  P(PR_SET_PDEATHSIG, -1, 0, 0, 0);
  P(PR_GET_PDEATHSIG, 8, 0, 0, 0);
  P(PR_SET_DUMPABLE, 2, 0, 0, 0);
  P(PR_SET_DUMPABLE, 3, 0, 0, 0);
  P(PR_SET_DUMPABLE, 1, 9, 9, 9);
  P(PR_GET_UNALIGN, 0, 0, 0, 0);
  P(PR_SET_UNALIGN, 0, 0, 0, 0);
  P(PR_GET_FPEMU, 0, 0, 0, 0);
  P(PR_GET_FPEXC, 0, 0, 0, 0);
  P(PR_GET_TIMING, 0, 0, 0, 0);
  P(PR_SET_TIMING, 0, 0, 0, 0);
  P(PR_SET_TIMING, 1, 0, 0, 0);
  P(PR_GET_ENDIAN, 0, 0, 0, 0);
  P(PR_SET_ENDIAN, 0, 0, 0, 0);
  P(PR_GET_SECCOMP, 0, 0, 0, 0);
  P(PR_SET_SECCOMP, 1, 0, 0, 0);
  P(PR_GET_TSC, 0, 0, 0, 0);
  P(PR_TASK_PERF_EVENTS_DISABLE, 0, 0, 0, 0);
  P(PR_TASK_PERF_EVENTS_ENABLE, 0, 0, 0, 0);
  P(PR_SET_TIMERSLACK, 123, 0, 0, 0);
  P(PR_GET_TIMERSLACK, 0, 0, 0, 0);
  P(PR_SET_TIMERSLACK, 0, 0, 0, 0);
  P(PR_GET_TIMERSLACK, 0, 0, 0, 0);
  P(PR_MCE_KILL, 0, 0, 0, 0);
  P(PR_MCE_KILL, 0, 1, 0, 0);
  P(PR_MCE_KILL, 1, 3, 0, 0);
  P(PR_MCE_KILL, 1, 0, 1, 0);
  P(PR_MCE_KILL, 2, 0, 0, 0);
  P(PR_MCE_KILL, 1, 1, 0, 0);
  P(PR_MCE_KILL_GET, 1, 0, 0, 0);
  P(PR_MCE_KILL_GET, 0, 0, 0, 0);
  P(PR_MCE_KILL, 1, 0, 0, 0);
  P(PR_MCE_KILL_GET, 0, 0, 0, 0);
  P(PR_MCE_KILL, 1, 2, 0, 0);
  P(PR_GET_TID_ADDRESS, 8, 0, 0, 0);
  P(PR_SET_MM, 0, 0, 0, 0);
  P(PR_SET_MM, 1, 0x1000, 0, 0);
  P(PR_SET_NO_NEW_PRIVS, 0, 0, 0, 0);
  P(PR_SET_NO_NEW_PRIVS, 1, 1, 0, 0);
  P(PR_GET_NO_NEW_PRIVS, 1, 0, 0, 0);
  P(PR_SET_THP_DISABLE, 1, 1, 0, 0);
  P(PR_SET_THP_DISABLE, 1, 0, 0, 0);
  P(PR_GET_THP_DISABLE, 1, 0, 0, 0);
  P(PR_GET_THP_DISABLE, 0, 0, 0, 0);
  P(PR_GET_FP_MODE, 0, 0, 0, 0);
  P(PR_SVE_GET_VL, 0, 0, 0, 0);
  P(PR_SVE_SET_VL, 16, 0, 0, 0);
  P(63, 16, 0, 0, 0);
  P(64, 0, 0, 0, 0);
  P(PR_GET_SPECULATION_CTRL, 0, 0, 0, 0);
  P(PR_GET_SPECULATION_CTRL, 1, 0, 0, 0);
  P(PR_GET_SPECULATION_CTRL, 2, 0, 0, 0);
  P(PR_GET_SPECULATION_CTRL, 3, 0, 0, 0);
  P(PR_GET_SPECULATION_CTRL, 0, 1, 0, 0);
  P(PR_SET_SPECULATION_CTRL, 0, 2, 1, 0);
  P(PR_PAC_RESET_KEYS, 0, 0, 0, 0);
  P(60, 0, 0, 0, 0);
  P(61, 0, 0, 0, 0);
  P(PR_SET_TAGGED_ADDR_CTRL, 1, 1, 0, 0);
  P(PR_SET_TAGGED_ADDR_CTRL, 2, 0, 0, 0);
  P(PR_GET_TAGGED_ADDR_CTRL, 0, 0, 0, 0);
  P(PR_GET_TAGGED_ADDR_CTRL, 1, 0, 0, 0);
  P(57, 2, 0, 0, 0);
  P(57, 1, 1, 0, 0);
  P(57, 1, 0, 0, 0);
  P(58, 0, 0, 0, 0);
  P(58, 1, 0, 0, 0);
  P(59, 0, 0, 0, 0);
  P(59, 1, 0, 0, 0);
  P(62, 0, 0, 0, 0);
  P(65, 0, 0, 0, 0);
  P(0x53564d41, 0, 0, 0, 0);
  P(PR_CAPBSET_READ, 0, 0, 0, 0);
  P(PR_CAPBSET_READ, 40, 0, 0, 0);
  P(PR_CAPBSET_READ, 41, 0, 0, 0);
  P(PR_CAPBSET_READ, -1, 0, 0, 0);
  P(PR_CAPBSET_DROP, 41, 0, 0, 0);
  P(PR_CAPBSET_DROP, 12, 0, 0, 0);
  P(PR_CAPBSET_READ, 12, 0, 0, 0);
  P(PR_SET_SECUREBITS, 0x800, 0, 0, 0);
  P(PR_SET_SECUREBITS, 0x10, 0, 0, 0);
  P(PR_GET_SECUREBITS, 0, 0, 0, 0);
  P(PR_SET_SECUREBITS, 0, 0, 0, 0);
  P(PR_SET_KEEPCAPS, 2, 0, 0, 0);
  P(PR_SET_KEEPCAPS, 1, 0, 0, 0);
  P(PR_GET_KEEPCAPS, 0, 0, 0, 0);
  P(PR_GET_SECUREBITS, 0, 0, 0, 0);
  P(PR_CAP_AMBIENT, 0, 0, 0, 0);
  P(PR_CAP_AMBIENT, 1, 0, 0, 0);
  P(PR_CAP_AMBIENT, 1, 41, 0, 0);
  P(PR_CAP_AMBIENT, 1, 0, 1, 0);
  P(PR_CAP_AMBIENT, 2, 0, 0, 0);
  P(PR_CAP_AMBIENT, 3, 0, 0, 0);
  P(PR_CAP_AMBIENT, 4, 0, 0, 0);
  P(PR_CAP_AMBIENT, 4, 1, 0, 0);
  P(PR_CAP_AMBIENT, 5, 0, 0, 0);
  P(PR_SET_NAME, 8, 0, 0, 0);
  P(PR_GET_NAME, 8, 0, 0, 0);
  P(PR_SET_CHILD_SUBREAPER, 77, 0, 0, 0);
  P(PR_GET_CHILD_SUBREAPER, 8, 0, 0, 0);
  P(PR_SET_PTRACER, 1, 0, 0, 0);
  P(0, 0, 0, 0, 0);
  P(-1, 0, 0, 0, 0);
  P(1000, 0, 0, 0, 0);

  // What is kept where.
  prctl(PR_SET_TIMERSLACK, 4321);
  prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  prctl(PR_SET_DUMPABLE, 0);
  prctl(PR_SET_NAME, "a name that is too long");
  state("set");
  field("THP_enabled");
  field("NoNewPrivs");
  field("Cap");
  pthread_t id;
  pthread_create(&id, 0, thread, 0);
  pthread_join(id, 0);
  state("after the thread");
  if (!fork()) {
    state("child");
    field("THP_enabled");
    field("NoNewPrivs");
    field("Cap");
    execl("/proc/self/exe", "controls", "again", (char *)0);
    _exit(1);
  }
  wait(0);
  // Keeping the permitted capabilities on the way to another user.
  prctl(PR_SET_DUMPABLE, 1);
  if (!fork()) {
    if (setresgid(1000, 1000, 1000) || setresuid(1000, 1000, 1000)) perror("setresuid");
    state("user 1000, kept");
    field("Cap");
    execl("/proc/self/exe", "controls", "again", (char *)0);
    _exit(1);
  }
  wait(0);
  prctl(PR_SET_KEEPCAPS, 0);
  if (!fork()) {
    if (setresgid(1000, 1000, 1000) || setresuid(1000, 1000, 1000)) perror("setresuid");
    state("user 1000");
    field("Cap");
    P(PR_CAPBSET_DROP, 1, 0, 0, 0);
    P(PR_SET_SECUREBITS, 0, 0, 0, 0);
    P(57, 0, 0, 0, 0);
    P(PR_SET_MM, 1, 0x1000, 0, 0);
    _exit(0);
  }
  wait(0);

  // The tag byte of pointers that are handed to the kernel.
  char *buffer = mmap(0, 65536, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  char *tagged = (char *)((unsigned long)buffer | 0x2aul << 56);
  tagged[0] = 1;
  int ends[2];
  pipe(ends);
  write(ends[1], "abcdef", 6);
  errno = 0;
  printf("read into a tagged place: %zd %s\n", read(ends[0], tagged, 2),
         errno ? strerrorname_np(errno) : "");
  P(PR_SET_TAGGED_ADDR_CTRL, 1, 0, 0, 0);
  P(PR_GET_TAGGED_ADDR_CTRL, 0, 0, 0, 0);
  errno = 0;
  printf("read into a tagged place: %zd %s\n", read(ends[0], tagged, 2),
         errno ? strerrorname_np(errno) : "");
  printf("madvise %d\n", madvise(tagged, 65536, MADV_DONTNEED));
  return 0;
}
