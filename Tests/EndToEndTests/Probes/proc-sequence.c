// Reading texts of /proc piece by piece: what one read gives, offsets, and many areas.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static char a[1 << 22], b[1 << 22];
static long PS;

static long whole(const char *path, char *to, long step) {
  int fd = open(path, O_RDONLY);
  long n = 0, k;
  while ((k = read(fd, to + n, step)) > 0) n += k;
  close(fd);
  to[n] = 0;
  return n;
}

int main(void) {
  setvbuf(stdout, 0, _IONBF, 0);
  PS = sysconf(_SC_PAGESIZE);
  memset(a, 1, sizeof a);
  memset(b, 1, sizeof b);
  // 4,000 areas that cannot be joined.
  char *p = mmap((void *)0x100000000, 8000 * PS, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0);
  for (int i = 0; i < 8000; i += 2) mprotect(p + i * PS, PS, PROT_READ);
  long n = whole("/proc/self/maps", a, sizeof a - 1);
  int lines = 0;
  for (long i = 0; i < n; i++) lines += a[i] == '\n';
  printf("lines %d, the last byte %d\n", lines, a[n - 1]);
  // Pieces of any size give the same text.
  long steps[] = {1000, 4096, 65536, 77};
  for (int i = 0; i < 4; i++) {
    long m = whole("/proc/self/maps", b, steps[i]);
    printf("pieces of %ld: %s\n", steps[i], m == n && !memcmp(a, b, n) ? "the same" : "different");
  }
  // A read ends where a line does, and fills a page at most.
  int fd = open("/proc/self/maps", O_RDONLY);
  for (int i = 0; i < 3; i++) {
    long r = read(fd, b, 1 << 20);
    printf("a large read: %s a page, ends with a line: %d\n", r <= PS && r > PS - 200 ? "nearly" : r > PS ? "more than" : "less than", b[r - 1] == '\n');
  }
  long r = read(fd, b, 10);
  printf("a small one: %ld", r);
  r = read(fd, b, 100000);
  printf(", the rest of the buffer: %s, ends with a line: %d\n", r < 100000 ? "less than asked" : "all", b[r - 1] == '\n');
  // Offsets.
  long offsets[] = {0, 1, 5000, 100000, n - 1, n, n + 1};
  for (int i = 0; i < 7; i++) {
    long o = lseek(fd, offsets[i], SEEK_SET);
    r = read(fd, b, 50);
    printf("lseek %s: %s, read %s\n", offsets[i] >= n - 1 ? "near the end" : "inside", o == offsets[i] ? "there" : strerrorname_np(errno),
           r > 0 && !memcmp(b, a + offsets[i], r) ? (offsets[i] == n - 1 ? "the last byte" : "as the whole") : r == 0 ? "nothing" : "other");
    r = pread(fd, b, 50, offsets[i]);
    printf("  pread %s\n", r > 0 && !memcmp(b, a + offsets[i], r) ? "as the whole" : r == 0 ? "nothing" : "other");
  }
  r = lseek(fd, 0, SEEK_END);
  printf("lseek end: %ld %s\n", r, r < 0 ? strerrorname_np(errno) : "");
  r = lseek(fd, -1, SEEK_SET);
  printf("lseek -1: %ld %s\n", r, r < 0 ? strerrorname_np(errno) : "");
  lseek(fd, 100, SEEK_SET);
  r = lseek(fd, -50, SEEK_CUR);
  printf("lseek back: %ld\n", r);
  r = read(fd, b, 0);
  printf("read 0: %ld\n", r);
  r = read(fd, (void *)8, 100);
  printf("bad pointer: %ld %s\n", r, strerrorname_np(errno));
  r = read(fd, b, 40);
  printf("after it: %s\n", r == 40 && !memcmp(b, a + 50, 40) ? "as the whole" : "other");
  // The text changes while it is read: what was before stays, what is unmapped is gone.
  lseek(fd, 0, SEEK_SET);
  read(fd, b, 1 << 20);
  munmap(p, 4000 * PS);
  r = read(fd, b, 1 << 20);
  b[r] = 0;
  printf("unmapped meanwhile: goes on at %#lx\n", strtoul(b, 0, 16) - 0x100000000ul > 4000ul * PS ? 0ul : (strtoul(b, 0, 16) - 0x100000000ul) / PS);
  close(fd);
  fd = open("/proc/self/maps", O_RDWR);
  printf("open to write: %s\n", fd < 0 ? strerrorname_np(errno) : "ok");
  fd = open("/proc/self/status", O_RDONLY);
  r = read(fd, b, 5);
  b[5] = 0;
  printf("status: %ld %s", r, b);
  r = read(fd, b, 12);
  printf(", then %.*s\n", 12, b);
  r = write(fd, "x", 1);
  printf("write: %ld %s\n", r, strerrorname_np(errno));
  return 0;
}
