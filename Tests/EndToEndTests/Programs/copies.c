// copies: the kernel copies between files, pipes and memory at every length and offset that its copy
// loops tell apart, and copies pages on write; the bytes must be right, and the program's vector
// registers must hold what they held.
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static unsigned char source[8192], target[8192];

// A call, with all vector registers set before it and compared behind it.
static long call(long number, long a, long b, long c, long d) {
  static uint64_t before[64], after[64];
  for (int i = 0; i < 64; i++) before[i] = 0x9e3779b97f4a7c15u * (uint64_t)(i + 1 + c);
  register long x8 asm("x8") = number;
  register long x0 asm("x0") = a, x1 asm("x1") = b, x2 asm("x2") = c, x3 asm("x3") = d;
  asm volatile(
      ".irp n, 0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30\n"
      "ldr q\\n, [%[before], #16 * \\n]\n.endr\n"
      ".irp n, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31\n"
      "ldr q\\n, [%[before], #16 * \\n]\n.endr\n"
      "svc #0\n"
      ".irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15\n"
      "str q\\n, [%[after], #16 * \\n]\n.endr\n"
      ".irp n, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31\n"
      "str q\\n, [%[after], #16 * \\n]\n.endr\n"
      : "+r"(x0)
      : "r"(x8), "r"(x1), "r"(x2), "r"(x3), [before] "r"(before), [after] "r"(after)
      : "memory", "v0", "v1", "v2", "v3", "v4", "v5", "v6", "v7", "v8", "v9", "v10", "v11", "v12",
        "v13", "v14", "v15", "v16", "v17", "v18", "v19", "v20", "v21", "v22", "v23", "v24", "v25",
        "v26", "v27", "v28", "v29", "v30", "v31");
  long result = x0;  // before another call uses the register
  if (memcmp(before, after, sizeof before)) {
    printf("vector registers changed by call %ld of %ld bytes\n", number, c);
    exit(1);
  }
  return result;
}

int main(void) {
  for (unsigned i = 0; i < sizeof source; i++) source[i] = (unsigned char)(i * 7 + (i >> 8) * 13 + 1);
  int file = open("/tmp/copies", O_RDWR | O_CREAT | O_TRUNC, 0600);
  if (file < 0) return 2;
  long done = 0;
  for (long length = 0; length <= 1300; length += length < 600 ? 1 : 7)
    for (int from = 0; from < 16; from += 5) {
      int to = (from * 3 + (int)length) & 15;
      memset(target, 0xee, length + 64);
      if (call(SYS_pwrite64, file, (long)source + from, length, from) != length) return 3;
      if (call(SYS_pread64, file, (long)target + 16 + to, length, from) != length) return 4;
      if (memcmp(target + 16 + to, source + from, length) || target[15 + to] != 0xee ||
          target[16 + to + length] != 0xee) {
        printf("%ld bytes from %d to %d are wrong\n", length, from, to);
        return 1;
      }
      done++;
    }
  // A page copied in the middle of a call (the kernel writes to what is shared), and by a store.
  long page = sysconf(_SC_PAGESIZE);
  unsigned char *shared = mmap(0, 4 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  for (long i = 0; i < 4 * page; i++) shared[i] = (unsigned char)(i * 11 + (i >> 7));
  if (fork() == 0) {
    if (call(SYS_pread64, file, (long)shared + page - 100, 200, 0) != 200) _exit(5);
    for (long i = 0; i < 4 * page; i++) {
      int isRead = i >= page - 100 && i < page + 100;
      unsigned char expected = isRead ? source[i - (page - 100)] : (unsigned char)(i * 11 + (i >> 7));
      if (shared[i] != expected) _exit(6);
    }
    _exit(0);
  }
  int status;
  wait(&status);
  for (long i = 0; i < 4 * page; i++) if (shared[i] != (unsigned char)(i * 11 + (i >> 7))) return 7;
  printf("%ld copies right, child %d\n", done, status);
  return 0;
}
