/* Process groups, sessions, stopping and continuing. */
#include "signals.h"

static const char *relation(pid_t value, pid_t me, pid_t parent) {
  return value == -1 ? name(errno) : value == me ? "own" : value == parent ? "parent's" : "other";
}

static void hold(void) {
  for (;;) pause();
}

static pid_t holder(void) {
  pid_t pid = fork();
  if (pid == 0) hold();
  return pid;
}

static void end(pid_t pid) {
  kill(pid, SIGKILL);
  waitpid(pid, 0, 0);
}

static void groups(void) {
  say("-- groups and sessions\n");
  pid_t me = getpid();
  say("setsid %d, again %s\n", setsid() == me, result(setsid()));
  say("session %s group %s\n", relation(getsid(0), me, 0), relation(getpgid(0), me, 0));
  pid_t child = holder();
  say("child: session %s group %s\n", relation(getsid(child), child, me),
      relation(getpgid(child), child, me));
  say("nobody: %s %s\n", result(getpgid(999999)), result(getsid(999999)));
  say("negative: %s %s\n", result(getpgid(-1)), result(getsid(-5)));
  say("setpgid leader itself: %s\n", result(setpgid(0, 0)));
  say("setpgid negative group: %s\n", result(setpgid(child, -1)));
  say("setpgid negative pid: %s\n", result(setpgid(-1, 0)));
  say("setpgid to a group that is none: %s\n", result(setpgid(child, 999999)));
  say("setpgid nobody: %s\n", result(setpgid(999999, 0)));
  say("setpgid stranger: %s\n", result(setpgid(1, 0)));
  say("setpgid child: %s %s\n", result(setpgid(child, 0)), relation(getpgid(child), child, me));
  say("setpgid child back: %s %s\n", result(setpgid(child, me)), relation(getpgid(child), child, me));
  pid_t second = holder();
  setpgid(child, child);
  say("second joins the first: %s %s\n", result(setpgid(second, child)),
      relation(getpgid(second), second, child));
  end(child);
  say("the group stays: %s\n", relation(getpgid(second), second, child));
  say("join a group of the living, led by the dead: %s\n", result(setpgid(0, child)));
  pid_t third = holder();
  say("third joins: %s\n", result(setpgid(third, child)));
  say("kill the group: %s\n", result(kill(-child, SIGTERM)));
  int status;
  waitpid(second, &status, 0);
  say("second %s\n", status_text(status));
  waitpid(third, &status, 0);
  say("third %s\n", status_text(status));
  say("kill a group that is gone: %s\n", result(kill(-child, 0)));
  pid_t session = fork();
  if (session == 0) {
    setsid();
    hold();
  }
  settle();
  say("other session: %s, group of it: %s\n", result(setpgid(session, session)),
      result(setpgid(0, session)));
  say("getsid of it: %s\n", relation(getsid(session), session, me));
  end(session);
  pid_t runs = fork();
  if (runs == 0) {
    /* After exec the parent may not move it any more. */
    execl("/proc/self/exe", "jobs", "hold", (char *)0);
    _exit(97);
  }
  settle();
  say("after exec: %s\n", result(setpgid(runs, runs)));
  end(runs);
  pid_t zombie = fork();
  if (zombie == 0) _exit(0);
  settle();
  say("a zombie: setpgid %s getpgid %d kill %s\n", result(setpgid(zombie, zombie)),
      getpgid(zombie) == zombie || getpgid(zombie) == me, result(kill(zombie, 0)));
  waitpid(zombie, 0, 0);
  say("reaped: %s\n", result(getpgid(zombie)));
}

static volatile int got[65];
static void count(int sig) { got[sig]++; }

static void stopping(void) {
  say("-- stopping\n");
  int list[] = {SIGSTOP, SIGTSTP, SIGTTIN, SIGTTOU};
  for (int i = 0; i < 4; i++) {
    pid_t pid = fork();
    if (pid == 0) {
      setpgid(0, 0);
      signal(SIGUSR1, count);
      raise(list[i]);
      say("went on, USR1 %d\n", got[SIGUSR1]);
      _exit(3);
    }
    int status = 0;
    waitpid(pid, &status, WUNTRACED);
    say("signal %d: %s\n", list[i], status_text(status));
    kill(pid, SIGUSR1);
    kill(pid, SIGUSR1);
    settle();
    kill(pid, SIGCONT);
    waitpid(pid, &status, WUNTRACED | WCONTINUED);
    say("then %s\n", status_text(status));
    if (status == 0xffff) waitpid(pid, &status, WUNTRACED);
    say("then %s\n", status_text(status));
  }
  for (int i = 0; i < 4; i++) {
    pid_t pid = fork();
    if (pid == 0) {
      setpgid(0, 0);
      mask_raw(SIG_SETMASK, ~0ul);
      kill(getpid(), list[i]);
      say("pending %lx\n", pending_now());
      kill(getpid(), SIGCONT);
      say("after SIGCONT %lx\n", pending_now());
      _exit(4);
    }
    int status = 0;
    waitpid(pid, &status, WUNTRACED);
    say("blocked %d: %s\n", list[i], status_text(status));
    if (WIFSTOPPED(status)) {
      kill(pid, SIGCONT);
      waitpid(pid, &status, 0);
      say("then %s\n", status_text(status));
    }
  }
  /* A handler of SIGCONT, and one of SIGTSTP. */
  pid_t pid = fork();
  if (pid == 0) {
    signal(SIGCONT, count);
    signal(SIGTSTP, count);
    raise(SIGTSTP);
    say("caught TSTP %d\n", got[SIGTSTP]);
    raise(SIGSTOP);
    say("continued: CONT %d\n", got[SIGCONT]);
    raise(SIGCONT);
    say("not stopped: CONT %d\n", got[SIGCONT]);
    sigset_t set;
    mask_raw(SIG_SETMASK, bit(SIGCONT));
    raise(SIGSTOP);
    say("with CONT blocked: pending %lx\n", pending_now());
    _exit(5);
  }
  int status = 0;
  waitpid(pid, &status, WUNTRACED);
  say("%s\n", status_text(status));
  settle();
  kill(pid, SIGCONT);
  waitpid(pid, &status, WUNTRACED);
  say("%s\n", status_text(status));
  kill(pid, SIGCONT);
  waitpid(pid, &status, WUNTRACED);
  say("%s\n", status_text(status));
  /* Stopped twice is told once; SIGSTOP and SIGCONT take each other back. */
  pid = holder();
  settle();
  kill(pid, SIGSTOP);
  kill(pid, SIGSTOP);
  say("stop twice: %d", waitpid(pid, &status, WUNTRACED) == pid);
  say(" %s, then %s\n", status_text(status), result(waitpid(pid, &status, WUNTRACED | WNOHANG)));
  kill(pid, SIGTSTP);
  settle();
  say("another stop: %s\n", result(waitpid(pid, &status, WUNTRACED | WNOHANG)));
  kill(pid, SIGCONT);
  settle();
  say("continued: %d %s\n", waitpid(pid, &status, WUNTRACED | WCONTINUED | WNOHANG) == pid,
      status_text(status));
  kill(pid, SIGSTOP);
  kill(pid, SIGCONT);
  settle();
  long found = waitpid(pid, &status, WUNTRACED | WCONTINUED | WNOHANG);
  say("stop and continue at once: %s\n", found == pid ? status_text(status) : result(found));
  end(pid);
}

