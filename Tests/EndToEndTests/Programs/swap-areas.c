// Several swap areas: turns by priority, turning one of them off, and what swapon and swapoff refuse.
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/swap.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGEOUT 21  // MADV_PAGEOUT

static long page;

static const char *said(int failed) { return failed ? strerror(errno) : "done"; }

// A line for each area: its name, pages in use, priority.
static void areas(const char *when) {
  char line[300], name[200];
  long size, used;
  int priority;
  FILE *f = fopen("/proc/swaps", "r");
  fgets(line, sizeof line, f);
  printf("%s:", when);
  while (fgets(line, sizeof line, f))
    if (sscanf(line, "%199s partition %ld %ld %d", name, &size, &used, &priority) == 4)
      printf(" %s %ld of %ld at %d,", name, used * 1024 / page, size * 1024 / page, priority);
  printf("\n");
  fclose(f);
}

static void refusals(const char *own) {
  int fd = open("/tmp/file", O_RDWR | O_CREAT, 0600);
  ftruncate(fd, 1 << 20);
  printf("swapon nothing %s\n", said(swapon("/tmp/none", 0)));
  printf("swapon folder %s\n", said(swapon("/tmp", 0)));
  printf("swapon tmpfs %s\n", said(swapon("/tmp/file", 0)));
  printf("swapon device %s\n", said(swapon("/dev/null", 0)));
  printf("swapon program %s\n", said(swapon(own, 0)));
  printf("swapon again %s\n", said(swapon("/dev/vda", 0)));
  printf("swapon flags %s\n", said(swapon("/dev/vda", 0x100000)));
  printf("swapoff nothing %s\n", said(swapoff("/tmp/none")));
  printf("swapoff tmpfs %s\n", said(swapoff("/tmp/file")));
  printf("swapoff device %s\n", said(swapoff("/dev/null")));
  fflush(stdout);
  if (!fork()) {
    setuid(1000);
    printf("swapon user %s\n", said(swapon("/dev/vda", 0)));
    printf("swapoff user %s\n", said(swapoff("/dev/vda")));
    exit(0);
  }
  wait(0);
  printf("swapoff %s\n", said(swapoff("/dev/vda")));
  printf("swapoff again %s\n", said(swapoff("/dev/vda")));
  printf("swapon prefer %s\n", said(swapon("/dev/vda", SWAP_FLAG_PREFER | 7 | SWAP_FLAG_DISCARD)));
  areas("on");
}

int main(int argc, char **argv) {
  page = sysconf(_SC_PAGESIZE);
  if (argc > 1) {
    refusals("/proc/self/exe");
    return 0;
  }
  areas("start");
  long count = 2560;
  char *p = mmap(0, count * page, 3, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  for (long i = 0; i < count; i++) *(long *)(p + i * page) = i * 5 + 1;
  madvise(p, 512 * page, PAGEOUT);
  areas("512 pages");
  madvise(p, count * page, PAGEOUT);
  areas("all pages");
  printf("swapoff %s\n", said(swapoff("/dev/vdb")));
  areas("without b");
  long wrong = 0;
  for (long i = 0; i < count; i++) wrong += *(long *)(p + i * page) != i * 5 + 1;
  printf("wrong %ld\n", wrong);
  printf("swapon %s\n", said(swapon("/dev/vdb", SWAP_FLAG_PREFER | 9 | SWAP_FLAG_DISCARD)));
  for (long i = 0; i < count; i++) *(long *)(p + i * page) = i * 7 + 1;
  madvise(p, 64 * page, PAGEOUT);
  areas("b first");
  munmap(p, count * page);
  printf("swapoff %s\n", said(swapoff("/dev/vda")));
  printf("swapoff %s\n", said(swapoff("/dev/vdc")));
  areas("end");
  return 0;
}
