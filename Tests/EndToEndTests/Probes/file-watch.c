// epoll, eventfd, poll and pipes: what is ready for what, and when.
// Recorded on Debian's kernel of the same version, which has all of them.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/select.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *name(int error) { return error ? strerrorname_np(error) : "ok"; }
#define SAY(what, call)                                      \
  do {                                                       \
    errno = 0;                                               \
    long result = (long)(call);                              \
    printf("  %s: %ld %s\n", what, result, name(errno));     \
  } while (0)

static void events(int watcher, int most, int wait) {
  struct epoll_event list[8];
  errno = 0;
  int count = epoll_wait(watcher, list, most, wait);
  printf("  events %d %s:", count, name(errno));
  for (int i = 0; i < count; i++) printf(" %d=%#x", list[i].data.u32, list[i].events);
  puts("");
}

static int control(int watcher, int operation, int file, int mask) {
  struct epoll_event event = {.events = mask, .data.u32 = file};
  return epoll_ctl(watcher, operation, file, &event);
}

static void ready(const char *what, int file) {
  struct pollfd list = {file, POLLIN | POLLOUT | POLLPRI | POLLRDHUP | POLLRDNORM | POLLWRNORM, 0};
  int count = poll(&list, 1, 0);
  printf("  %s: %d %#x\n", what, count, list.revents);
}

static void on_signal(int number) {}

