// Random calls of a 32-bit program, by number and arguments, and random frames and registers.
#define _GNU_SOURCE
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <sys/resource.h>
#include <unistd.h>

static uint32_t seed;
static uint32_t next(void) {
  seed ^= seed << 13;
  seed ^= seed >> 17;
  return seed ^= seed << 5;
}
static char *area;
static uint32_t argument(void) {
  switch (next() % 8) {
  case 0: return next() % 16;
  case 1: return -(next() % 16);
  case 2: return next();
  case 3: return 0xffff0000 + next() % 0x10000;
  case 4: return (uint32_t)area + next() % 65536;
  case 5: return ((uint32_t)area + next() % 65536) & ~7;
  case 6: return 1u << (next() % 32);
  default: return 0x7fffffff + next() % 3;
  }
}
static int allowed(int n) {
  static const int no[] = {1, 2, 29, 37, 66, 72, 88, 120, 162, 190, 238, 248, 265, 268, 407, 435, 114, 280, 168, 252, 335, 336, 142, 177, 179, 240, 346, 413, 414, 421, 422, 441, 449, 178, 363, 424, 158, 0, 74, 10, 40, 61, 38, 328};
  for (unsigned i = 0; i < sizeof no / sizeof *no; i++) if (no[i] == n) return 0;
  return 1;
}
int main(int argc, char **argv) {
  int rounds = argc > 1 ? atoi(argv[1]) : 200;
  int died = 0, ended = 0;
  struct rlimit limit = {1 << 26, 1 << 26};
  for (int round = 1; round <= rounds; round++) {
    pid_t pid = fork();
    if (pid == 0) {
      seed = round * 2654435761u | 1;
      setrlimit(RLIMIT_AS, &limit);
      area = mmap(0, 65536, 3, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
      for (int i = 0; i < 65536; i += 4) *(uint32_t *)(area + i) = argument();
      int kind = round % 4;
      if (kind < 2) {
        for (int i = 0; i < 200; i++) {
          int n = next() % 20 == 0 ? (int)next() : next() % 30 == 0 ? 0xf0000 + next() % 0x900 : next() % 452;
          if (!allowed(n)) continue;
          syscall(n, argument(), argument(), argument(), argument(), argument(), argument());
        }
      } else if (kind == 2) {
        uint32_t sp = (uint32_t)area + (next() % 32000 & ~7u);
        if (next() & 1) {
          memset((char *)sp, 0, 128);
          uint32_t *vfp = (uint32_t *)(sp + 232 + (next() & 1 ? 128 : 0));
          vfp[0] = 0x56465001;
          vfp[1] = 288;
        }
        asm volatile("mov sp, %0\n mov r7, %1\n svc 0\n" ::"r"(sp), "r"(next() & 1 ? 119 : 173) : "r7", "memory");
      } else {
        uint32_t *code = mmap(0, 4096, 7, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (code == MAP_FAILED) _exit(1);
        for (int i = 0; i < 1024; i++) code[i] = next();
        __builtin___clear_cache((char *)code, (char *)code + 4096);
        ((void (*)(void))((uint32_t)code | (next() & 1)))();
      }
      _exit(0);
    }
    for (int spin = 0;; spin++) {
      int status;
      pid_t r = waitpid(pid, &status, WNOHANG);
      if (r == pid) {
        if (WIFSIGNALED(status)) died++; else ended++;
        break;
      }
      if (spin == 2000) kill(pid, SIGKILL);
      usleep(100);
    }
  }
  printf("%d rounds, all told: %d\n", rounds, died + ended);
  return 0;
}
