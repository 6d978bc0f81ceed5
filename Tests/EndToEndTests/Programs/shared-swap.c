// Shared memory that is larger than RAM: a shared mapping, a memfd, a System V segment and a file of
// tmpfs, a quarter of the bytes each. What is in slots is counted, read, written, sent, cut and
// brought back; every word is looked at. Prints only what is the same on every page size.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <sys/swap.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static size_t page, size, words;
static uint64_t *part[4];
static int file[4] = {-1, -1, -1, -1};

static uint64_t pattern(int p, size_t w, uint64_t round) {
  uint64_t x = (w + 1) * 0x9e3779b97f4a7c15u + p * 0x100000001b3u + round;
  return x ^ x >> 29;
}

// The first and the last word of each page, in an order that jumps about.
static size_t wrong(int p, uint64_t round) {
  size_t pages = size / page, bad = 0;
  for (size_t i = 0; i < pages; i++) {
    size_t at = (i * 7919) % pages * (page / 8);
    bad += part[p][at] != pattern(p, at, round);
    bad += part[p][at + page / 8 - 1] != pattern(p, at + page / 8 - 1, round);
  }
  return bad;
}

static void fill(int p, uint64_t round) {
  for (size_t w = 0; w < words; w++) part[p][w] = pattern(p, w, round);
}

static long key(const char *name, const char *word) {
  char line[256];
  long value = 0;
  FILE *f = fopen(name, "r");
  while (fgets(line, sizeof line, f))
    if (!strncmp(line, word, strlen(word))) value += atol(line + strlen(word));
  fclose(f);
  return value;
}

static long swapped(void) {
  struct shm_info info;
  shmctl(0, SHM_INFO, (struct shmid_ds *)&info);
  return info.shm_swp;
}

int main(int argc, char **argv) {
  page = sysconf(_SC_PAGESIZE);
  size = strtoul(argv[1], 0, 0) / 4;
  words = size / 8;
  part[0] = mmap(0, size, 3, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  file[1] = syscall(SYS_memfd_create, "m", 0);
  int segment = shmget(IPC_PRIVATE, size, IPC_CREAT | 0600);
  part[2] = shmat(segment, 0, 0);
  file[3] = open("/tmp/shared", O_RDWR | O_CREAT, 0600);
  for (int p = 1; p < 4; p += 2) {
    ftruncate(file[p], size);
    part[p] = mmap(0, size, 3, MAP_SHARED, file[p], 0);
  }
  for (int p = 0; p < 4; p++) fill(p, 1);
  printf("swapped %s\n", key("/proc/meminfo", "SwapTotal:") > key("/proc/meminfo", "SwapFree:")
                             ? "some" : "none");
  printf("smaps %s\n", key("/proc/self/smaps", "Swap:") > 0 ? "some" : "none");
  printf("of its own %s\n", key("/proc/self/status", "VmSwap:") < 1024 ? "little" : "much");
  // Where the first two were read last, no room is left for all of the segment.
  long segments = 0;
  for (int p = 0; p < 4; p++) {
    printf("wrong %zu\n", wrong(p, 1));
    if (p == 1) segments = swapped();
  }
  printf("segment %s\n", segments > 0 ? "some" : "none");
  struct stat st;
  for (int p = 1; p < 4; p += 2) {
    fstat(file[p], &st);
    printf("blocks %s\n", st.st_blocks * 512 == (long)size ? "all" : "other");
  }
  // Several who have it, each of them all.
  for (int c = 0; c < 3; c++)
    if (!fork()) {
      size_t bad = 0;
      for (int p = c; p < c + 3; p++) bad += wrong(p & 3, 1);
      _exit(bad != 0);
    }
  int status, failed = 0;
  while (wait(&status) > 0) failed += status != 0;
  if (!fork()) {
    fill(0, 2);
    _exit(0);
  }
  wait(&status);
  printf("children %d\n", failed);
  printf("rewritten %zu\n", wrong(0, 2));
  // Through calls: read, write, sendfile.
  uint64_t *buffer = malloc(page);
  size_t bad = 0;
  for (int p = 1; p < 4; p += 2)
    for (size_t at = 0; at < size; at += page) {
      pread(file[p], buffer, page, at);
      bad += buffer[0] != pattern(p, at / 8, 1);
      if (at / page % 5 == 0) {
        buffer[1] = at;
        pwrite(file[p], buffer + 1, 8, at + 8);
      }
    }
  for (int p = 1; p < 4; p += 2)
    for (size_t at = 0; at < size; at += page)
      bad += part[p][at / 8 + 1] != (at / page % 5 == 0 ? at : pattern(p, at / 8 + 1, 1));
  printf("calls %zu\n", bad);
  int out = open("/tmp/copy", O_RDWR | O_CREAT, 0600);
  off_t from = 0;
  size_t sent = 0;
  while (sent < size / 8) {
    ssize_t n = sendfile(out, file[1], &from, size / 8 - sent);
    if (n <= 0) break;
    sent += n;
  }
  bad = sent != size / 8;
  for (size_t at = 0; at < sent; at += page) {
    pread(out, buffer, 8, at);
    bad += buffer[0] != pattern(1, at / 8, 1);
  }
  printf("sent %zu\n", bad);
  unlink("/tmp/copy");
  close(out);
  // Holes and cuts give slots back.
  fill(1, 1);
  fallocate(file[1], FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, page / 2, size / 2);
  bad = part[1][page / 16] != 0 || part[1][page / 16 - 1] != pattern(1, page / 16 - 1, 1);
  for (size_t at = page; at < size / 2; at += page) bad += part[1][at / 8] != 0;
  for (size_t at = size / 2 + page; at < size; at += page)
    bad += part[1][at / 8] != pattern(1, at / 8, 1);
  printf("hole %zu\n", bad);
  ftruncate(file[1], 0);
  munmap(part[0], size);
  munmap(part[3], size);
  unlink("/tmp/shared");
  close(file[3]);
  // What is left fits: the segment.
  madvise(part[2], size, MADV_WILLNEED);
  printf("swapoff %s\n", swapoff("/dev/vda") ? strerror(errno) : "done");
  printf("segment %s\n", swapped() > 0 ? "some" : "none");
  printf("wrong %zu\n", wrong(2, 1));
  unsigned char *in = malloc(size / page);
  mincore(part[2], size, in);
  bad = 0;
  for (size_t i = 0; i < size / page; i++) bad += !in[i];
  printf("absent %zu\n", bad);
  shmctl(segment, IPC_RMID, 0);
  return 0;
}
