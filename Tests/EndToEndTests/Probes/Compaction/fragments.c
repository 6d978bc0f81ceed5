// Memory broken up in a pattern, then huge pages of 2M asked for without compacting by hand.
//
//   fragments PATTERN
//
// sparse   one page of 64 stays        third    two pages of three stay
// odd      every second page stays, whose frame has an odd number
// even     the other ones
// forked   as odd, and a child has the pages, too
// locked   as odd, and one of 16 is locked
// shared   as odd, of memory mapped shared
// table    as odd, of a file in memory that nobody maps
//
// Which ones stay decides: a free scanner that found nothing in a page block takes steps of 2, 4,
// … 32 frames from the start of the next, so it never finds a free frame with an odd number.
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define POOL "/sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages"
static const char *names[] = {
    "compact_migrate_scanned", "compact_free_scanned", "compact_isolated", "compact_stall",
    "compact_fail", "compact_success", "pgmigrate_success", "pgmigrate_fail",
    "htlb_buddy_alloc_success", "htlb_buddy_alloc_fail", 0};
static long before[16];
static unsigned char *frameIsOdd;

static char *text(const char *path) {
  static char bytes[16384];
  int file = open(path, O_RDONLY);
  long length = 0, got;
  while (file >= 0 && (got = read(file, bytes + length, sizeof bytes - 1 - length)) > 0)
    length += got;
  bytes[length] = 0;
  close(file);
  return bytes;
}

// Notes which pages have frames with odd numbers.
static void look(char *p, long n, long page) {
  int file = open("/proc/self/pagemap", O_RDONLY);
  unsigned long entries[512];
  frameIsOdd = mmap(0, n, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  for (long i = 0; i < n; i += 512) {
    long some = n - i < 512 ? n - i : 512;
    if (pread(file, entries, some * 8, ((long)p / page + i) * 8) != some * 8) perror("pagemap");
    for (long j = 0; j < some; j++) frameIsOdd[i + j] = entries[j] & 1;
  }
  close(file);
}

static long value(const char *path, const char *name) {
  char *all = text(path), *at = all;
  long size = strlen(name);
  while (at && (strncmp(at, name, size) || (at[size] != ' ' && at[size] != ':')))
    if ((at = strchr(at, '\n'))) at++;
  return at ? atol(at + size + 1) : 0;
}

static void store(const char *path, long number) {
  char bytes[32];
  int file = open(path, O_WRONLY), length = sprintf(bytes, "%ld", number);
  if (write(file, bytes, length) != length) perror(path);
  close(file);
}

static void ask(const char *title, long pages) {
  for (int i = 0; names[i]; i++) before[i] = value("/proc/vmstat", names[i]);
  store(POOL, pages);
  printf("%s: nr_hugepages asked %ld got %ld\n  vmstat nr_hugepages:", title, pages,
         atol(text(POOL)));
  for (int i = 0; names[i]; i++) {
    long change = value("/proc/vmstat", names[i]) - before[i];
    if (change) printf(" %s +%ld", names[i], change);
  }
  puts("");
  store(POOL, 0);
}

int main(int count, char **argument) {
  const char *pattern = argument[1];
  long page = sysconf(_SC_PAGESIZE), free = value("/proc/meminfo", "MemFree") * 1024;
  long bytes = free / 100 * 85 & -page, n = bytes / page, bad = 0;
  int isShared = !strcmp(pattern, "shared"), isFile = !strcmp(pattern, "table");
  int file = isFile ? memfd_create("table", 0) : -1;
  if (isFile && ftruncate(file, bytes)) perror("ftruncate");
  char *p = mmap(0, bytes, PROT_READ | PROT_WRITE,
                 isFile ? MAP_SHARED : (isShared ? MAP_SHARED : MAP_PRIVATE) | MAP_ANONYMOUS,
                 file, 0);
  madvise(p, bytes, MADV_NOHUGEPAGE);
  for (long i = 0; i < n; i++) *(long *)(p + i * page) = i + 1;
#define STAYS(i) (!strcmp(pattern, "sparse") ? (i) % 64 == 5 \
                  : !strcmp(pattern, "third") ? (i) % 3 != 0 \
                  : frameIsOdd[i] != !strcmp(pattern, "even"))
  look(p, n, page);
  for (long i = 0; i < n; i++)
    if (!STAYS(i)) madvise(p + i * page, page, isShared || isFile ? MADV_REMOVE : MADV_DONTNEED);
  if (!strcmp(pattern, "locked"))
    for (long i = 0; i < n; i++)
      if (frameIsOdd[i] && i % 16 < 2 && mlock(p + i * page, page)) perror("mlock");
  if (isFile) munmap(p, bytes);
  int hold[2], child = 0;
  if (!strcmp(pattern, "forked") && pipe(hold) == 0 && !(child = fork())) {
    char c;
    close(hold[1]);
    if (read(hold[0], &c, 1) < 0) perror("read");
    for (long i = 0; i < n; i++)
      if (STAYS(i)) bad += *(long *)(p + i * page) != i + 1;
    _exit(bad != 0);
  }
  store("/proc/sys/vm/stat_refresh", 1);
  // As many on any machine of that size, whatever its kernel takes.
  long half = bytes / 4 / (2 << 20) / 10 * 10;
  ask("first", half);
  ask("again", half);
  store("/proc/sys/vm/compact_memory", 1);
  ask("after compact_memory", half);
  if (isFile) p = mmap(0, bytes, PROT_READ, MAP_SHARED, file, 0);
  for (long i = 0; i < n; i++)
    if (STAYS(i)) bad += *(long *)(p + i * page) != i + 1;
  if (child) {
    int status;
    close(hold[1]);
    waitpid(child, &status, 0);
    bad += status != 0;
  }
  printf("pages with wrong contents: %ld\n", bad);
  return 0;
}
