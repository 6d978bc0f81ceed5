// Long calls where memory is short: each does all that it was asked for.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#define MB (1L << 20)
#define GROUP "/sys/fs/cgroup/short"

static long page;

static void put(const char *path, const char *text) {
  int file = open(path, O_WRONLY);
  if (file < 0 || write(file, text, strlen(text)) < 0) printf("%s: %s\n", path, strerror(errno));
  close(file);
}

static long number(const char *path) {
  char text[32] = "";
  int file = open(path, O_RDONLY);
  if (read(file, text, sizeof text - 1) < 0) return -1;
  close(file);
  return atol(text);
}

static char *fresh(long bytes, int flags) {
  return mmap(0, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | flags, -1, 0);
}

static void fill(char *start, long bytes, unsigned long seed) {
  for (long at = 0; at < bytes; at += 512) *(unsigned long *)(start + at) = seed + at;
}

static long wrong(char *start, long bytes, unsigned long seed) {
  long sum = 0;
  for (long at = 0; at < bytes; at += 512) sum += *(unsigned long *)(start + at) != seed + at;
  return sum;
}

// 96M in one call to a file on a disk, which RAM cannot hold, and back.
static void disk(void) {
  long bytes = 96 * MB;
  char *memory = fresh(8 * MB, 0);
  int file = open("/disk/f", O_RDWR | O_CREAT | O_TRUNC, 0600);
  long bad = 0, short_ = 0;
  for (long at = 0; at < bytes; at += 8 * MB) {
    fill(memory, 8 * MB, at);
    if (write(file, memory, 8 * MB) != 8 * MB) short_++;
  }
  lseek(file, 0, SEEK_SET);
  for (long at = 0; at < bytes; at += 8 * MB) {
    if (read(file, memory, 8 * MB) != 8 * MB) short_++;
    bad += wrong(memory, 8 * MB, at);
  }
  printf("disk: short %ld, wrong %ld\n", short_, bad);
  char *map = mmap(0, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  bad = 0;
  for (long at = 0; at < bytes; at += 8 * MB) bad += wrong(map + at, 8 * MB, at);
  for (long at = 0; at < bytes; at += 8 * MB) fill(map + at, 8 * MB, at + 1);
  for (long at = 0; at < bytes; at += 8 * MB) bad += wrong(map + at, 8 * MB, at + 1);
  printf("mapped: wrong %ld\n", bad);
  munmap(map, bytes);
  munmap(memory, 8 * MB);
  int copy = open("/disk/g", O_RDWR | O_CREAT | O_TRUNC, 0600);
  lseek(file, 0, SEEK_SET);
  printf("sendfile: %ld of %ld\n", (long)sendfile(copy, file, 0, bytes), bytes);
  ftruncate(file, 0);
  close(file);
  close(copy);
  unlink("/disk/f");
  unlink("/disk/g");
}

// A third of RAM into memory files by single calls while programs' pages have the rest.
static void memory(void) {
  char *held = fresh(36 * MB, 0);
  fill(held, 36 * MB, 5);
  char *source = fresh(20 * MB, 0);
  fill(source, 20 * MB, 9);
  int file = open("/tmp/f", O_RDWR | O_CREAT, 0600);
  printf("tmpfs write: %ld\n", (long)write(file, source, 20 * MB) / MB);
  close(file);
  unlink("/tmp/f");
  file = open("/tmp/g", O_RDWR | O_CREAT, 0600);
  printf("fallocate: %d\n", fallocate(file, 0, 0, 20 * MB));
  struct stat status;
  fstat(file, &status);
  printf("blocks: %ld\n", (long)status.st_blocks / 2048);
  close(file);
  unlink("/tmp/g");
  printf("held: wrong %ld\n", wrong(held, 36 * MB, 5) + wrong(source, 20 * MB, 9));
  munmap(source, 20 * MB);
  // More than is free, brought in by one call.
  char *all = fresh(40 * MB, MAP_POPULATE);
  unsigned char *there = malloc(40 * MB / page);
  long resident = 0;
  mincore(all + 30 * MB, 10 * MB, there);
  for (long at = 0; at < 10 * MB / page; at++) resident += there[at] & 1;
  printf("populated: the last quarter %ld%%\n", resident * 100 / (10 * MB / page));
  printf("held: wrong %ld\n", wrong(held, 36 * MB, 5));
  printf("populate: %d\n", madvise(held, 36 * MB, 23));
  munmap(all, 40 * MB);
  printf("lock: %d\n", mlock(held, 24 * MB));
  printf("held: wrong %ld\n", wrong(held, 36 * MB, 5));
}

// One read of 32M in a group that may have 16M.
static void group(void) {
  mkdir(GROUP, 0755);
  put(GROUP "/memory.max", "16777216");
  put(GROUP "/cgroup.procs", "0");
  char *buffer = fresh(4 * MB, 0);
  int file = open("/disk/h", O_RDWR | O_CREAT, 0600);
  for (int part = 0; part < 8; part++)
    if (write(file, buffer, 4 * MB) != 4 * MB) printf("a short write\n");
  lseek(file, 0, SEEK_SET);
  struct { char *base; long length; } pieces[8];
  for (int part = 0; part < 8; part++) pieces[part].base = buffer, pieces[part].length = 4 * MB;
  printf("read: %ld\n", (long)readv(file, (void *)pieces, 8) / MB);
  long peak = number(GROUP "/memory.peak");
  printf("peak: %s\n", peak <= 16777216 + 64 * page ? "within" : "beyond");
}

int main(int count, char **arguments) {
  page = sysconf(_SC_PAGESIZE);
  setvbuf(stdout, 0, _IOLBF, 0);
  if (!strcmp(arguments[1], "disk")) disk();
  if (!strcmp(arguments[1], "memory")) memory();
  if (!strcmp(arguments[1], "group")) group();
  return 0;
}
