/* Calls that a signal interrupts: made again, or EINTR, by call and by SA_RESTART. */
#include "signals.h"
#include <linux/futex.h>
#include <poll.h>
#include <sys/select.h>

static volatile int caught;
static int ends[2];

static void on(int sig) {
  caught++;
  /* Lets a restarted read or wait come to its end the second time. */
  if (caught == 2 && write(ends[1], "x", 1) != 1) _exit(90);
}

static int futex_word;

static long call(int which) {
  struct timespec time = {0, 60000000};
  struct pollfd entry = {ends[0], POLLIN, 0};
  struct pollfd never = {-1, 0, 0};
  fd_set set;
  char byte;
  int status;
  sigset_t none;
  siginfo_t info;
  sigemptyset(&none);
  switch (which) {
  case 0: return read(ends[0], &byte, 1);
  case 1: return syscall(SYS_nanosleep, &time, &time);
  case 2: return syscall(SYS_clock_nanosleep, 1, 0, &time, &time);
  case 3: return syscall(SYS_ppoll, &entry, 1, 0, 0, 0);
  case 4: return syscall(SYS_ppoll, &never, 1, &time, 0, 0);
  case 5:
    FD_ZERO(&set);
    FD_SET(ends[0], &set);
    return syscall(SYS_pselect6, ends[0] + 1, &set, 0, 0, 0, 0);
  case 6: return syscall(SYS_futex, &futex_word, FUTEX_WAIT, 0, &time, 0, 0);
  case 7: return syscall(SYS_futex, &futex_word, FUTEX_WAIT_BITSET, 0, 0, 0, ~0u);
  case 8: return syscall(SYS_rt_sigsuspend, &none, 8);
  case 9: return syscall(SYS_rt_sigtimedwait, &(unsigned long){bit(50)}, &info, 0, 8);
  case 10: return syscall(SYS_rt_sigtimedwait, &(unsigned long){bit(50)}, &info, &time, 8);
  case 11: return waitpid(-1, &status, 0) > 0;
  case 12: return syscall(SYS_waitid, P_ALL, 0, &info, WEXITED, 0);
  case 13: return syscall(SYS_ppoll, &entry, 1, 0, &(unsigned long){0}, 8);
  case 14: {
    struct timespec at;
    clock_gettime(1, &at);
    at.tv_nsec += 60000000;
    if (at.tv_nsec >= 1000000000) at.tv_sec++, at.tv_nsec -= 1000000000;
    return syscall(SYS_clock_nanosleep, 1, 1, &at, 0);
  }
  case 15: {
    char block[65536];
    fcntl(ends[1], F_SETFL, O_NONBLOCK);
    while (write(ends[1], block, 4096) > 0) {}
    fcntl(ends[1], F_SETFL, 0);
    return write(ends[1], block, 4096);
  }
  }
  return 0;
}

static const char *names[] = {"read of a pipe", "nanosleep", "clock_nanosleep", "poll, no timeout",
                              "poll, timeout", "select", "futex, timeout", "futex bitset",
                              "sigsuspend", "sigtimedwait", "sigtimedwait, timeout", "wait4",
                              "waitid", "poll with a mask", "clock_nanosleep absolute",
                              "write to a full pipe"};

/* mode 0: handler; 1: handler with SA_RESTART; 2: stop and continue; 3: an ignored signal;
   4: a blocked signal. */
static void run(int which, int mode) {
  if (pipe(ends) != 0) _exit(91);
  pid_t pid = fork();
  if (pid == 0) {
    struct sigaction action = {0};
    action.sa_handler = mode == 3 ? SIG_IGN : on;
    action.sa_flags = mode == 1 ? SA_RESTART : 0;
    sigaction(SIGUSR1, &action, 0);
    if (mode == 4) mask_raw(SIG_SETMASK, bit(SIGUSR1));
    pid_t inner = 0;
    if (which == 11 || which == 12) {
      inner = fork();
      if (inner == 0) {
        settle();
        settle();
        settle();
        _exit(0);
      }
    }
    long value = call(which);
    say("%s, mode %d: %s, handlers %d\n", names[which], mode, result(value), caught);
    _exit(0);
  }
  settle();
  if (mode == 2) {
    kill(pid, SIGSTOP);
    settle();
    kill(pid, SIGCONT);
  } else {
    kill(pid, SIGUSR1);
  }
  settle();
  if (mode < 2) {
    kill(pid, SIGUSR1);
    settle();
  }
  /* Whoever still waits is let go. */
  struct timespec pause_time = {0, 100000000};
  nanosleep(&pause_time, 0);
  int status;
  if (waitpid(pid, &status, WNOHANG) == 0) {
    say("  %s, mode %d: still waits\n", names[which], mode);
    if (write(ends[1], "y", which == 15 ? 0 : 1) < 0) say("write %s\n", name(errno));
    settle();
    kill(pid, SIGKILL);
    waitpid(pid, &status, 0);
  }
  close(ends[0]);
  close(ends[1]);
}


int main(void) {
  for (int which = 0; which < 16; which++)
    for (int mode = 0; mode < 5; mode++) run(which, mode);
  say("restart_syscall by itself: %s\n", result(syscall(SYS_restart_syscall)));
  return 0;
}
