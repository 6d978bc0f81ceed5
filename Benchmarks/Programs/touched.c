// touched GIGABYTES STEP AREAS: touches every STEPth page of so many gigabytes in so many areas,
// says so, and waits to be looked at.
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

int main(int argc, char **argv) {
  size_t size = (size_t)atol(argv[1]) << 30, step = atol(argv[2]), areas = atol(argv[3]);
  size_t page = sysconf(_SC_PAGESIZE), each = size / areas / page * page;
  for (size_t area = 0; area < areas; area++) {
    // Every other one can be executed, so that they do not become one.
    char *p = mmap(0, each, PROT_READ | PROT_WRITE | (area & 1 ? PROT_EXEC : 0),
                   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (p == MAP_FAILED) return 1;
    madvise(p, each, MADV_NOHUGEPAGE);
    for (size_t at = 0; at < each; at += step * page) p[at] = 1;
  }
  puts("ready");
  fflush(stdout);
  pause();
}
