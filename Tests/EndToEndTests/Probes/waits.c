/* wait4 and waitid: who is found, with which status and siginfo, and every refusal. */
#include "signals.h"
#include <sys/prctl.h>
#ifndef P_PIDFD
#define P_PIDFD 3
#endif

static void in_session(void (*body)(void)) {
  pid_t pid = fork();
  if (pid == 0) {
    setsid();
    body();
    _exit(0);
  }
  int status = 0;
  waitpid(pid, &status, 0);
  if (status) say("%s\n", status_text(status));
}

static pid_t child(int kind) {
  pid_t pid = fork();
  if (pid) return pid;
  switch (kind) {
  case 0: _exit(0);
  case 1: _exit(300);
  case 2: kill(getpid(), SIGKILL);
  case 3: kill(getpid(), SIGSEGV);
  case 4: abort();
  case 5: kill(getpid(), 64);
  case 6: kill(getpid(), SIGSTOP); settle(); _exit(4);
  case 7: for (;;) pause();
  case 8: setpgid(0, 0); kill(getpid(), SIGTSTP); _exit(5);
  }
  _exit(99);
}

static void info_text(const char *what, long value, siginfo_t *info, pid_t pid) {
  say("%s: %s", what, result(value));
  if (value == 0)
    say(" signo %d errno %d code %d pid %s uid %d status %d", info->si_signo, info->si_errno,
        info->si_code, info->si_pid == pid ? "child" : info->si_pid ? "other" : "0", info->si_uid,
        info->si_status);
  say("\n");
}

static long waitid_raw(int type, long id, siginfo_t *info, int options) {
  memset(info, 0x55, sizeof *info);
  info->si_pid = info->si_uid = info->si_status = 0;
  return syscall(SYS_waitid, type, id, info, options, 0);
}

static void statuses(void) {
  say("-- statuses\n");
  for (int kind = 0; kind <= 5; kind++) {
    int status = 0;
    pid_t pid = child(kind);
    pid_t found = waitpid(pid, &status, 0);
    say("kind %d: found %d status %x\n", kind, found == pid, status);
    siginfo_t info;
    pid = child(kind);
    long value = waitid_raw(P_PID, pid, &info, WEXITED | WNOWAIT);
    info_text(" first look", value, &info, pid);
    value = waitid_raw(P_ALL, 12345, &info, WEXITED);
    info_text(" taken", value, &info, pid);
    value = waitid_raw(P_PID, pid, &info, WEXITED);
    info_text(" again", value, &info, pid);
  }
}

static void stops(void) {
  say("-- stopped and continued\n");
  for (int kind = 6; kind <= 8; kind += 2) {
    int status = 0;
    siginfo_t info;
    pid_t pid = child(kind);
    settle();
    say("no WUNTRACED: %s\n", result(waitpid(pid, &status, WNOHANG)));
    long value = waitid_raw(P_PID, pid, &info, WSTOPPED | WNOWAIT);
    info_text("stopped, look", value, &info, pid);
    say("WUNTRACED: found %d", waitpid(pid, &status, WUNTRACED) == pid);
    say(" %x\n", status);
    say("told once: %s\n", result(waitpid(pid, &status, WUNTRACED | WNOHANG)));
    say("not continued yet: %s\n", result(waitpid(pid, &status, WCONTINUED | WNOHANG)));
    kill(pid, SIGTERM);
    settle();
    say("SIGTERM to a stopped one: %s\n", result(waitpid(pid, &status, WNOHANG)));
    kill(pid, SIGCONT);
    value = waitid_raw(P_PID, pid, &info, WCONTINUED | WNOWAIT);
    info_text("continued, look", value, &info, pid);
    settle();
    say("WCONTINUED and dead: found %d", waitpid(pid, &status, WCONTINUED) == pid);
    say(" %s\n", status_text(status));
  }
  int status = 0;
  pid_t pid = child(7);
  settle();
  kill(pid, SIGSTOP);
  say("stopped: %d", waitpid(pid, &status, WUNTRACED) == pid);
  say(" %s\n", status_text(status));
  kill(pid, SIGCONT);
  say("continued: %d", waitpid(pid, &status, WCONTINUED) == pid);
  say(" %s\n", status_text(status));
  say("told once: %s\n", result(waitpid(pid, &status, WCONTINUED | WNOHANG)));
  kill(pid, SIGSTOP);
  settle();
  kill(pid, SIGKILL);
  say("stopped and killed: %d", waitpid(pid, &status, WUNTRACED) == pid);
  say(" %s\n", status_text(status));
}

