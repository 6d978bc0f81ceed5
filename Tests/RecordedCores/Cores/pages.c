// pages FILE: writes the pages of a file that are not zero, each behind its offset, and the file's
// size behind all ones: what a console of 100 kB/s can take of a core.
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

static void put(const void *bytes, size_t count) {
  const char *at = bytes;
  while (count) {
    ssize_t done = write(1, at, count);
    if (done <= 0) _exit(1);
    at += done;
    count -= done;
  }
}

int main(int argc, char **argv) {
  static char page[4096], zero[4096];
  int file = argc > 1 ? open(argv[1], O_RDONLY) : -1;
  uint64_t offset = 0, end = ~0ull;
  ssize_t count;
  if (file < 0) return 1;
  while ((count = read(file, page, sizeof page)) > 0) {
    if (memcmp(page, zero, count)) {
      put(&offset, 8);
      put(page, sizeof page);
    }
    memset(page, 0, sizeof page);
    offset += count;
  }
  put(&end, 8);
  put(&offset, 8);
  return 0;
}
