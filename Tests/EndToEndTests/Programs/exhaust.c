// exhaust WHAT: takes all there is of something, and looks whether the machine minds. What is
// made in a file system is removed again, so that every frame can come back.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static long page;
static char block[70000];
static char *name(const char *kind, long n) {
  static char text[64];
  sprintf(text, "/tmp/%s%ld", kind, n);
  return text;
}

static void bomb(void) {  // as many processes as there can be
  pid_t first = 0, child;
  while ((child = fork()) > 0) if (!first) first = child;
  if (child == 0) { pause(); _exit(0); }
  printf("fork: %s\n", strerror(errno));
  for (pid_t pid = first; first && pid < first + 100000; pid++) if (kill(pid, SIGKILL)) break;
  while (wait(0) > 0) {}
}

static void tree(int depth) {  // processes of processes, each with memory
  for (int i = 0; i < 3; i++) {
    pid_t child = fork();
    if (child < 0) break;
    if (child == 0) {
      if (depth < 7) tree(depth + 1);
      char *own = malloc(100000);
      if (own) memset(own, 1, 100000);
      _exit(0);
    }
  }
  while (wait(0) > 0) {}
}

static void maps(void) {  // as many areas as a process may have, then splits
  long n = 0;
  char *last = 0;
  for (;; n++) {
    char *p = mmap(0, page, n & 1 ? PROT_READ : PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (p == MAP_FAILED) break;
    last = p;
  }
  printf("mmap: %s\n", strerror(errno));
  munmap(last, page);
  mprotect(block, sizeof block / 2, PROT_READ);
}

static void descriptors(void) {
  struct rlimit limit = {1 << 20, 1 << 20};
  setrlimit(RLIMIT_NOFILE, &limit);
  while (open("/dev/null", O_RDONLY) >= 0) {}
  printf("open: %s\n", strerror(errno));
  dup3(0, (1 << 20) - 1, 0);
}

static void files(void) {  // until memory is full
  long n = 0;
  for (;; n++) {
    int file = open(name("f", n), O_CREAT | O_WRONLY, 0600);
    if (file < 0) { perror("open"); break; }
    int full = write(file, block, n % 3 ? sizeof block : 1) <= 0;
    close(file);
    if (full) { perror("write"); break; }
  }
  for (; n >= 0; n--) unlink(name("f", n));
}

static void names(void) {
  long n = 0;
  for (; n < 100000; n++) {
    int made = n % 2 ? mkdir(name("n", n), 0700) : symlink(block, name("n", n));
    if (made) { perror("name"); break; }
  }
  for (; n >= 0; n--) if (unlink(name("n", n))) rmdir(name("n", n));
}

static void depth(void) {  // a path of any length
  static char text[9000];
  chdir("/tmp");
  long n = 0;
  for (; n < 5000; n++) if (mkdir("d", 0700) || chdir("d")) { perror("mkdir"); break; }
  printf("getcwd: %ld\n", syscall(SYS_getcwd, text, sizeof text));
  readlink("/proc/self/cwd", text, sizeof text);
  stat("/proc/self/cwd/..", (struct stat *)text);
  for (; n >= 0; n--) { chdir(".."); rmdir("d"); }
}

static void tables(void) {  // page tables: one page of each gigabyte
  for (uint64_t at = 1ull << 30; at; at += 1ull << 30) {
    char *p = mmap((void *)at, page, PROT_READ | PROT_WRITE,
                   MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE | MAP_NORESERVE, -1, 0);
    if (p == MAP_FAILED && errno != EEXIST) break;
    if (p == (char *)at) *p = 1;
  }
}

static void arguments(void) {
  enum { N = 140000 };
  char **many = malloc((N + 1) * sizeof *many), *text = malloc(200000), *none[] = {0};
  memset(text, 'x', 199999);
  text[199999] = 0;
  char *one[] = {text, 0};
  execve("/proc/self/exe", one, none);
  printf("one long argument: %s\n", strerror(errno));
  for (int i = 0; i < N; i++) many[i] = "an argument of some length, as there are many";
  many[N] = 0;
  execve("/proc/self/exe", many, none);
  printf("many arguments: %s\n", strerror(errno));
  text[131071] = 0;
  for (int i = 0; i < 80; i++) many[i] = text;
  many[80] = 0;
  execve("/proc/self/exe", many, many);
  printf("many long arguments: %s\n", strerror(errno));
}

static int runs(const char *path, const void *content, long length) {
  static char *words[] = {"program", "exit", 0}, *none[] = {0};
  int file = open(path, O_CREAT | O_WRONLY | O_TRUNC, 0755);
  if (file < 0) return 1;
  write(file, content, length);
  close(file);
  pid_t child = fork();
  if (child == 0) {
    struct rlimit limit = {1 << 28, 1 << 28};
    setrlimit(RLIMIT_AS, &limit);
    execve(path, words, none);
    _exit(200);
  }
  int status = 0;
  waitpid(child, &status, 0);
  unlink(path);
  return status;
}

static void scripts(void) {
  static const struct { const char *text; int length; } bad[] = {
    {"#!", 2}, {"#!\n", 3}, {"#! \n", 4}, {"#!/", 3}, {"#!/tmp\n", 7}, {"#!/tmp/script\n", 14},
    {"#!/bin/exhaust", 14}, {"#!/bin/exhaust exit", 19}, {"#!\0/bin/exhaust\n", 16},
    {"#!/bin/exhaust\0x", 16}, {"#!/bin/exhaust \n\n", 17},
  };
  for (unsigned i = 0; i < sizeof bad / sizeof *bad; i++) runs("/tmp/script", bad[i].text, bad[i].length);
  memset(block, 'a', 300);
  memcpy(block, "#!/", 3);
  runs("/tmp/script", block, 300);
  for (int i = 0; i < 8; i++) {  // each the next one's interpreter, round and round
    char text[64];
    int length = sprintf(text, "#!/tmp/s%d\n", (i + 1) % 8);
    int file = open(name("s", i), O_CREAT | O_WRONLY, 0755);
    write(file, text, length);
    close(file);
  }
  char *none[] = {0};
  execve("/tmp/s0", none, none);
  printf("scripts of scripts: %s\n", strerror(errno));
  for (int i = 0; i < 8; i++) unlink(name("s", i));
}

static void pipes(void) {
  for (;;) {
    int ends[2];
    if (pipe2(ends, O_NONBLOCK)) { perror("pipe2"); break; }
    if (write(ends[1], block, sizeof block) <= 0) { perror("write"); break; }
  }
}

static void programs(void) {  // this file with changed headers
  static const uint64_t values[] = {
    0, 1, 2, 3, 7, 56, 64, 0xfff, 0x1000, 0xffff, 0x10000, 0x400000, 0x7fffffff, 0x80000000, 0xffffffff,
    0x3ffffff0000, 0x7fffffffffff, 0x800000000000, 0xfffffffff000, 0x1000000000000, 0x7fffffffffffffff,
    0x8000000000000000, 0xffff000000000000, 0xfffffffffffff000, 0xffffffffffffffff,
  };
  int file = open("/proc/self/exe", O_RDONLY);
  struct stat status;
  fstat(file, &status);
  char *whole = malloc(status.st_size), *changed = malloc(status.st_size);
  read(file, whole, status.st_size);
  uint64_t state = 88172645463325252;
  for (int i = 0; i < 150; i++) {
    memcpy(changed, whole, status.st_size);
    for (int k = 0; k < 1 + i % 4; k++) {
      state ^= state << 13; state ^= state >> 7; state ^= state << 17;
      uint64_t value = values[(state >> 20) % (sizeof values / sizeof *values)];
      memcpy(changed + ((state >> 8) % 420 & -4), &value, 2 << (state & 3) % 3);
    }
    runs("/tmp/program", changed, i % 10 ? status.st_size : (state >> 8) % status.st_size);
  }
}

static void low(void) {  // everything once, with less and less memory left
  void (*const ways[])(void) = {pipes, maps, files, descriptors, scripts};
  for (int level = 0; level < 5; level++)
    for (int way = 0; way < 5; way++) {
      // The holder is smaller than what the others want, so that they go first.
      pid_t child = fork();
      if (child == 0) {
        FILE *info = fopen("/proc/meminfo", "r");
        long free = 0;
        char line[200];
        while (info && fgets(line, sizeof line, info)) if (sscanf(line, "MemFree: %ld", &free) == 1) break;
        if (info) fclose(info);
        long taken = (free - 300 * level) * 1024;
        char *held = mmap(0, taken, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        for (long i = 0; held != MAP_FAILED && i < taken; i += page) held[i] = 1;
        for (int i = 0; i < 20; i++) if (fork() == 0) {
          struct rlimit limit = {200, 200};
          setrlimit(RLIMIT_NOFILE, &limit);
          if (ways[way] != maps) ways[way]();
          _exit(0);
        }
        while (wait(0) > 0) {}
        _exit(0);
      }
      waitpid(child, 0, 0);
    }
  // Children of a holder that was killed may still be at it.
  for (int i = 0; i < 20000; i++) sched_yield();
  for (int i = 0; i < 2000; i++) unlink(name("f", i));
  for (int i = 0; i < 8; i++) unlink(name("s", i));
  unlink("/tmp/script");
}

int main(int argc, char **argv) {
  static const struct { const char *what; void (*take)(void); } all[] = {
    {"bomb", bomb}, {"maps", maps}, {"descriptors", descriptors}, {"files", files}, {"names", names},
    {"depth", depth}, {"tables", tables}, {"arguments", arguments}, {"scripts", scripts},
    {"pipes", pipes}, {"programs", programs}, {"low", low},
  };
  page = sysconf(_SC_PAGESIZE);
  setvbuf(stdout, 0, _IONBF, 0);
  memset(block, 'b', sizeof block / 100);
  if (argc > 1 && !strcmp(argv[1], "tree")) tree(0);
  for (unsigned i = 0; argc > 1 && i < sizeof all / sizeof *all; i++)
    if (!strcmp(argv[1], all[i].what)) all[i].take();
  if (argc < 2 || strcmp(argv[1], "exit")) printf("done\n");
  return 0;
}