static void refusals(void) {
  say("-- refusals\n");
  int status;
  siginfo_t info;
  struct rusage usage;
  say("nobody: %s\n", result(waitpid(-1, &status, 0)));
  say("nobody, WNOHANG: %s\n", result(waitpid(-1, &status, WNOHANG)));
  say("options: %s\n", result(syscall(SYS_wait4, -1, &status, 0x100, 0)));
  say("options WEXITED: %s\n", result(syscall(SYS_wait4, -1, &status, WEXITED, 0)));
  say("options WNOWAIT: %s\n", result(syscall(SYS_wait4, -1, &status, WNOWAIT, 0)));
  say("pid min: %s\n", result(syscall(SYS_wait4, (long)INT32_MIN, &status, 0, 0)));
  say("waitid nobody: %s\n", result(waitid_raw(P_ALL, 0, &info, WEXITED)));
  say("waitid without kinds: %s\n", result(waitid_raw(P_ALL, 0, &info, WNOHANG)));
  say("waitid options: %s\n", result(waitid_raw(P_ALL, 0, &info, WEXITED | 0x100)));
  say("waitid type 4: %s\n", result(waitid_raw(4, 0, &info, WEXITED)));
  say("waitid pid 0: %s\n", result(waitid_raw(P_PID, 0, &info, WEXITED)));
  say("waitid pid -1: %s\n", result(waitid_raw(P_PID, -1, &info, WEXITED)));
  say("waitid pgid -1: %s\n", result(waitid_raw(P_PGID, -1, &info, WEXITED)));
  say("waitid pidfd -1: %s\n", result(waitid_raw(P_PIDFD, -1, &info, WEXITED)));
  say("waitid pidfd 99: %s\n", result(waitid_raw(P_PIDFD, 99, &info, WEXITED)));
  say("waitid pidfd 1: %s\n", result(waitid_raw(P_PIDFD, 1, &info, WEXITED)));
  pid_t pid = child(7);
  say("no stranger: %s\n", result(waitpid(getpid(), &status, WNOHANG)));
  say("alive: %s\n", result(waitpid(pid, &status, WNOHANG)));
  memset(&info, 0x55, sizeof info);
  say("waitid alive: %s", result(syscall(SYS_waitid, P_ALL, 0, &info, WEXITED | WNOHANG, &usage)));
  say(" signo %x errno %x code %x pid %x uid %x status %x\n", info.si_signo, info.si_errno,
      info.si_code, info.si_pid, info.si_uid, info.si_status);
  kill(pid, SIGKILL);
  settle();
  say("bad status pointer: %s\n", result(syscall(SYS_wait4, pid, 8, 0, 0)));
  say("it is gone all the same: %s\n", result(waitpid(pid, &status, 0)));
  pid = child(0);
  settle();
  say("waitid, bad pointer: %s\n", result(syscall(SYS_waitid, P_PID, pid, 8, WEXITED, 0)));
  say("gone: %s\n", result(waitpid(pid, &status, 0)));
  pid = child(0);
  say("waitid, no pointer: %s\n", result(syscall(SYS_waitid, P_PID, pid, 0, WEXITED, 0)));
  pid = child(0);
  say("wait4, no pointers: %d\n", syscall(SYS_wait4, -1, 0, 0, 0) == pid);
}

static int clone_exit(void *argument) { _exit(7); }
static char stack[65536];

static void kinds(void) {
  say("-- children that send another signal, or none\n");
  int signals[] = {0, SIGUSR1, SIGCHLD};
  for (int i = 0; i < 3; i++) {
    int status = 0;
    int options[] = {0, __WCLONE, __WALL, __WNOTHREAD, __WALL | __WCLONE};
    for (int o = 0; o < 5; o++) {
      signal(SIGUSR1, SIG_IGN);
      pid_t pid = clone(clone_exit, stack + sizeof stack, signals[i], 0);
      settle();
      pid_t found = waitpid(pid, &status, options[o] | WNOHANG);
      say("exit signal %d, options %x: %s\n", signals[i], options[o],
          found == pid ? "found" : result(found));
      if (found != pid) waitpid(pid, &status, __WALL);
    }
    siginfo_t info;
    pid_t pid = clone(clone_exit, stack + sizeof stack, signals[i], 0);
    long value = waitid_raw(P_ALL, 0, &info, WEXITED | __WALL);
    info_text("waitid", value, &info, pid);
  }
}

static volatile int children_told, told_code, told_status;
static void on_child(int sig, siginfo_t *info, void *context) {
  children_told++;
  told_code = info->si_code;
  told_status = info->si_status;
}

static void told(const char *what, int flags, void *handler) {
  struct sigaction action = {0};
  action.sa_sigaction = handler;
  action.sa_flags = flags;
  sigaction(SIGCHLD, &action, 0);
  children_told = 0;
  int status = 0;
  pid_t pid = child(6);
  settle();
  say("%s: stopped: told %d code %d status %d", what, children_told, told_code, told_status);
  kill(pid, SIGCONT);
  settle();
  settle();
  settle();
  long found = waitpid(pid, &status, 0);
  say(" then %d code %d status %d, wait %s\n", children_told, told_code, told_status,
      found == pid ? status_text(status) : name(errno));
  children_told = told_code = told_status = 0;
}

