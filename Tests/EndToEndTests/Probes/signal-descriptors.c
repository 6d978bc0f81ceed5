/* signalfd and pidfd: making them, reading and polling them, sending and waiting by them. */
#include "signals.h"
#include <poll.h>
#include <sys/signalfd.h>
#ifndef P_PIDFD
#define P_PIDFD 3
#endif

static long signalfd_raw(int fd, unsigned long mask, int flags) {
  return syscall(SYS_signalfd4, fd, &mask, 8, flags);
}

static void show(const char *what, int fd) {
  struct signalfd_siginfo info[4];
  long length = read(fd, info, sizeof info);
  say("%s: %s\n", what, result(length));
  for (int i = 0; length > 0 && i < length / 128; i++)
    say("  signal %u errno %d code %d mine %d uid %u fd %d tid %u band %u overrun %u status %d "
        "int %d ptr %d\n",
        info[i].ssi_signo, info[i].ssi_errno, info[i].ssi_code, info[i].ssi_pid == getpid(),
        info[i].ssi_uid, info[i].ssi_fd, info[i].ssi_tid, info[i].ssi_band, info[i].ssi_overrun,
        info[i].ssi_status, info[i].ssi_int, info[i].ssi_ptr != 0);
}

static void signals(void) {
  say("-- signalfd\n");
  unsigned long mask = bit(10) | bit(12) | bit(40) | bit(17) | bit(9);
  say("size 4: %s\n", result(syscall(SYS_signalfd4, -1, &mask, 4, 0)));
  say("flags 1: %s\n", result(signalfd_raw(-1, mask, 1)));
  say("bad pointer: %s\n", result(syscall(SYS_signalfd4, -1, 8, 8, 0)));
  say("no descriptor: %s, another kind: %s\n", result(signalfd_raw(99, mask, 0)),
      result(signalfd_raw(1, mask, 0)));
  mask_raw(SIG_SETMASK, mask);
  int fd = signalfd_raw(-1, mask, SFD_NONBLOCK | SFD_CLOEXEC);
  say("made %d, close on exec %d, flags %x\n", fd >= 0, fcntl(fd, F_GETFD),
      fcntl(fd, F_GETFL) & ~O_LARGEFILE);
  struct pollfd entry = {fd, POLLIN | POLLOUT, 0};
  say("poll: %d", poll(&entry, 1, 0));
  show("; read, nothing", fd);
  kill(getpid(), 10);
  union sigval value = {77};
  sigqueue(getpid(), 40, value);
  value.sival_int = 78;
  sigqueue(getpid(), 40, value);
  say("poll: %d %x\n", poll(&entry, 1, 0), entry.revents);
  char small[127];
  say("too small: %s\n", result(read(fd, small, sizeof small)));
  show("read", fd);
  say("pending %lx\n", pending_now());
  syscall(SYS_tkill, gettid(), 12);
  show("tkill", fd);
  if (fork() == 0) _exit(9);
  settle();
  show("child", fd);
  wait(0);
  say("other mask: %d\n", signalfd_raw(fd, bit(12), 0) == fd);
  kill(getpid(), 10);
  show("not in it", fd);
  say("pending %lx\n", pending_now());
  signal(10, SIG_IGN);
  if (fork() == 0) {
    /* It shows the signals of whoever reads. */
    kill(getpid(), 12);
    show("a child reads its own", fd);
    _exit(0);
  }
  wait(0);
  show("the parent's", fd);
  fcntl(fd, F_SETFL, 0);
  pid_t parent = getpid(), pid = fork();
  if (pid == 0) {
    settle();
    kill(parent, 12);
    _exit(0);
  }
  struct signalfd_siginfo info;
  long length = read(fd, &info, sizeof info);
  say("a waiting read: %s signal %d from the child %d\n", result(length), info.ssi_signo,
      info.ssi_pid == pid);
  wait(0);
  say("write %s lseek %s\n", result(write(fd, &info, sizeof info)), result(lseek(fd, 0, 0)));
  mask_raw(SIG_SETMASK, 0);
}

