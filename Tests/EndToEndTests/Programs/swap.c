// Every byte of memory that goes to swap comes back: by faults, in a child that shares it, by
// swapoff. Each line says how many pages were wrong.
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/swap.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGEOUT 21  // MADV_PAGEOUT

static long page, count;
static char *memory;

// The word that a place of a page has.
static long word(long i, int last) { return last ? ~i : i * 77 + 1; }

static void fill(void) {
  for (long i = 0; i < count; i++) {
    *(long *)(memory + i * page) = word(i, 0);
    *(long *)(memory + (i + 1) * page - 8) = word(i, 1);
  }
}

static long wrong(void) {
  long bad = 0;
  for (long i = 0; i < count; i++)
    bad += *(long *)(memory + i * page) != word(i, 0) ||
           *(long *)(memory + (i + 1) * page - 8) != word(i, 1);
  return bad;
}

static long swapped(void) {
  char line[256];
  long kilobytes = -1;
  FILE *file = fopen("/proc/self/smaps_rollup", "r");
  while (file && fgets(line, sizeof line, file)) sscanf(line, "Swap: %ld", &kilobytes);
  if (file) fclose(file);
  return kilobytes * 1024 / page;
}

// What is in swap has no room in RAM: who turns swap off dies of it, and not who has most memory.
static int refuse(void) {
  int start[2], status;
  if (pipe(start)) return 1;
  pid_t child = fork();
  if (!child) {
    char byte;
    exit(read(start[0], &byte, 1) == 1 && swapoff("/dev/vda") ? 1 : 0);
  }
  fill();
  if (write(start[1], "", 1) != 1) return 1;
  waitpid(child, &status, 0);
  printf("swapoff %s\n", WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL ? "killed" : "lives");
  printf("swapped %s\n", swapped() > 0 ? "some" : "none");
  printf("wrong %ld\n", wrong());
  return 0;
}

// The first area's name.
static void name(void) {
  char text[256];
  FILE *file = fopen("/proc/swaps", "r");
  if (!file || !fgets(text, sizeof text, file) || fscanf(file, "%255s", text) != 1) return;
  printf("%s\n", text);
  fclose(file);
}

int main(int argc, char **argv) {
  page = sysconf(_SC_PAGESIZE);
  count = atol(argv[1]) / page;
  memory = mmap(0, count * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (argc > 2 && !strcmp(argv[2], "refuse")) return refuse();
  fill();
  if (argc > 2) {
    // More than RAM has: the kernel itself has to choose.
    printf("wrong %ld\n", wrong());
    printf("swapped %s\n", swapped() > 0 ? "some" : "none");
    return 0;
  }
  printf("pageout %d swapped %s\n", madvise(memory, count * page, PAGEOUT),
         swapped() == count ? "all" : "not all");
  fflush(stdout);
  if (!fork()) {
    printf("child wrong %ld\n", wrong());
    for (long i = 0; i < count; i++) *(long *)(memory + i * page) = 5;
    exit(0);
  }
  wait(0);
  printf("parent wrong %ld\n", wrong());
  madvise(memory, count * page, PAGEOUT);
  printf("swapoff %d swapped %ld\n", swapoff("/dev/vda"), swapped());
  printf("wrong %ld\n", wrong());
  printf("swapon %d\n", chdir("/proc") | swapon("../dev//./vda", SWAP_FLAG_PREFER | 5));
  name();
  return 0;
}
