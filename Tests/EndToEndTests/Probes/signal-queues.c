/* Queues: their limit, what is lost without it, a storm of signals, sets in /proc/self/status. */
#include "signals.h"

static volatile int caught, last_code, last_value, last_pid;
static void on(int sig, siginfo_t *info, void *context) {
  caught++;
  last_code = info->si_code;
  last_value = info->si_value.sival_int;
  last_pid = info->si_pid;
}

static void set(int sig, unsigned long flags) {
  struct action action = {on, SA_SIGINFO | flags, 0, 0};
  sigaction_raw(sig, &action, 0);
}

static void status_lines(const char *what) {
  static char text[8192];
  int fd = open("/proc/self/status", O_RDONLY);
  long length = read(fd, text, sizeof text - 1);
  close(fd);
  text[length > 0 ? length : 0] = 0;
  say("%s:\n", what);
  const char *keys[] = {"SigQ:", "SigPnd:", "ShdPnd:", "SigBlk:", "SigIgn:", "SigCgt:"};
  for (int i = 0; i < 6; i++) {
    char *line = strstr(text, keys[i]);
    if (!line) continue;
    char *end = strchr(line, '\n');
    /* The limit hangs on the memory there is: only what is used of it. */
    if (i == 0) end = strchr(line, '/');
    say("  %.*s\n", (int)(end - line), line);
  }
}

static long queue(pid_t pid, int sig, int value) {
  union sigval v = {value};
  return sigqueue(pid, sig, v);
}

static void limit(rlim_t value) {
  struct rlimit limit = {value, 100};
  if (setrlimit(RLIMIT_SIGPENDING, &limit) != 0) say("setrlimit %s\n", name(errno));
}

static void limits(void) {
  say("-- the limit\n");
  mask_raw(SIG_SETMASK, ~0ul);
  for (int sig = 1; sig <= 64; sig++) if (sig != 9 && sig != 19) set(sig, 0);
  limit(4);
  long value;
  int count = 0;
  while ((value = queue(getpid(), 40, count)) == 0) count++;
  say("queued %d then %s\n", count, result(value));
  say("standard by sigqueue: %s\n", result(queue(getpid(), 10, 5)));
  say("standard by kill: %s\n", result(kill(getpid(), 12)));
  say("real-time by kill: %s\n", result(kill(getpid(), 41)));
  say("real-time by tgkill: %s\n", result(syscall(SYS_tgkill, getpid(), gettid(), 42)));
  say("pending already, by sigqueue: %s\n", result(queue(getpid(), 40, 5)));
  status_lines("full");
  caught = 0;
  mask_raw(SIG_SETMASK, ~bit(12));
  say("kill without room: code %d mine %d value %d\n", last_code, last_pid == getpid(), last_value);
  mask_raw(SIG_SETMASK, ~bit(10));
  say("sigqueue of a standard one: caught %d code %d value %d\n", caught, last_code, last_value);
  mask_raw(SIG_SETMASK, ~bit(41));
  say("kill real-time: caught %d code %d\n", caught, last_code);
  mask_raw(SIG_SETMASK, ~bit(42));
  say("tgkill: caught %d code %d\n", caught, last_code);
  mask_raw(SIG_SETMASK, ~bit(40));
  say("the rest: caught %d\n", caught);
  status_lines("empty");
  limit(0);
  say("limit 0: sigqueue %s kill %s real-time kill %s\n", result(queue(getpid(), 40, 1)),
      result(kill(getpid(), 12)), result(kill(getpid(), 43)));
  caught = 0;
  mask_raw(SIG_SETMASK, 0);
  say("caught %d\n", caught);
  limit(100);
  mask_raw(SIG_SETMASK, ~0ul);
  count = 0;
  while ((value = queue(getpid(), 40 + count % 5, count)) == 0) count++;
  say("queued %d then %s\n", count, result(value));
  if (fork() == 0) {
    status_lines("a child");
    say("it counts with its parent: %s\n", result(queue(getpid(), 40, 1)));
    if (setuid(1000)) say("setuid %s\n", name(errno));
    say("another user does not: %s\n", result(queue(getpid(), 40, 1)));
    status_lines("another user");
    _exit(0);
  }
  wait(0);
  signal(40, SIG_IGN);
  status_lines("one ignored");
  mask_raw(SIG_SETMASK, 0);
  status_lines("taken");
}