static void processes(void) {
  say("-- pidfd\n");
  int fd;
  say("pid 0: %s, -1: %s, nobody: %s, flags: %s\n", result(syscall(SYS_pidfd_open, 0, 0)),
      result(syscall(SYS_pidfd_open, -1, 0)), result(syscall(SYS_pidfd_open, 999999, 0)),
      result(syscall(SYS_pidfd_open, getpid(), 1)));
  pid_t pid = fork();
  if (pid == 0)
    for (;;) pause();
  fd = syscall(SYS_pidfd_open, pid, 0);
  say("made %d, close on exec %d, flags %x\n", fd >= 0, fcntl(fd, F_GETFD),
      fcntl(fd, F_GETFL) & ~O_LARGEFILE);
  char text[32];
  say("read %s write %s lseek %s\n", result(read(fd, text, 1)), result(write(fd, text, 1)),
      result(lseek(fd, 0, 0)));
  struct pollfd entry = {fd, POLLIN, 0};
  say("poll, alive: %d\n", poll(&entry, 1, 0));
  siginfo_t info;
  memset(&info, 0, sizeof info);
  say("waitid, alive: %s\n", result(waitid(P_PIDFD, fd, &info, WEXITED | WNOHANG)));
  say("signal 0: %s\n", result(syscall(SYS_pidfd_send_signal, fd, 0, 0, 0)));
  say("signal 65: %s flags: %s other kind: %s no descriptor: %s\n",
      result(syscall(SYS_pidfd_send_signal, fd, 65, 0, 0)),
      result(syscall(SYS_pidfd_send_signal, fd, 0, 0, 1)),
      result(syscall(SYS_pidfd_send_signal, 1, 0, 0, 0)),
      result(syscall(SYS_pidfd_send_signal, 99, 0, 0, 0)));
  memset(&info, 0, sizeof info);
  info.si_signo = 10;
  info.si_code = SI_USER;
  say("info of SI_USER to another: %s\n", result(syscall(SYS_pidfd_send_signal, fd, 10, &info, 0)));
  info.si_signo = 12;
  info.si_code = SI_QUEUE;
  say("info of another signal: %s\n", result(syscall(SYS_pidfd_send_signal, fd, 10, &info, 0)));
  say("SIGTERM: %s\n", result(syscall(SYS_pidfd_send_signal, fd, SIGTERM, 0, 0)));
  say("poll: %d %x\n", poll(&entry, 1, 1000), entry.revents);
  say("a zombie: %s\n", result(syscall(SYS_pidfd_send_signal, fd, 0, 0, 0)));
  memset(&info, 0, sizeof info);
  say("waitid: %s", result(waitid(P_PIDFD, fd, &info, WEXITED)));
  say(" code %d status %d\n", info.si_code, info.si_status);
  say("poll: %d %x\n", poll(&entry, 1, 0), entry.revents);
  say("reaped: %s\n", result(syscall(SYS_pidfd_send_signal, fd, 0, 0, 0)));
  say("waitid: %s\n", result(waitid(P_PIDFD, fd, &info, WEXITED)));
  close(fd);
  say("-- clone with a pidfd\n");
  int made = -1;
  pid = syscall(SYS_clone, 0x1000 | SIGCHLD, 0, &made, 0, 0);
  if (pid == 0) _exit(4);
  say("made %d, close on exec %d\n", made >= 0, fcntl(made, F_GETFD));
  memset(&info, 0, sizeof info);
  say("waitid %s", result(waitid(P_PIDFD, made, &info, WEXITED)));
  say(" child %d status %d\n", info.si_pid == pid, info.si_status);
  close(made);
  say("with CLONE_PARENT_SETTID: %s\n",
      result(syscall(SYS_clone, 0x101000 | SIGCHLD, 0, &made, 0, 0)));
  say("with CLONE_DETACHED: %s\n", result(syscall(SYS_clone, 0x401000 | SIGCHLD, 0, &made, 0, 0)));
  say("pidfd_getfd flags: %s\n", result(syscall(SYS_pidfd_getfd, 0, 0, 1)));
  int self = syscall(SYS_pidfd_open, getpid(), 0);
  int copy = syscall(SYS_pidfd_getfd, self, 1, 0);
  say("pidfd_getfd of its own: %d, none: %s, other kind: %s\n", copy >= 0,
      result(syscall(SYS_pidfd_getfd, self, 99, 0)), result(syscall(SYS_pidfd_getfd, 1, 1, 0)));
}

static volatile int caught;
static void on(int sig) { caught++; }

static void masks(void) {
  say("-- masks of poll and select\n");
  signal(10, on);
  mask_raw(SIG_SETMASK, bit(10));
  kill(getpid(), 10);
  struct timespec no = {0, 0};
  unsigned long open_mask = 0;
  say("poll: %s", result(syscall(SYS_ppoll, 0, 0, &no, &open_mask, 8)));
  say(" caught %d mask %lx\n", caught, mask_now());
  kill(getpid(), 10);
  struct {
    unsigned long *mask;
    unsigned long size;
  } six = {&open_mask, 8};
  say("select: %s", result(syscall(SYS_pselect6, 0, 0, 0, 0, &no, &six)));
  say(" caught %d mask %lx\n", caught, mask_now());
  int ends[2];
  if (pipe(ends) != 0 || write(ends[1], "x", 1) != 1) _exit(90);
  struct pollfd entry = {ends[0], POLLIN, 0};
  kill(getpid(), 10);
  say("poll, ready: %s", result(syscall(SYS_ppoll, &entry, 1, &no, &open_mask, 8)));
  say(" caught %d mask %lx\n", caught, mask_now());
  say("bad sizes: %s", result(syscall(SYS_ppoll, 0, 0, &no, &open_mask, 4)));
  six.size = 4;
  say(" %s", result(syscall(SYS_pselect6, 0, 0, 0, 0, &no, &six)));
  six.mask = 0;
  say(" %s\n", result(syscall(SYS_pselect6, 0, 0, 0, 0, &no, &six)));
  say("bad pointers: %s %s\n", result(syscall(SYS_ppoll, 0, 0, &no, 8, 8)),
      result(syscall(SYS_pselect6, 0, 0, 0, 0, &no, 8)));
  struct timespec time = {0, 5000000};
  say("the time left: %s", result(syscall(SYS_ppoll, 0, 0, &time, 0, 0)));
  say(" %ld %ld\n", (long)time.tv_sec, time.tv_nsec);
}

int main(void) {
  signals();
  processes();
  masks();
  return 0;
}
