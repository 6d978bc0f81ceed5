// pagemap, kpagecount and kpageflags of known patterns of memory.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

static long PS;
static int pm, kc, kf;

static uint64_t word(int fd, uint64_t index) {
  uint64_t w = 0;
  return pread(fd, &w, 8, index * 8) == 8 ? w : ~0ull;
}

// The bits of a page, its frame's count, and of its flags those that do not hang on lists.
static void page(const char *what, volatile void *p) {
  uint64_t w = word(pm, (uintptr_t)p / PS), pfn = w & ((1ull << 55) - 1);
  printf("%-34s present %d swapped %d file %d exclusive %d soft-dirty %d", what, (int)(w >> 63), (int)(w >> 62 & 1),
         (int)(w >> 61 & 1), (int)(w >> 56 & 1), (int)(w >> 55 & 1));
  if (w >> 63 && pfn) {
    uint64_t f = word(kf, pfn);
    printf(" count %ld mmap %d anon %d swapbacked %d zero %d uptodate %d compound %d nopage %d mlocked %d", (long)word(kc, pfn),
           (int)(f >> 11 & 1), (int)(f >> 12 & 1), (int)(f >> 14 & 1), (int)(f >> 24 & 1), (int)(f >> 3 & 1),
           (int)(f >> 15 & 3), (int)(f >> 20 & 1), (int)(f >> 33 & 1));
  }
  printf("\n");
}

int main(void) {
  setvbuf(stdout, 0, _IONBF, 0);
  PS = sysconf(_SC_PAGESIZE);
  pm = open("/proc/self/pagemap", O_RDONLY);
  kc = open("/proc/kpagecount", O_RDONLY);
  kf = open("/proc/kpageflags", O_RDONLY);
  printf("open %d %d %d\n", pm >= 0, kc >= 0, kf >= 0);
  char *p = mmap(0, 8 * PS, 3, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  page("untouched", p);
  (void)*(volatile char *)p;
  page("read", p);
  p[0] = 1;
  page("written", p);
  p[PS] = 1;
  page("written at once", p + PS);
  mprotect(p + PS, PS, PROT_NONE);
  page("protected", p + PS);
  mprotect(p + PS, PS, 3);
  madvise(p + PS, PS, MADV_DONTNEED);
  page("given back", p + PS);
  mlock(p + 2 * PS, PS);
  page("locked", p + 2 * PS);
  munlock(p + 2 * PS, PS);
  char *s = mmap(0, 4 * PS, 3, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  (void)*(volatile char *)s;
  page("shared, read", s);
  s[PS] = 1;
  page("shared, written", s + PS);
  int fd = open("/tmp/f", O_RDWR | O_CREAT, 0600);
  ftruncate(fd, 4 * PS);
  char *a = mmap(0, 4 * PS, 3, MAP_SHARED, fd, 0), *b = mmap(0, 4 * PS, 3, MAP_PRIVATE, fd, 0);
  a[0] = 1;
  page("file, shared", a);
  (void)*(volatile char *)b;
  page("file, private, read", b);
  page("file, shared, mapped twice", a);
  b[0] = 2;
  page("file, private, written", b);
  page("file, shared, mapped once again", a);
  int ready[2], done[2];
  pipe(ready);
  pipe(done);
  p[3 * PS] = 3;
  int child = fork();
  if (!child) {
    char c;
    pm = open("/proc/self/pagemap", O_RDONLY);
    page("child: forked", p);
    p[3 * PS] = 4;
    page("child: written", p + 3 * PS);
    page("child: shared", s + PS);
    write(ready[1], "x", 1);
    read(done[0], &c, 1);
    _exit(0);
  }
  char c;
  read(ready[0], &c, 1);
  page("parent: forked", p);
  page("parent: written by the child", p + 3 * PS);
  p[0] = 5;
  page("parent: written", p);
  page("parent: shared", s + PS);
  page("parent: file", a);
  char name[64];
  sprintf(name, "/proc/%d/pagemap", child);
  int other = open(name, O_RDONLY), own = pm;
  pm = other;
  page("the child's, by the parent", p);
  pm = own;
  write(done[1], "x", 1);
  wait(0);
  uint64_t w;
  long r = pread(other, &w, 8, (uintptr_t)p / PS * 8);
  printf("pagemap of one that is gone: %ld %s\n", r, r < 0 ? strerrorname_np(errno) : "");
  page("parent: alone again", p + 3 * PS);
  r = pread(pm, &w, 4, 0);
  printf("half a word: %ld %s\n", r, r < 0 ? strerrorname_np(errno) : "");
  r = pread(pm, &w, 8, 4);
  printf("unaligned: %ld %s\n", r, r < 0 ? strerrorname_np(errno) : "");
  r = pread(kc, &w, 8, 4);
  printf("kpagecount unaligned: %ld %s\n", r, r < 0 ? strerrorname_np(errno) : "");
  r = pread(kf, &w, 8, 1ull << 50);
  printf("kpageflags beyond the end: %ld\n", r);
  w = 0;
  r = pread(kf, &w, 8, 0);
  printf("kpageflags of 0: %ld nopage %d\n", r, (int)(w >> 20 & 1));
  uint64_t many[512];
  r = pread(pm, many, sizeof many, (uintptr_t)p / PS * 8);
  printf("512 words: %ld\n", r);
  printf("lseek end %ld\n", (long)lseek(pm, 0, SEEK_END));
  if (!fork()) {
    setresgid(1000, 1000, 1000);
    setresuid(1000, 1000, 1000);
    int mine = open("/proc/self/pagemap", O_RDONLY);
    printf("as user 1000: own %s", mine < 0 ? strerrorname_np(errno) : "ok");
    if (mine >= 0) {
      w = word(mine, (uintptr_t)p / PS);
      printf(" present %d frame %s", (int)(w >> 63), w & ((1ull << 55) - 1) ? "told" : "not told");
    }
    int k = open("/proc/kpageflags", O_RDONLY);
    printf(", kpageflags %s", k < 0 ? strerrorname_np(errno) : "ok");
    int q = open("/proc/1/maps", O_RDONLY);
    printf(", maps of 1 %s", q < 0 ? strerrorname_np(errno) : "ok");
    q = open("/proc/1/status", O_RDONLY);
    printf(", status of 1 %s\n", q < 0 ? strerrorname_np(errno) : "ok");
    _exit(0);
  }
  wait(0);
  return 0;
}
