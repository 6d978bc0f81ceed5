// Pages of each kind go to a disk of compressed pages and come back, and what its files say of it.
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/swap.h>
#include <unistd.h>
#include <errno.h>

#define PAGEOUT 21  // MADV_PAGEOUT
#define BLOCK "/sys/block/zram0/"

static long page, count;
static unsigned char *memory;

// The byte that a place of a page has: equal words, a few bytes that repeat, or no two alike.
static unsigned char byte(long i, long at) {
  unsigned long x = (i + 1) * 0x9e3779b97f4a7c15 ^ at * 0xd6e8feb86659fd93;
  switch (i % 4) {
    case 0: return 0;
    case 1: return i / 4;
    case 2: return at % 97 < 90 ? at % 97 : x >> 56;
    default: return (x ^ x >> 29) * 0xbf58476d1ce4e5b9 >> 56;
  }
}

static long wrong(void) {
  long bad = 0;
  for (long i = 0; i < count; i++)
    for (long at = 0; at < page; at++)
      if (memory[i * page + at] != byte(i, at)) { bad++; break; }
  return bad;
}

static void read_file(const char *name, char *text, int room) {
  char path[64];
  snprintf(path, sizeof path, BLOCK "%s", name);
  int fd = open(path, O_RDONLY);
  long length = read(fd, text, room - 1);
  text[length > 0 ? length : 0] = 0;
  close(fd);
}

static void put(const char *name, const char *text) {
  char path[64];
  snprintf(path, sizeof path, BLOCK "%s", name);
  int fd = open(path, O_WRONLY);
  long result = write(fd, text, strlen(text));
  printf("%s <- %s: %s\n", name, text, result < 0 ? strerror(errno) : "ok");
  close(fd);
}

static void statistics(const char *when) {
  char text[256];
  unsigned long stored, compressed, used, limit, most, same, compacted, huge, since;
  read_file("mm_stat", text, sizeof text);
  sscanf(text, "%lu %lu %lu %lu %lu %lu %lu %lu %lu", &stored, &compressed, &used, &limit, &most,
         &same, &compacted, &huge, &since);
  printf("%s: stored %lu same %lu huge %lu small %d\n", when, stored / page, same, huge,
         compressed <= huge * page + (stored / page - huge - same) * page / 4 && used <= most);
}

int main(int argc, char **argv) {
  char text[256];
  page = sysconf(_SC_PAGESIZE);
  count = 256;
  memory = mmap(0, count * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  for (long i = 0; i < count; i++)
    for (long at = 0; at < page; at++) memory[i * page + at] = byte(i, at);
  read_file("comp_algorithm", text, sizeof text);
  printf("%s", text);
  statistics("before");
  madvise(memory, count * page, PAGEOUT);
  statistics("out");
  put("compact", "1");
  put("reset", "1");
  put("disksize", "1M");
  put("comp_algorithm", "lz4");
  printf("wrong %ld\n", wrong());
  madvise(memory, count * page, PAGEOUT);
  printf("swapoff %d wrong %ld\n", swapoff("/dev/zram0"), wrong());
  put("mem_limit", "x");
  put("reset", "0");
  put("reset", "1");
  statistics("reset");
  put("comp_algorithm", "deflate");
  put("comp_algorithm", "lz4\n");
  put("disksize", "nothing");
  put("disksize", "8M");
  read_file("disksize", text, sizeof text);
  printf("%s", text);
  // No header is on it.
  printf("swapon %d %s\n", swapon("/dev/zram0", 0), strerror(errno));
  return 0;
}
