// show FILE: copies a file of the guest to standard output.
#include <fcntl.h>
#include <unistd.h>

int main(int argc, char **argv) {
  static char block[65536];
  int fd = argc > 1 ? open(argv[1], O_RDONLY) : -1;
  if (fd < 0) return 1;
  for (long n; (n = read(fd, block, sizeof block)) != 0;)
    if (n < 0 || write(1, block, n) != n) return 1;
  return 0;
}