static void orphaned(void) {
  say("-- orphaned groups\n");
  /* A group without a member whose parent is in another group of the session ignores SIGTSTP. */
  pid_t pid = fork();
  if (pid == 0) {
    setsid();
    raise(SIGTSTP);
    raise(SIGTTIN);
    raise(SIGTTOU);
    say("TSTP, TTIN and TTOU did nothing\n");
    raise(SIGSTOP);
    _exit(1);
  }
  int status = 0;
  waitpid(pid, &status, WUNTRACED);
  say("SIGSTOP does: %s\n", status_text(status));
  end(pid);
  /* Stopped members of a group that becomes orphaned get SIGHUP and SIGCONT. */
  pid_t leader = fork();
  if (leader == 0) {
    setsid();
    pid_t middle = fork();
    if (middle == 0) {
      pid_t last = fork();
      if (last == 0) {
        setpgid(0, 0);
        signal(SIGHUP, count);
        signal(SIGCONT, count);
        raise(SIGSTOP);
        say("orphan goes on: HUP %d CONT %d\n", got[SIGHUP], got[SIGCONT]);
        _exit(0);
      }
      setpgid(last, last);
      settle();
      say("the middle ends\n");
      _exit(0);
    }
    waitpid(middle, 0, 0);
    settle();
    settle();
    _exit(0);
  }
  waitpid(leader, 0, 0);
  settle();
}

static void everyone(void) {
  say("-- kill 0 and -1, permissions\n");
  pid_t one = fork();
  if (one == 0) {
    setpgid(0, 0);
    pid_t inner = holder();
    signal(SIGTERM, count);
    say("kill 0: %s, self %d\n", result(kill(0, SIGTERM)), got[SIGTERM]);
    int status;
    waitpid(inner, &status, 0);
    say("the other in it: %s\n", status_text(status));
    _exit(0);
  }
  waitpid(one, 0, 0);
  pid_t other = holder();
  pid_t nobody = fork();
  if (nobody == 0) {
    if (setresgid(1000, 1000, 1000) || setresuid(1000, 1000, 1000)) say("setresuid %s\n", name(errno));
    say("uid 1000 to uid 0: %s, SIGCONT %s, 0 %s\n", result(kill(other, SIGTERM)),
        result(kill(other, SIGCONT)), result(kill(other, 0)));
    say("to init %s, tkill %s, queue -1 %s\n", result(kill(1, SIGTERM)),
        result(syscall(SYS_tkill, other, SIGTERM)), result(kill(-1, SIGTERM)));
    pid_t own = holder();
    say("to its own child %s\n", result(kill(own, SIGTERM)));
    int status;
    waitpid(own, &status, 0);
    say("which is %s\n", status_text(status));
    say("group of root's: %s\n", result(kill(-getppid(), 0)));
    say("prlimit of another's: %s\n",
        result(syscall(SYS_prlimit64, other, RLIMIT_NOFILE, 0, (long[2]){0})));
    _exit(0);
  }
  waitpid(nobody, 0, 0);
  nobody = fork();
  if (nobody == 0) {
    /* Real uid 0 and effective 1000: the sender's real or effective, the target's real or saved. */
    if (setresuid(0, 1000, 1000)) say("setresuid %s\n", name(errno));
    say("real 0: %s\n", result(kill(other, 0)));
    _exit(0);
  }
  waitpid(nobody, 0, 0);
  nobody = fork();
  if (nobody == 0) {
    if (setsid() < 0 || setresuid(1000, 1000, 1000)) say("setresuid %s\n", name(errno));
    say("other session's SIGCONT: %s\n", result(kill(other, SIGCONT)));
    _exit(0);
  }
  waitpid(nobody, 0, 0);
  end(other);
}

int main(int argc, char **argv) {
  if (argc > 1) hold();
  /* A session of our own: nothing hangs on who started us. */
  pid_t pid = fork();
  if (pid == 0) {
    groups();
    stopping();
    orphaned();
    everyone();
    _exit(0);
  }
  int status = 0;
  waitpid(pid, &status, 0);
  say("%s\n", status_text(status));
  return 0;
}
