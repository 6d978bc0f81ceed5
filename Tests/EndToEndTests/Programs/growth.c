// Takes a large block from malloc, touches it, shares it with a child that copies a page, and gives
// it back.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

__attribute__((noinline)) static char *grow(size_t size) {
  char *block = malloc(size);
  if (!block) exit(9);
  block[0] = 1;
  block[size / 2] = 2;
  return block;
}

int main(void) {
  char *block = grow(400000);
  int status = 0;
  pid_t child = fork();
  if (child == 0) {
    block[0] = 3;
    _exit(7);
  }
  wait(&status);
  if (block[0] != 1 || WEXITSTATUS(status) != 7) return 1;
  free(block);
  write(1, "grown\n", 6);
  return 3;
}
