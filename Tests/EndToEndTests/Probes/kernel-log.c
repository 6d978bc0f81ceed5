// The kernel's log by its three doors: syslog(2), /dev/kmsg, /proc/kmsg. Times and what the machine
// itself says are left out.
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/klog.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static char room[600000];

#define SAY(call)                                            \
  do {                                                       \
    errno = 0;                                               \
    long r = (call);                                         \
    printf("%s = %ld %s\n", #call, r, strerror(errno));      \
  } while (0)

// A record's text behind its numbers or time.
static const char *text(const char *record, int length, char end) {
  static char copy[200];
  const char *at = memchr(record, end, length);
  if (!at) return "?";
  int n = length - (int)(at + 1 - record);
  snprintf(copy, sizeof copy, "%.*s", n, at + 1);
  return copy;
}

int main(void) {
  setvbuf(stdout, 0, _IONBF, 0);
  // Or Linux takes ten records in five seconds, and drops the rest.
  int unlimited = open("/proc/sys/kernel/printk_devkmsg", O_WRONLY);
  if (unlimited >= 0) write(unlimited, "on\n", 3);
  int file = open("/dev/kmsg", O_RDWR | O_NONBLOCK);
  struct stat st;
  fstat(file, &st);
  printf("kmsg %o device %lx\n", st.st_mode, (long)st.st_rdev);
  stat("/proc/kmsg", &st);
  printf("proc %o\n", st.st_mode);

  puts("writes");
  SAY(lseek(file, 0, SEEK_END));
  SAY(read(file, room, sizeof room));
  SAY(write(file, "<5>one\n", 7));
  SAY(write(file, "<190>two\n", 9));
  SAY(write(file, "three\n", 6));
  SAY(write(file, "<5x>four\n", 9));
  SAY(write(file, "", 0));
  memset(room, 'a', 2000);
  SAY(write(file, room, 993));
  SAY(write(file, room, 992));
  SAY(write(file, "tab\tand back\\slash\n", 19));
  SAY(write(file, (void *)8, 3));
  SAY(lseek(file, 0, SEEK_CUR));
  SAY(lseek(file, 1, SEEK_SET));
  struct pollfd ready = {file, POLLIN | POLLOUT, 0};
  printf("poll %d %x\n", poll(&ready, 1, 0), ready.revents);
  for (;;) {
    int n = read(file, room, sizeof room);
    if (n < 0) { printf("%s\n", strerror(errno)); break; }
    int priority;
    sscanf(room, "%d", &priority);
    printf("%d bytes of text, priority %d: %.30s\n", (int)strlen(text(room, n, ';')), priority,
           text(room, n, ';'));
  }
  printf("poll %d %x\n", poll(&ready, 1, 0), ready.revents);

  puts("syslog");
  SAY(klogctl(5, 0, 0));
  SAY(klogctl(3, room, sizeof room));
  SAY(write(file, "<3>five\n", 8));
  int n = klogctl(3, room, sizeof room);
  printf("all %d: %.*s %s", n, 3, room, text(room, n, ']'));
  SAY(klogctl(3, room, 10));
  SAY(klogctl(4, room, sizeof room) == n);
  SAY(klogctl(3, room, sizeof room));
  SAY(klogctl(10, 0, 0));
  SAY(klogctl(8, 0, 0));
  SAY(klogctl(8, 0, 9));
  SAY(klogctl(8, 0, 1));
  SAY(klogctl(6, 0, 0));
  SAY(klogctl(7, 0, 0));
  SAY(klogctl(0, 0, 0));
  SAY(klogctl(1, 0, 0));
  SAY(klogctl(11, 0, 0));
  SAY(klogctl(-1, 0, 0));
  SAY(klogctl(2, 0, 5));
  SAY(klogctl(2, room, -1));
  SAY(klogctl(2, room, 0));
  SAY(syscall(SYS_syslog, 3, -4096L, 5));
  SAY(klogctl(3, (char *)8, 100));

  puts("what is read once");
  while (klogctl(9, 0, 0) > 0) klogctl(2, room, sizeof room);
  SAY(klogctl(9, 0, 0));
  SAY(write(file, "<4>six\n", 7));
  SAY(klogctl(9, 0, 0));
  SAY(klogctl(2, room, 2));
  printf("%.2s\n", room);
  SAY(klogctl(9, 0, 0));
  n = klogctl(2, room, sizeof room);
  printf("%d%s", n, text(room, n, ']'));
  SAY(klogctl(9, 0, 0));
  int proc = open("/proc/kmsg", O_RDONLY | O_NONBLOCK);
  SAY(read(proc, room, sizeof room));
  SAY(write(file, "<4>seven\n", 9));
  n = read(proc, room, sizeof room);
  printf("%d%s", n, text(room, n, ']'));
  SAY(write(proc, "x", 1));

  puts("waiting");
  if (fork() == 0) {
    usleep(20000);
    write(file, "<4>eight\n", 9);
    _exit(0);
  }
  n = klogctl(2, room, sizeof room);
  printf("%d%s", n, text(room, n, ']'));
  wait(0);

  puts("without rights");
  fflush(stdout);
  if (fork() == 0) {
    setuid(1000);
    SAY(klogctl(3, room, sizeof room) >= 0);
    SAY(klogctl(10, 0, 0));
    SAY(klogctl(2, room, 5));
    SAY(klogctl(5, 0, 0));
    SAY(klogctl(99, 0, 0));
    SAY(open("/dev/kmsg", O_RDONLY) >= 0);
    SAY(open("/dev/kmsg", O_WRONLY));
    SAY(open("/proc/kmsg", O_RDONLY));
    SAY(read(proc, room, sizeof room));
    _exit(0);
  }
  wait(0);
  int restrict_ = open("/proc/sys/kernel/dmesg_restrict", O_RDWR);
  write(restrict_, "1", 1);
  fflush(stdout);
  if (fork() == 0) {
    setuid(1000);
    SAY(klogctl(3, room, sizeof room));
    SAY(klogctl(10, 0, 0));
    SAY(open("/dev/kmsg", O_RDONLY));
    _exit(0);
  }
  wait(0);
  return 0;
}
