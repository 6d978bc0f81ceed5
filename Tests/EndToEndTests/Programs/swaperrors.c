// Three processes send their memory to a swap area that may fail, and look at every byte of it: by
// themselves, and through the kernel's copies. Each says how it ended.
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGEOUT 21  // MADV_PAGEOUT
enum { CHILDREN = 3, PAGES = 48 };

static long page;

static unsigned char byte(long child, long i, long at) {
  unsigned long x = (child * 1000 + i + 1) * 0x9e3779b97f4a7c15 ^ at * 0xd6e8feb86659fd93;
  return (x ^ x >> 29) * 0xbf58476d1ce4e5b9 >> 56;
}

static int is_wrong(const unsigned char *bytes, long child, long i) {
  for (long at = 0; at < page; at++)
    if (bytes[at] != byte(child, i, at)) return 1;
  return 0;
}

// 0 all right, 1 a byte was wrong, 2 a copy was refused.
static int live(long child) {
  unsigned char *memory =
      mmap(0, PAGES * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  unsigned char *copy = malloc(page);
  int file = open("/tmp/copies", O_RDWR | O_CREAT, 0600), refused = 0;
  for (long i = 0; i < PAGES; i++)
    for (long at = 0; at < page; at++) memory[i * page + at] = byte(child, i, at);
  for (int round = 0; round < 3; round++) {
    madvise(memory, PAGES * page, PAGEOUT);
    for (long step = 0; step < PAGES; step++) {
      long i = step * 29 % PAGES;
      if (step % 3) {
        if (is_wrong(memory + i * page, child, i)) return 1;
      } else if (pwrite(file, memory + i * page, page, child * page) == page) {
        pread(file, copy, page, child * page);
        if (is_wrong(copy, child, i)) return 1;
      } else {
        if (errno != EFAULT && errno != EIO) return 1;
        refused = 1;
      }
    }
  }
  return refused * 2;
}

int main(void) {
  page = sysconf(_SC_PAGESIZE);
  pid_t children[CHILDREN];
  for (int i = 0; i < CHILDREN; i++)
    if (!(children[i] = fork())) _exit(live(i));
  for (int i = 0; i < CHILDREN; i++) {
    int status;
    waitpid(children[i], &status, 0);
    const char *word = WIFSIGNALED(status) ? (WTERMSIG(status) == SIGBUS ? "SIGBUS" : "killed")
                       : WEXITSTATUS(status) == 2 ? "refused"
                       : WEXITSTATUS(status) ? "wrong" : "right";
    printf("%s\n", word);
  }
  return 0;
}