static void dying(void) {
  say("-- what the dead leave\n");
  int ready[2];
  char byte;
  if (pipe(ready) != 0) _exit(90);
  pid_t pid = fork();
  if (pid == 0) {
    mask_raw(SIG_SETMASK, ~0ul);
    if (write(ready[1], "x", 1) != 1) _exit(91);
    for (;;) pause();
  }
  if (read(ready[0], &byte, 1) != 1) _exit(92);
  int count = 0;
  while (queue(pid, 50, count) == 0) count++;
  say("queued to another: %d\n", count);
  status_lines("while it lives");
  kill(pid, SIGKILL);
  waitpid(pid, 0, 0);
  status_lines("when it is dead");
}

static void storm(void) {
  say("-- a storm\n");
  pid_t parent = getpid();
  set(50, 0);
  set(10, 0);
  caught = 0;
  int sent = 100000, done = 0;
  pid_t pids[4];
  for (int i = 0; i < 4; i++) {
    pids[i] = fork();
    if (pids[i] == 0) {
      for (int n = 0; n < sent / 4; n++) {
        while (queue(parent, 50, n) != 0) {
          if (errno != EAGAIN) _exit(1);
          sched_yield();
        }
        if (n % 16 == 0) kill(parent, 10);
      }
      _exit(0);
    }
  }
  for (int i = 0; i < 4; i++) {
    int status;
    while (waitpid(pids[i], &status, 0) == -1 && errno == EINTR) {}
    done += status == 0;
  }
  signal(10, SIG_IGN);
  while (sched_yield(), pending_now()) {}
  status_lines("after it");
  say("senders done %d\n", done);
}

static volatile int real;
static void on_real(int sig, siginfo_t *info, void *context) { real++; }

static void all_arrive(void) {
  say("-- every queued one arrives\n");
  pid_t parent = getpid();
  struct action action = {on_real, SA_SIGINFO, 0, 0};
  sigaction_raw(60, &action, 0);
  pid_t pid = fork();
  if (pid == 0) {
    for (int n = 0; n < 20000; n++)
      while (queue(parent, 60, n) != 0) sched_yield();
    _exit(0);
  }
  while (waitpid(pid, 0, 0) == -1 && errno == EINTR) {}
  say("arrived %d\n", real);
}

static void exec_keeps(void) {
  say("-- exec keeps what is pending, blocked and ignored\n");
  pid_t pid = fork();
  if (pid == 0) {
    signal(SIGUSR2, SIG_IGN);
    set(SIGINT, 0);
    mask_raw(SIG_SETMASK, bit(10) | bit(50));
    kill(getpid(), 10);
    queue(getpid(), 50, 1);
    queue(getpid(), 50, 2);
    execl("/proc/self/exe", "queues", "status", (char *)0);
    _exit(95);
  }
  wait(0);
  pid = fork();
  if (pid == 0) {
    mask_raw(SIG_SETMASK, bit(10));
    kill(getpid(), 10);
    if (fork() == 0) {
      say("a child has nothing pending: %lx, the mask %lx\n", pending_now(), mask_now());
      _exit(0);
    }
    wait(0);
    _exit(0);
  }
  wait(0);
}

int main(int argc, char **argv) {
  if (argc > 1) {
    status_lines("after exec");
    return 0;
  }
  limits();
  dying();
  storm();
  all_arrive();
  exec_keeps();
  return 0;
}
