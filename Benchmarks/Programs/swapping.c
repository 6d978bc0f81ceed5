// swapping KIND N [GROUPS]: what it costs to take pages away and to fetch them, among other groups.
//
// Prints "KIND pages ticks", where pages are those that were swapped, or taken, in between two reads
// of the virtual counter. A page has one word that is not zero, or (random) none that would compress;
// clean pages (reclaimclean, dropcaches) are those of the file /data.
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define PAGEOUT 21
#define GROUP "/sys/fs/cgroup/swapping"

static long page;

static unsigned long now(void) {
  unsigned long value;
  __asm__ volatile("isb; mrs %0, cntvct_el0" : "=r"(value)::"memory");
  return value;
}

static void fail(const char *what) { perror(what); exit(1); }

static void put(const char *path, const char *text) {
  int fd = open(path, O_WRONLY);
  if (fd < 0 || write(fd, text, strlen(text)) < 0) fail(path);
  close(fd);
}

// Others of one page each, which stay while their processes live.
static void make_groups(long groups) {
  char path[64], procs[80];
  for (long i = 0; i < groups; i++) {
    snprintf(path, sizeof path, "/sys/fs/cgroup/other%ld", i);
    if (mkdir(path, 0755) != 0) fail(path);
    snprintf(procs, sizeof procs, "%s/cgroup.procs", path);
    put(procs, "0");
    *(volatile char *)mmap(0, page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) = 1;
  }
}

static void enter_group(long pages) {
  char limit[32];
  mkdir(GROUP, 0755);
  snprintf(limit, sizeof limit, "%ld", pages * page);
  if (pages) put(GROUP "/memory.max", limit);
  put(GROUP "/cgroup.procs", "0");
}

static long vmstat(const char *name) {
  static char text[16384];
  char key[64];
  int fd = open("/proc/vmstat", O_RDONLY);
  long length = read(fd, text, sizeof text - 1);
  close(fd);
  text[length > 0 ? length : 0] = 0;
  snprintf(key, sizeof key, "\n%s ", name);
  char *at = strstr(text, key);
  return at ? atol(at + strlen(key)) : -1;
}

static long held(void) {
  char text[32];
  int fd = open(GROUP "/memory.current", O_RDONLY);
  long length = read(fd, text, sizeof text - 1);
  close(fd);
  text[length > 0 ? length : 0] = 0;
  return atol(text) / page;
}

static void read_file(long bytes) {
  static char buffer[1 << 20];
  int fd = open("/data", O_RDONLY);
  if (fd < 0) fail("/data");
  for (long at = 0; at < bytes; at += sizeof buffer)
    if (read(fd, buffer, sizeof buffer) <= 0) fail("/data is too short");
  close(fd);
}

static char *words(long pages, int random) {
  char *memory = mmap(0, pages * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) fail("mmap");
  unsigned long state = 0x2545f4914f6cdd1d;
  for (long i = 0; i < pages; i++) {
    unsigned long *word = (unsigned long *)(memory + i * page);
    if (!random) word[0] = i + 1;
    for (long j = 0; random && j < page / 8; j++) {
      state ^= state << 13, state ^= state >> 7, state ^= state << 17;
      word[j] = state;
    }
  }
  return memory;
}

static void read_each(volatile char *memory, long pages) {
  for (long i = 0; i < pages; i++) (void)memory[i * page];
}

int main(int argc, char **argv) {
  if (argc < 3) return 1;
  const char *kind = argv[1];
  long count = atol(argv[2]), before, done;
  unsigned long start, ticks;
  page = sysconf(_SC_PAGESIZE);
  if (argc > 3) make_groups(atol(argv[3]));
  if (!strcmp(kind, "word") || !strcmp(kind, "random")) {
    enter_group(2048);
    char *memory = words(4096, kind[0] == 'r');
    read_each(memory, 4096);
    start = now();
    for (long i = 0; i < count; i++) read_each(memory, 4096);
    ticks = now() - start;
    done = count * 4096;
  } else if (!strcmp(kind, "reclaimclean") || !strcmp(kind, "dropcaches")) {
    char bytes[32];
    snprintf(bytes, sizeof bytes, "%ld", count * page);
    enter_group(0);
    read_file(count * page);
    before = held();
    start = now();
    int isReclaim = kind[0] == 'r';
    int fd = open(isReclaim ? GROUP "/memory.reclaim" : "/proc/sys/vm/drop_caches", O_WRONLY);
    const char *text = isReclaim ? bytes : "1";
    if (write(fd, text, strlen(text)) < 0) ;
    ticks = now() - start;
    done = before - held();
  } else {
    enter_group(0);
    char *memory = words(count, 0);
    if (!strcmp(kind, "swapout")) {
      char bytes[32];
      snprintf(bytes, sizeof bytes, "%ld", count * page);
      before = vmstat("pswpout");
      start = now();
      // As much as there is may be less than was asked for.
      int fd = open(GROUP "/memory.reclaim", O_WRONLY);
      if (write(fd, bytes, strlen(bytes)) < 0) ;
      ticks = now() - start;
      done = vmstat("pswpout") - before;
    } else if (!strcmp(kind, "pageout")) {
      before = vmstat("pswpout");
      start = now();
      madvise(memory, count * page, PAGEOUT);
      ticks = now() - start;
      done = vmstat("pswpout") - before;
    } else {
      madvise(memory, count * page, PAGEOUT);
      before = vmstat("pswpin");
      start = now();
      read_each(memory, count);
      ticks = now() - start;
      done = vmstat("pswpin") - before;
    }
  }
  printf("%s %ld %lu\n", kind, done, ticks);
  return 0;
}
