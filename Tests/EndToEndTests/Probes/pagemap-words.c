/* What pagemap and kpagecount say of pages: untouched, read, written, shared, forked, cut. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

static long size;

static void say(const char *format, ...) {
  char line[256];
  va_list list;
  va_start(list, format);
  int count = vsnprintf(line, sizeof line, format, list);
  va_end(list);
  write(1, line, count);
}

/* A word a page: present, file, exclusive, swapped, soft-dirty; how many map it; its flags. */
static void words(const char *what, volatile void *start, int count) {
  int map = open("/proc/self/pagemap", O_RDONLY), counts = open("/proc/kpagecount", O_RDONLY),
      flags = open("/proc/kpageflags", O_RDONLY);
  if (map < 0 || counts < 0 || flags < 0) { say("no files\n"); return; }
  say("%s:\n", what);
  for (int i = 0; i < count; i++) {
    uint64_t word = 0, mapped = 0, flag = 0;
    long got = pread(map, &word, 8, ((uintptr_t)start / size + i) * 8);
    uint64_t frame = word & ((1ull << 55) - 1);
    if (word >> 63) {
      pread(counts, &mapped, 8, frame * 8);
      pread(flags, &flag, 8, frame * 8);
    }
    // LRU, referenced and active come when batches are drained.
    flag &= ~(1ull << 5 | 1ull << 2 | 1ull << 6);
    say("  %2d read %ld%s%s%s%s%s frame %s count %llu flags %#llx\n", i, got,
        word >> 63 ? " present" : "", word >> 62 & 1 ? " swapped" : "", word >> 61 & 1 ? " file" : "",
        word >> 56 & 1 ? " exclusive" : "", word >> 55 & 1 ? " soft-dirty" : "", frame ? "yes" : "no",
        (unsigned long long)mapped, (unsigned long long)flag);
  }
  close(map);
  close(counts);
  close(flags);
}

int main(void) {
  size = sysconf(_SC_PAGESIZE);
  volatile char *p = mmap(0, 8 * size, 3, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  (void)p[size];
  p[2 * size] = 1;
  p[3 * size] = 1;
  mprotect((void *)(p + 3 * size), size, 0);
  p[4 * size] = 1;
  madvise((void *)(p + 4 * size), size, MADV_DONTNEED);
  p[5 * size] = 1;
  mlock((void *)(p + 5 * size), size);
  words("private: untouched, read, written, forbidden, dropped, locked", p, 6);
  munlock((void *)(p + 5 * size), size);
  volatile char *s = mmap(0, 4 * size, 3, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  s[0] = 1;
  (void)s[size];
  words("shared: written, read, untouched", s, 3);
  int file = open("/tmp/probe", O_RDWR | O_CREAT | O_TRUNC, 0600);
  unlink("/tmp/probe");
  ftruncate(file, 4 * size);
  volatile char *f = mmap(0, 4 * size, 3, MAP_PRIVATE, file, 0);
  write(file, "x", 1);
  (void)f[0];
  f[size] = 1;
  words("private file: read, written, untouched", f, 3);
  if (!fork()) {
    words("child", p, 6);
    words("child, shared", s, 2);
    p[2 * size] = 2;
    words("child wrote", p + 2 * size, 1);
    _exit(0);
  }
  wait(0);
  words("parent after the child", p, 3);
  words("beyond the program's half", (void *)(1ull << 50), 1);
  int map = open("/proc/self/pagemap", O_RDONLY);
  char byte[16];
  say("odd offset %ld, odd length %ld, nothing %ld\n", (long)pread(map, byte, 8, 3), (long)pread(map, byte, 7, 0),
      (long)pread(map, byte, 0, 0));
  if (!fork()) {
    setresuid(1000, 1000, 1000);
    uint64_t word = 0;
    int own = open("/proc/self/pagemap", O_RDONLY);
    say("user 1000: open %d", own >= 0);
    p[2 * size] = 3;
    long got = pread(own, &word, 8, (uintptr_t)(p + 2 * size) / size * 8);
    say(" read %ld present %d frame %s\n", got, (int)(word >> 63), word & ((1ull << 55) - 1) ? "yes" : "no");
    say("kpagecount %s\n", open("/proc/kpagecount", O_RDONLY) >= 0 ? "opens" : "does not open");
    _exit(0);
  }
  wait(0);
  return 0;
}
