/* What the probes of signals, waiting and timers share: output, raw calls, children. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

/* The kernel's sigaction, without what libc adds. */
struct action {
  void *handler;
  unsigned long flags;
  void *restorer;
  unsigned long mask;
};

static inline long sigaction_raw(int sig, const struct action *new, struct action *old) {
  return syscall(SYS_rt_sigaction, sig, new, old, 8);
}

static inline unsigned long bit(int sig) { return 1ul << (sig - 1); }

static inline long mask_raw(int how, unsigned long set) {
  return syscall(SYS_rt_sigprocmask, how, &set, 0, 8);
}

static inline unsigned long mask_now(void) {
  unsigned long old = 0;
  syscall(SYS_rt_sigprocmask, SIG_BLOCK, 0, &old, 8);
  return old;
}

static inline unsigned long pending_now(void) {
  unsigned long set = 0;
  syscall(SYS_rt_sigpending, &set, 8);
  return set;
}

/* One line with one write, so that lines of several processes never mix. */
__attribute__((format(printf, 1, 2))) static inline void say(const char *format, ...) {
  char line[1024];
  va_list list;
  va_start(list, format);
  int length = vsnprintf(line, sizeof line, format, list);
  va_end(list);
  if (write(1, line, length) != length) _exit(99);
}

static inline const char *name(int error) {
  const char *text = error ? strerrorname_np(error) : "ok";
  return text ? text : "?";
}

/* The result of a call: its value, or the name of its error. */
static inline const char *result(long value) {
  static char text[8][32];
  static int next;
  char *place = text[next++ & 7];
  if (value == -1) snprintf(place, 32, "%s", name(errno));
  else snprintf(place, 32, "%ld", value);
  return place;
}

static inline const char *status_text(int status) {
  static char text[4][48];
  static int next;
  char *place = text[next++ & 3];
  if (status == 0xffff) snprintf(place, 48, "continued");
  else if ((status & 0xff) == 0x7f) snprintf(place, 48, "stopped by %d", status >> 8);
  else if (status & 0x7f)
    snprintf(place, 48, "killed by %d%s", status & 0x7f, status & 0x80 ? " core" : "");
  else snprintf(place, 48, "exit %d", status >> 8);
  return place;
}

/* Runs a function in a child and says how it ended. */
static inline void in_child(const char *what, void (*body)(void)) {
  pid_t pid = fork();
  if (pid == 0) {
    body();
    _exit(0);
  }
  int status = -1;
  waitpid(pid, &status, 0);
  say("%s: %s\n", what, status_text(status));
}

/* Lets the others run until they wait. */
static inline void settle(void) {
  struct timespec pause = {0, 20000000};
  while (nanosleep(&pause, &pause) == -1 && errno == EINTR) {}
}