int main(void) {
  setvbuf(stdout, 0, _IOLBF, 0);
  // Numbers that do not hang on what was open before.
  for (int file = 3; file < 30; file++) close(file);
  signal(SIGPIPE, SIG_IGN);
  int pipes[2];
  uint64_t value;
  char text[70000];
  memset(text, 'x', sizeof text);

  puts("pipes:");
  pipe(pipes);
  ready("empty, read", pipes[0]);
  ready("empty, write", pipes[1]);
  write(pipes[1], "abc", 3);
  int bytes;
  ioctl(pipes[0], FIONREAD, &bytes);
  printf("  %d bytes\n", bytes);
  ready("some, read", pipes[0]);
  SAY("size", fcntl(pipes[0], F_GETPIPE_SZ) / sysconf(_SC_PAGESIZE));
  SAY("smaller", fcntl(pipes[0], F_SETPIPE_SZ, 1) / sysconf(_SC_PAGESIZE));
  fcntl(pipes[1], F_SETFL, O_NONBLOCK);
  int written = 0;
  while (write(pipes[1], text, 1000) > 0) written += 1000;
  printf("  full after whole pieces of 1000: %d\n", written == (int)((sysconf(_SC_PAGESIZE) - 3) / 1000) * 1000);
  ready("full, write", pipes[1]);
  SAY("to nothing", fcntl(pipes[0], F_SETPIPE_SZ, 0) / sysconf(_SC_PAGESIZE));
  SAY("larger", fcntl(pipes[0], F_SETPIPE_SZ, 3 * sysconf(_SC_PAGESIZE)) / sysconf(_SC_PAGESIZE));
  SAY("of no pipe", fcntl(0, F_GETPIPE_SZ));
  close(pipes[1]);
  ready("no writer, some left", pipes[0]);
  while (read(pipes[0], text, sizeof text) > 0) continue;
  ready("no writer, empty", pipes[0]);
  close(pipes[0]);
  pipe(pipes);
  close(pipes[0]);
  ready("no reader", pipes[1]);
  SAY("write", write(pipes[1], "x", 1));
  SAY("write nothing", write(pipes[1], "x", 0));
  close(pipes[1]);
  pipe2(pipes, O_DIRECT);
  write(pipes[1], "one", 3);
  write(pipes[1], "two", 3);
  SAY("a packet", read(pipes[0], text, 100));
  SAY("half a packet", read(pipes[0], text, 1));
  fcntl(pipes[0], F_SETFL, O_NONBLOCK);
  SAY("the rest is lost", read(pipes[0], text, 100));
  close(pipes[0]);
  close(pipes[1]);

  puts("eventfd:");
  int counter = eventfd(3, EFD_NONBLOCK);
  ready("3", counter);
  SAY("read", read(counter, &value, 8));
  printf("  value %lu\n", (unsigned long)value);
  SAY("again", read(counter, &value, 8));
  SAY("too short", read(counter, &value, 4));
  value = 5;
  SAY("write", write(counter, &value, 8));
  SAY("write 4", write(counter, &value, 4));
  value = 0;
  SAY("write 0", write(counter, &value, 8));
  value = -1;
  SAY("write -1", write(counter, &value, 8));
  value = -7;
  SAY("to the limit", write(counter, &value, 8));
  value = -2 - 5;
  SAY("to the limit", write(counter, &value, 8));
  ready("full", counter);
  SAY("one more", write(counter, &value, 8));
  SAY("read", read(counter, text, 16));
  close(counter);
  counter = eventfd(2, EFD_SEMAPHORE | EFD_NONBLOCK);
  SAY("semaphore", read(counter, &value, 8));
  printf("  value %lu\n", (unsigned long)value);
  SAY("semaphore", read(counter, &value, 8));
  SAY("semaphore", read(counter, &value, 8));
  SAY("flags", eventfd(0, 0x10));
  SAY("seek", lseek(counter, 0, SEEK_SET));
  SAY("pread", pread(counter, &value, 8, 0));
  close(counter);

  puts("epoll:");
  int watcher = epoll_create1(0);
  pipe(pipes);
  printf("  watcher %d pipe %d %d\n", watcher, pipes[0], pipes[1]);
  SAY("add", control(watcher, EPOLL_CTL_ADD, pipes[0], EPOLLIN));
  SAY("add again", control(watcher, EPOLL_CTL_ADD, pipes[0], EPOLLIN));
  SAY("add writer", control(watcher, EPOLL_CTL_ADD, pipes[1], EPOLLOUT | EPOLLET));
  events(watcher, 8, 0);
  events(watcher, 8, 0);
  write(pipes[1], "x", 1);
  events(watcher, 8, 0);
  events(watcher, 8, 0);
  SAY("modify to nothing", control(watcher, EPOLL_CTL_MOD, pipes[0], 0));
  events(watcher, 8, 0);
  SAY("modify to once", control(watcher, EPOLL_CTL_MOD, pipes[0], EPOLLIN | EPOLLONESHOT));
  events(watcher, 8, 0);
  events(watcher, 8, 0);
  SAY("armed again", control(watcher, EPOLL_CTL_MOD, pipes[0], EPOLLIN | EPOLLONESHOT));
  events(watcher, 8, 0);
  SAY("edges", control(watcher, EPOLL_CTL_MOD, pipes[0], EPOLLIN | EPOLLET));
  events(watcher, 8, 0);
  events(watcher, 8, 0);
  write(pipes[1], "y", 1);
  events(watcher, 8, 0);
  read(pipes[0], text, 1);
  events(watcher, 8, 0);
  close(pipes[1]);
  events(watcher, 8, 0);
  SAY("delete", control(watcher, EPOLL_CTL_DEL, pipes[0], 0));
  SAY("delete again", control(watcher, EPOLL_CTL_DEL, pipes[0], 0));
  SAY("modify what is not there", control(watcher, EPOLL_CTL_MOD, pipes[0], EPOLLIN));
  SAY("itself", control(watcher, EPOLL_CTL_ADD, watcher, EPOLLIN));
  int regular = open("/tmp/regular", O_RDWR | O_CREAT, 0644);
  SAY("a regular file", control(watcher, EPOLL_CTL_ADD, regular, EPOLLIN));
  SAY("no file", control(watcher, EPOLL_CTL_ADD, 99, EPOLLIN));
  SAY("no watcher", control(regular, EPOLL_CTL_ADD, pipes[0], EPOLLIN));
  SAY("no operation", control(watcher, 9, pipes[0], EPOLLIN));
  SAY("exclusive and once", control(watcher, EPOLL_CTL_ADD, pipes[0], EPOLLIN | EPOLLEXCLUSIVE | EPOLLONESHOT));
  SAY("exclusive", control(watcher, EPOLL_CTL_ADD, pipes[0], EPOLLIN | EPOLLEXCLUSIVE));
  SAY("exclusive modified", control(watcher, EPOLL_CTL_MOD, pipes[0], EPOLLIN));
  close(pipes[0]);
  events(watcher, 8, 0);
  SAY("no room", epoll_wait(watcher, (void *)text, 0, 0));
  SAY("below no room", epoll_wait(watcher, (void *)text, -1, 0));
  SAY("nowhere", epoll_wait(watcher, (void *)8, 1, 0));
  int inner = epoll_create1(EPOLL_CLOEXEC);
  counter = eventfd(0, EFD_NONBLOCK);
  control(inner, EPOLL_CTL_ADD, counter, EPOLLIN);
  control(watcher, EPOLL_CTL_ADD, inner, EPOLLIN);
  SAY("a circle", control(inner, EPOLL_CTL_ADD, watcher, EPOLLIN));
  events(watcher, 8, 0);
  value = 1;
  write(counter, &value, 8);
  events(watcher, 8, 0);
  ready("a watcher", watcher);
  int copy = dup(counter);
  close(counter);
  events(inner, 8, 0);
  close(copy);
  events(inner, 8, 0);
  ready("a watcher of nothing", watcher);
  int deep[8];
  deep[0] = epoll_create1(0);
  for (int i = 1; i < 8; i++) {
    deep[i] = epoll_create1(0);
    errno = 0;
    int result = control(deep[i], EPOLL_CTL_ADD, deep[i - 1], EPOLLIN);
    printf("  nested %d: %d %s\n", i, result, name(errno));
  }

  puts("waiting:");
  pipe(pipes);
  control(watcher, EPOLL_CTL_ADD, pipes[0], EPOLLIN);
  int child = fork();
  if (child == 0) {
    usleep(50000);
    write(pipes[1], "z", 1);
    _exit(0);
  }
  events(watcher, 8, 5000);
  waitpid(child, 0, 0);
  read(pipes[0], text, 1);
  struct sigaction action = {.sa_handler = on_signal};
  sigaction(SIGALRM, &action, 0);
  alarm(1);
  events(watcher, 8, -1);
  sigset_t mask;
  sigemptyset(&mask);
  alarm(1);
  struct epoll_event list[2];
  SAY("pwait", epoll_pwait(watcher, list, 2, -1, &mask));
  events(watcher, 8, 20);
  fd_set reads, writes;
  FD_ZERO(&reads);
  FD_ZERO(&writes);
  FD_SET(pipes[0], &reads);
  FD_SET(pipes[1], &writes);
  struct timeval moment = {0, 1000};
  SAY("select", select(30, &reads, &writes, 0, &moment));
  printf("  reads %d writes %d\n", FD_ISSET(pipes[0], &reads) != 0, FD_ISSET(pipes[1], &writes) != 0);
  FD_SET(29, &reads);
  SAY("select of nothing", select(30, &reads, 0, 0, &moment));
  SAY("select below nothing", select(-1, 0, 0, 0, &moment));
  struct pollfd none = {99, POLLIN, 0};
  SAY("poll of nothing", poll(&none, 1, 0));
  printf("  %#x\n", none.revents);
  none.fd = -1;
  SAY("poll of -1", poll(&none, 1, 0));
  ready("a regular file", regular);

  puts("splice and tee:");
  int other[2];
  pipe(other);
  write(pipes[1], "hello world", 11);
  SAY("tee", tee(pipes[0], other[1], 5, 0));
  SAY("splice", splice(pipes[0], 0, regular, 0, 100, SPLICE_F_NONBLOCK));
  SAY("splice of nothing", splice(pipes[0], 0, regular, 0, 100, SPLICE_F_NONBLOCK));
  memset(text, 0, 20);
  SAY("file", pread(regular, text, 20, 0));
  printf("  %s\n", text);
  memset(text, 0, 20);
  SAY("copy", read(other[0], text, 20));
  printf("  %s\n", text);
  loff_t place = 6;
  SAY("from a file", splice(regular, &place, other[1], 0, 3, 0));
  printf("  place %ld\n", (long)place);
  SAY("both files", splice(regular, 0, regular, 0, 3, 0));
  SAY("to itself", splice(pipes[0], 0, pipes[1], 0, 3, 0));
  SAY("tee to itself", tee(pipes[0], pipes[1], 3, 0));
  SAY("a place in a pipe", splice(pipes[0], &place, regular, 0, 3, 0));
  SAY("flags", splice(pipes[0], 0, regular, 0, 3, 0x100));
  struct iovec vector = {"vmsplice", 8};
  SAY("vmsplice", vmsplice(other[1], &vector, 1, 0));
  memset(text, 0, 20);
  SAY("read", read(other[0], text, 20));
  printf("  %s\n", text);
  return 0;
}