static void actions(void) {
  say("-- SIGCHLD's action\n");
  told("handler", SA_SIGINFO | SA_RESTART, on_child);
  told("SA_NOCLDSTOP", SA_SIGINFO | SA_RESTART | SA_NOCLDSTOP, on_child);
  told("SA_NOCLDWAIT", SA_SIGINFO | SA_RESTART | SA_NOCLDWAIT, on_child);
  told("ignored", 0, SIG_IGN);
  told("default", 0, SIG_DFL);
  told("default, SA_NOCLDWAIT", SA_NOCLDWAIT, SIG_DFL);
  signal(SIGCHLD, SIG_IGN);
  int status;
  for (int i = 0; i < 3; i++) child(0);
  say("waiting for all while ignored: %s\n", result(wait(&status)));
  signal(SIGCHLD, SIG_DFL);
}

static void groups(void) {
  say("-- by group\n");
  int status;
  pid_t one = child(7), two = child(7);
  setpgid(one, one);
  setpgid(two, one);
  pid_t three = child(0);
  settle();
  say("-group, alive: %s\n", result(waitpid(-one, &status, WNOHANG)));
  say("own group: %d\n", waitpid(0, &status, WNOHANG) == three);
  say("own group again: %s\n", result(waitpid(0, &status, WNOHANG)));
  kill(-one, SIGKILL);
  siginfo_t info;
  settle();
  long value = waitid_raw(P_PGID, one, &info, WEXITED);
  info_text("P_PGID", value, &info, one);
  say("the other: %d\n", waitpid(-one, &status, 0) == two);
  say("none left: %s\n", result(waitpid(-one, &status, 0)));
  value = waitid_raw(P_PGID, 0, &info, WEXITED | WNOHANG);
  say("P_PGID 0: %s\n", result(value));
}

static void orphans(void) {
  say("-- orphans\n");
  int pipe_ends[2];
  if (pipe(pipe_ends) != 0) _exit(98);
  say("subreaper %s\n", result(prctl(PR_SET_CHILD_SUBREAPER, 1)));
  int is = -1;
  prctl(PR_GET_CHILD_SUBREAPER, &is);
  say("is one: %d\n", is);
  pid_t middle = fork();
  if (middle == 0) {
    prctl(PR_GET_CHILD_SUBREAPER, &is);
    say("inherited: %d\n", is);
    pid_t last = fork();
    if (last == 0) {
      prctl(PR_SET_PDEATHSIG, SIGUSR1);
      int sig = -1;
      prctl(PR_GET_PDEATHSIG, &sig);
      say("death signal %d, 65: %s\n", sig, result(prctl(PR_SET_PDEATHSIG, 65)));
      for (;;) pause();
    }
    settle();
    _exit(1);
  }
  int status = 0;
  pid_t found = wait(&status);
  say("first the middle %d: %s\n", found == middle, status_text(status));
  found = wait(&status);
  say("then the orphan %d: %s\n", found > 0 && found != middle, status_text(status));
  say("nobody: %s\n", result(wait(&status)));
}

static void usage(void) {
  say("-- usage\n");
  struct rusage usage;
  memset(&usage, 0x55, sizeof usage);
  int status;
  pid_t pid = fork();
  if (pid == 0) {
    for (volatile int i = 0; i < 3000000; i++) {}
    for (int i = 0; i < 5; i++) {
      struct timespec pause = {0, 1000};
      nanosleep(&pause, 0);
    }
    _exit(0);
  }
  wait4(pid, &status, 0, &usage);
  say("user time %d, maxrss %d, minor faults %d, swaps %ld, inblock %ld, voluntary %d\n",
      usage.ru_utime.tv_sec * 1000000 + usage.ru_utime.tv_usec > 0, usage.ru_maxrss > 0,
      usage.ru_minflt > 0, usage.ru_nswap, usage.ru_inblock, usage.ru_nvcsw >= 5);
  struct rusage children;
  getrusage(RUSAGE_CHILDREN, &children);
  say("children's at least as much: %d\n",
      children.ru_minflt >= usage.ru_minflt && children.ru_nvcsw >= usage.ru_nvcsw &&
          children.ru_maxrss >= usage.ru_maxrss);
}

int main(void) {
  /* A session of our own: nothing hangs on who started us. */
  in_session(statuses);
  in_session(stops);
  in_session(refusals);
  in_session(kinds);
  in_session(actions);
  in_session(groups);
  in_session(orphans);
  in_session(usage);
  return 0;
}
