// clear_refs: what it forgets, and what it refuses.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static long PS;
static char text[1 << 17];

static long field(const char *file, const char *name, void *at) {
  int fd = open(file, O_RDONLY);
  long n = 0, k;
  while ((k = read(fd, text + n, sizeof text - 1 - n)) > 0) n += k;
  close(fd);
  text[n] = 0;
  char *p = text, start[32];
  if (at) {
    sprintf(start, "%08lx-", (unsigned long)at);
    p = strstr(text, start);
  }
  p = p ? strstr(p, name) : 0;
  return p ? atol(p + strlen(name)) : -1;
}

static void put(const char *value) {
  int fd = open("/proc/self/clear_refs", O_WRONLY);
  long r = write(fd, value, strlen(value));
  printf("clear_refs <- \"%s\": %ld %s\n", value, r, r < 0 ? strerrorname_np(errno) : "ok");
  close(fd);
}

int main(void) {
  setvbuf(stdout, 0, _IONBF, 0);
  PS = sysconf(_SC_PAGESIZE);
  int fd = open("/tmp/f", O_RDWR | O_CREAT, 0600);
  ftruncate(fd, 10 * PS);
  // A page between them, so that nothing is joined.
  char *p = mmap((void *)0x10000000, 10 * PS, 3, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
  char *f = mmap((void *)0x20000000, 10 * PS, 3, MAP_SHARED | MAP_FIXED, fd, 0);
  const char *values[] = {"1", "2", "3", "4", "5", "0", "6", "-1", "", "x", "1x", " 1", "1\n", "123456789012345"};
  for (unsigned i = 0; i < sizeof values / sizeof *values; i++) {
    memset(p, 1, 10 * PS);
    memset(f, 1, 10 * PS);
    printf("referenced %ld %ld, ", field("/proc/self/smaps", "Referenced:", p) * 1024 / PS, field("/proc/self/smaps", "Referenced:", f) * 1024 / PS);
    put(values[i]);
    printf("  then %ld %ld, dirty %ld\n", field("/proc/self/smaps", "Referenced:", p) * 1024 / PS, field("/proc/self/smaps", "Referenced:", f) * 1024 / PS,
           field("/proc/self/smaps", "Private_Dirty:", p) * 1024 / PS);
  }
  put("1");
  p[0] = 2;
  (void)*(volatile char *)(p + PS);
  printf("touched two: referenced %ld\n", field("/proc/self/smaps", "Referenced:", p) * 1024 / PS);
  char *big = mmap(0, 1000 * PS, 3, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  memset(big, 1, 1000 * PS);
  munmap(big, 1000 * PS);
  long high = field("/proc/self/status", "VmHWM:", 0), now = field("/proc/self/status", "VmRSS:", 0);
  printf("the most ever: %s\n", high - now > 900 * PS / 1024 ? "much more than now" : "as now");
  put("5");
  high = field("/proc/self/status", "VmHWM:", 0), now = field("/proc/self/status", "VmRSS:", 0);
  printf("the most since: %s\n", high - now > 900 * PS / 1024 ? "much more than now" : "as now");
  return 0;
}
