/* Copy on write in families: who copies, who re-uses, and what everybody reads. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum { pages = 64 };
static long size;
static volatile unsigned char *memory;

static void say(const char *format, ...) __attribute__((format(printf, 1, 2)));
#include <stdarg.h>
static void say(const char *format, ...) {
  char line[256];
  va_list list;
  va_start(list, format);
  int count = vsnprintf(line, sizeof line, format, list);
  va_end(list);
  write(1, line, count);
}

static long faults(void) {
  struct rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_minflt;
}

/* Writes a value to pages, and says how many faults that took. */
static void put(const char *who, int first, int last, int value) {
  long before = faults();
  for (int i = first; i < last; i++) memory[i * size] = value;
  say("%-28s writes %2d..%2d  faults %ld\n", who, first, last, faults() - before);
}

static void get(const char *who) {
  long before = faults();
  unsigned sum = 0;
  int runs = 0, previous = -1;
  char text[200];
  int length = 0;
  for (int i = 0; i <= pages; i++) {
    int value = i < pages ? memory[i * size] : -2;
    if (i < pages) sum += value;
    if (value != previous) {
      if (previous >= 0) length += sprintf(text + length, " %dx%d", runs, previous);
      previous = value;
      runs = 0;
    }
    runs++;
  }
  say("%-28s reads %s sum %u faults %ld\n", who, text, sum, faults() - before);
}

/* Two ends that wait for each other. */
static int forth[2], back[2];
static void meet(void) { pipe(forth); pipe(back); }
static void tell(int *ends) { write(ends[1], "x", 1); }
static void hear(int *ends) { char byte; read(ends[0], &byte, 1); }

static void *fresh(int flags) {
  memory = mmap(0, pages * size, PROT_READ | PROT_WRITE, flags | MAP_ANONYMOUS, -1, 0);
  for (int i = 0; i < pages; i++) memory[i * size] = 1;
  return (void *)memory;
}

int main(void) {
  size = sysconf(_SC_PAGESIZE);
  meet();
  // What the rest of a process costs is paid before.
  put("warm", 0, 0, 0);
  fresh(MAP_PRIVATE);

  say("== a child that writes and ends\n");
  if (!fork()) { put("child", 0, 16, 2); get("child"); _exit(0); }
  wait(0);
  put("parent", 0, 64, 3);
  get("parent");

  say("== the parent writes first, then the child\n");
  pid_t child = fork();
  if (!child) {
    hear(forth);
    put("child after parent", 0, 64, 5);
    get("child");
    tell(back);
    hear(forth);
    _exit(0);
  }
  put("parent, child alive", 0, 32, 4);
  tell(forth);
  hear(back);
  put("parent again", 0, 64, 6);
  tell(forth);
  waitpid(child, 0, 0);
  get("parent");

  say("== a grandchild whose parent ends\n");
  child = fork();
  if (!child) {
    put("child", 0, 8, 7);
    if (!fork()) {
      hear(forth);
      put("grandchild", 0, 16, 8);
      get("grandchild");
      tell(back);
      _exit(0);
    }
    _exit(0);
  }
  waitpid(child, 0, 0);
  tell(forth);
  hear(back);
  put("grandparent", 0, 64, 9);
  get("grandparent");

  say("== three children at once, one after the other\n");
  for (int n = 0; n < 3; n++) {
    if (!fork()) { put("child", n * 8, n * 8 + 8, 10 + n); get("child"); _exit(0); }
    wait(0);
  }
  put("parent", 0, 64, 13);

  say("== not copied, wiped\n");
  madvise((void *)memory, 16 * size, MADV_WIPEONFORK);
  madvise((void *)(memory + 16 * size), 16 * size, MADV_DONTDUMP);
  if (!fork()) { get("child"); put("child", 0, 32, 14); get("child"); _exit(0); }
  wait(0);
  get("parent");
  madvise((void *)memory, 16 * size, MADV_KEEPONFORK);
  madvise((void *)(memory + 16 * size), 16 * size, MADV_DODUMP);

  say("== split, moved and protected before the write\n");
  mprotect((void *)(memory + 8 * size), 8 * size, PROT_READ);
  mprotect((void *)(memory + 8 * size), 8 * size, PROT_READ | PROT_WRITE);
  put("after mprotect", 0, 32, 15);
  if (!fork()) {
    unsigned char *new = mremap((void *)memory, pages * size, pages * size, MREMAP_MAYMOVE | MREMAP_FIXED,
                                (void *)0x40000000);
    memory = new;
    get("child, moved");
    put("child, moved", 0, 32, 16);
    munmap((void *)(memory + 32 * size), 16 * size);
    put("child, with a hole", 0, 32, 17);
    _exit(0);
  }
  wait(0);
  put("parent", 0, 64, 18);
  get("parent");

  say("== shared memory\n");
  munmap((void *)memory, pages * size);
  fresh(MAP_SHARED);
  if (!fork()) { get("child"); put("child", 0, 16, 20); _exit(0); }
  wait(0);
  get("parent");
  put("parent", 16, 32, 21);

  say("== a file in memory, mapped private and shared\n");
  int file = open("/tmp/probe", O_RDWR | O_CREAT | O_TRUNC, 0600);
  unlink("/tmp/probe");
  ftruncate(file, pages * size);
  volatile unsigned char *shared = mmap(0, pages * size, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  munmap((void *)memory, pages * size);
  memory = mmap(0, pages * size, PROT_READ | PROT_WRITE, MAP_PRIVATE, file, 0);
  for (int i = 0; i < pages; i++) shared[i * size] = 30;
  get("private view");
  put("private", 0, 16, 31);
  for (int i = 0; i < pages; i++) shared[i * size] = 32;
  get("private, file changed");
  if (!fork()) { put("child", 0, 24, 33); get("child"); _exit(0); }
  wait(0);
  put("parent", 0, 24, 34);
  ftruncate(file, 8 * size);
  ftruncate(file, pages * size);
  get("after truncation");
  madvise((void *)memory, pages * size, MADV_DONTNEED);
  get("after DONTNEED");
  return 0;
}
