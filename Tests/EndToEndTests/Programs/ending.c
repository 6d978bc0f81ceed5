// ending HOW: ends in one of the ways a program can.
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

static volatile int depth;
static int recurse(int n) {
  volatile char frame[4096];
  frame[0] = n;
  depth = n;
  return recurse(n + 1) + frame[0];
}

int main(int argc, char **argv) {
  const char *how = argc > 1 ? argv[1] : "";
  if (!strcmp(how, "exit")) return argc > 2 ? atoi(argv[2]) : 0;
  if (!strcmp(how, "nowhere")) ((void (*)(void))0x123456780)();
  if (!strcmp(how, "null")) *(volatile int *)0 = 1;
  if (!strcmp(how, "kernel")) return *(volatile char *)0xffff000000000000;
  if (!strcmp(how, "readonly")) *(volatile char *)main = 1;
  if (!strcmp(how, "stack")) return recurse(0);
  if (!strcmp(how, "undefined")) __asm__ volatile(".inst 0");
  if (!strcmp(how, "privileged")) __asm__ volatile("msr ttbr0_el1, xzr");
  if (!strcmp(how, "breakpoint")) __asm__ volatile("brk #1");
  if (!strcmp(how, "abort")) abort();
  if (!strcmp(how, "data")) {
    static int zero = 0;
    return ((int (*)(void))&zero)();
  }
  if (!strcmp(how, "eat")) {
    long page = sysconf(_SC_PAGESIZE);
    for (;;) {
      char *p = mmap(0, 256 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
      if (p == MAP_FAILED) return 3;
      for (int i = 0; i < 256; i++) p[i * page] = 1;
    }
  }
  if (!strcmp(how, "stuck")) {  // all wait, and nobody is left who could end that
    int ends[2];
    char byte;
    pipe(ends);
    if (fork() == 0) return read(ends[0], &byte, 1);
    waitpid(-1, 0, 0);
    return 3;
  }
  if (!strcmp(how, "overwrite")) {  // one's own program, while it runs
    if (open("/bin/ending", O_WRONLY) >= 0 || errno != ETXTBSY) return 4;
    if (open("/proc/self/exe", O_RDONLY | O_TRUNC) >= 0 || errno != ETXTBSY) return 5;
    if (truncate("/bin/ending", 0) == 0 || errno != ETXTBSY) return 6;
    int file = open("/tmp/program", O_CREAT | O_RDWR, 0755);
    char *const none[] = {"program", 0};
    write(file, "#!/bin/ending exit\n", 19);
    if (execve("/tmp/program", none, none) == 0 || errno != ETXTBSY) return 7;
    close(file);
    execve("/tmp/program", none, none);
    return 8;
  }
  if (!strcmp(how, "loop")) for (;;) __asm__ volatile("");
  return 2;
}
