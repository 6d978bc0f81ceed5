// Uses memory in many ways and checks every byte it reads. Prints what page size it saw.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

static long page;
static int bad;
#define CHECK(c) do { if (!(c)) { printf("line %d: %s\n", __LINE__, #c); bad++; } } while (0)
static uint64_t seed = 88172645463325252ull;
static uint64_t next(void) { seed ^= seed << 13; seed ^= seed >> 7; seed ^= seed << 17; return seed; }
static char *map(long pages) {
  char *p = mmap(0, pages * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  CHECK(p != MAP_FAILED);
  return p;
}

// A region whose pages are mapped, unmapped and protected at random, beside a model of it.
static void random_region(void) {
  enum { pages = 64 };
  char *base = map(pages);
  char value[pages] = {0}, mapped[pages], writable[pages];
  memset(mapped, 1, pages); memset(writable, 1, pages);
  for (int step = 0; step < 20000; step++) {
    int at = next() % pages, length = 1 + next() % 8;
    if (at + length > pages) length = pages - at;
    char *p = base + at * page;
    switch (next() % 8) {
    case 0:
      CHECK(munmap(p, length * page) == 0);
      for (int i = at; i < at + length; i++) mapped[i] = 0;
      break;
    case 1:
      CHECK(mmap(p, length * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == p);
      for (int i = at; i < at + length; i++) mapped[i] = writable[i] = 1, value[i] = 0;
      break;
    case 2: {
      int all = 1, allow = next() & 1;
      for (int i = at; i < at + length; i++) all &= mapped[i];
      int r = mprotect(p, length * page, allow ? PROT_READ | PROT_WRITE : PROT_READ);
      CHECK(all ? r == 0 : r == -1 && errno == ENOMEM);
      for (int i = at; i < at + length && mapped[i]; i++) writable[i] = allow;
      break;
    }
    case 3: {
      int all = 1;
      for (int i = at; i < at + length; i++) all &= mapped[i];
      if (all) {
        CHECK(madvise(p, length * page, MADV_DONTNEED) == 0);
        for (int i = at; i < at + length; i++) value[i] = 0;
      }
      break;
    }
    default:
      if (mapped[at]) {
        CHECK(p[next() % page / 2 * 0] == value[at]);
        if (writable[at]) p[0] = value[at] = next();
      }
    }
  }
  munmap(base, pages * page);
}

static void moving(void) {
  char *p = map(3);
  for (long i = 0; i < 3 * page; i++) p[i] = i * 7;
  char *wall = mmap(p + 3 * page, page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  char *q = mremap(p, 3 * page, 40 * page, MREMAP_MAYMOVE);
  CHECK(q != MAP_FAILED);
  for (long i = 0; i < 3 * page; i++) CHECK(q[i] == (char)(i * 7));
  for (long i = 3 * page; i < 40 * page; i += 512) CHECK(q[i] == 0);
  q = mremap(q, 40 * page, 2 * page, 0);
  CHECK(q != MAP_FAILED && q[2 * page - 1] == (char)((2 * page - 1) * 7));
  munmap(q, 2 * page);
  if (wall != MAP_FAILED) munmap(wall, page);
}

static void heap(void) {
  enum { slots = 512 };
  static struct { unsigned char *p; size_t size; unsigned char value; } slot[slots];
  for (int step = 0; step < 60000; step++) {
    int i = next() % slots;
    if (slot[i].p) {
      for (size_t k = 0; k < slot[i].size; k += 97) CHECK(slot[i].p[k] == slot[i].value);
      if (next() % 4 == 0) {
        size_t size = 1 + next() % 40000;
        slot[i].p = realloc(slot[i].p, size);
        CHECK(slot[i].p[0] == slot[i].value);
        slot[i].size = size;
        memset(slot[i].p, slot[i].value, size);
      } else { free(slot[i].p); slot[i].p = 0; }
    } else {
      slot[i].size = 1 + next() % (next() % 50 ? 2000 : 400000);
      slot[i].p = malloc(slot[i].size);
      slot[i].value = next();
      memset(slot[i].p, slot[i].value, slot[i].size);
    }
  }
}

static void files(void) {
  int fd = open("/tmp/memory", O_RDWR | O_CREAT | O_TRUNC, 0600);
  CHECK(fd >= 0);
  static unsigned char block[100000];
  for (unsigned i = 0; i < sizeof block; i++) block[i] = i * 13 >> 2;
  CHECK(write(fd, block, sizeof block) == sizeof block);
  unsigned char *p = mmap(0, sizeof block, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
  CHECK(p != MAP_FAILED && !memcmp(p, block, sizeof block));
  long end = (sizeof block + page - 1) / page * page;
  for (long i = sizeof block; i < end; i++) CHECK(p[i] == 0);
  p[5] ^= 0xff;
  unsigned char again;
  CHECK(pread(fd, &again, 1, 5) == 1 && again == block[5]);
  munmap(p, sizeof block);
  close(fd);
  CHECK(unlink("/tmp/memory") == 0);
}

static void sharing(void) {
  char *p = map(32);
  memset(p, 1, 32 * page);
  for (int round = 0; round < 3; round++) {
    pid_t child = fork();
    if (!child) {
      for (int i = 0; i < 32; i += 2) { if (p[i * page] != 1 + round) _exit(1); p[i * page] = 99; }
      _exit(0);
    }
    int status = -1;
    CHECK(waitpid(child, &status, 0) == child && status == 0);
    for (int i = 0; i < 32; i++) { CHECK(p[i * page] == 1 + round); p[i * page] = 2 + round; }
  }
  munmap(p, 32 * page);
}

int main(void) {
  page = sysconf(_SC_PAGESIZE);
  random_region();
  moving();
  heap();
  files();
  sharing();
  printf("pages of %ld, %d wrong\n", page, bad);
  return bad != 0;
}
