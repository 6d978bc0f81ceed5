// A seeded random stream of the mmap family, from several processes.
//
// mmap-stream FIRST LAST STEPS [v]: for each seed a child makes STEPS random calls: mappings of all
// kinds, protection, moves, advice, locks, break, limits, files that grow and shrink, touches that
// may end in signals, and children of its own that do the same. At its end it prints a hash of every
// result and error number, one of the contents that can be read, and one of its maps; for a single
// seed the maps themselves. Two kernels that agree print the same.
//
// probe: arguments=1 24 300
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
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

static uint64_t state;
static uint64_t next(void) {
  state ^= state << 13; state ^= state >> 7; state ^= state << 17;
  return state * 0x2545F4914F6CDD1DULL >> 11;
}
static uint64_t pick(uint64_t n) { return next() % n; }
static int chance(int percent) { return (int)pick(100) < percent; }

static uint64_t results = 14695981039346656037ULL;
static uint64_t mix(uint64_t h, uint64_t v) { return (h ^ v) * 1099511628211ULL; }
static int verbose;
static long pageSize;
static char *arena = (char *)0x20000000;
enum { pages = 96 };
static int descriptors[4];

static void note(const char *name, long a, long b, long c, long d, long result) {
  int code = result == -1 ? errno : 0;
  results = mix(mix(mix(results, (uint64_t)result), code), a);
  if (verbose) printf("%s %lx %lx %lx %lx = %lx %d\n", name, a, b, c, d, result, code);
}

static char *place(void) {
  uint64_t kind = pick(40);
  if (kind == 0) return (char *)0;
  if (kind == 1) return (char *)(pick(1 << 20) * pageSize);
  if (kind == 2) return (char *)-(pick(4) * pageSize);
  if (kind == 3) return arena + pick(pages * pageSize);
  return arena + pick(pages) * pageSize;
}
static size_t length(void) {
  uint64_t kind = pick(40);
  if (kind == 0) return 0;
  if (kind == 1) return -(pick(4) * pageSize + pick(2));
  if (kind == 2) return pick(pages * pageSize);
  if (kind == 3) return (size_t)1 << pick(64);
  return (1 + pick(chance(70) ? 6 : 24)) * pageSize;
}
static int protection(void) { return chance(60) ? PROT_READ | PROT_WRITE : (int)pick(8); }

static sigjmp_buf back;
static volatile int caught, code;
static void *volatile at;
static void handler(int s, siginfo_t *i, void *u) {
  (void)u; caught = s; code = i->si_code; at = i->si_addr; siglongjmp(back, 1);
}
static void touch(char *p, int write, int value) {
  long result = 0;
  caught = 0;
  if (sigsetjmp(back, 1) == 0) {
    if (write) *(volatile char *)p = value; else result = *(volatile char *)p;
  } else result = 0x1000 * caught + code + ((uint64_t)at << 20);
  note(write ? "store" : "load", (long)p, value, 0, 0, result);
}

static void doMap(void) {
  int type = (int[]){MAP_PRIVATE, MAP_PRIVATE, MAP_PRIVATE, MAP_SHARED, MAP_SHARED, MAP_SHARED_VALIDATE, 0, 8}[pick(chance(90) ? 5 : 8)];
  int flags = type, fd = -1; off_t offset = 0;
  if (chance(60)) flags |= MAP_ANONYMOUS; else { fd = descriptors[pick(4)]; offset = pick(20) * pageSize; if (chance(2)) fd = 77; if (chance(2)) offset += 512; if (chance(1)) offset = -pageSize; }
  if (chance(70)) flags |= chance(80) ? MAP_FIXED : MAP_FIXED_NOREPLACE;
  if (chance(10)) flags |= MAP_NORESERVE;
  if (chance(10)) flags |= MAP_POPULATE;
  if (chance(4)) flags |= MAP_LOCKED;
  if (chance(4)) flags |= MAP_GROWSDOWN;
  if (chance(4)) flags |= MAP_STACK;
  if (chance(3)) flags |= MAP_NONBLOCK;
  if (chance(1)) flags |= MAP_STACK;
  if (chance(2)) flags |= (1u << pick(32)) & ~MAP_HUGETLB;
  char *p = chance(80) ? place() : 0; size_t n = length(); int prot = protection();
  if (!(flags & (MAP_FIXED | MAP_FIXED_NOREPLACE)) && n > (size_t)pages * pageSize && chance(70)) n = pageSize;
  long r = (long)mmap(p, n, prot, flags, fd, offset);
  if (r != -1 && n > (size_t)pages * pageSize * 4) { note("mmap", (long)p, n, prot, flags, r); r = munmap((void *)r, n); }
  note("mmap", (long)p, n, prot, flags | (long)fd << 32, r);
  if (verbose) printf("  offset %lx\n", (long)offset);
}
static void doRemap(void) {
  int flags = (int)pick(chance(95) ? 4 : 16); if (chance(20)) flags = MREMAP_MAYMOVE | 4 | (chance(50) ? MREMAP_FIXED : 0);
  char *p = place(), *q = place(); size_t n = length(), m = length(); if (flags & 4 && chance(90)) m = n;
  if (chance(5)) n = 0;
  if (m > (size_t)pages * pageSize && m < ((size_t)1 << 48)) m = pageSize;
  long r = syscall(SYS_mremap, p, n, m, flags, q);
  note("mremap", (long)p, n, m, flags, r); if (verbose) printf("  to %p\n", q);
}
static void doAdvise(void) {
  static const int all[] = {0,1,2,3,4,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,5,26,99,100,101,102};
  int advice = chance(40) ? 4 : all[pick(sizeof all / sizeof *all)];
  // Not MADV_COLLAPSE (25), whose answer tells whether huge pages could be made.
  if (advice == 100 || advice == 101 || advice == 25) advice = 24;
  char *p = place(); size_t n = length();
  if ((advice == 22 || advice == 23) && n > (size_t)pages * pageSize) n = pageSize;
  note("madvise", (long)p, n, advice, 0, madvise(p, n, advice));
}
static void doIncore(void) {
  static unsigned char vector[4096];
  char *p = place(); size_t n = length(); memset(vector, 7, sizeof vector);
  if (n > (size_t)2048 * pageSize && n < (size_t)1 << 62) n = pageSize;
  long r = mincore(p, n, vector); uint64_t h = 0;
  if (r == 0) for (size_t i = 0; i < (n + pageSize - 1) / pageSize && i < sizeof vector; i++) h = mix(h, vector[i] & 1);
  if (verbose && r == 0) { printf("vector "); for (size_t i = 0; i < (n + pageSize - 1) / pageSize && i < 64; i++) printf("%d", vector[i]); puts(""); }
  note("mincore", (long)p, n, h, 0, r); results = mix(results, h);
}
static void doLimit(void) {
  static const int which[] = {RLIMIT_AS, RLIMIT_DATA, RLIMIT_MEMLOCK, RLIMIT_STACK};
  int w = which[pick(4)];
  struct rlimit l = {RLIM_INFINITY, RLIM_INFINITY};
  if (chance(50)) l.rlim_cur = (w == RLIMIT_AS ? 200 : w == RLIMIT_DATA ? 100 : 20) * pageSize + (8 << 20) + pick(64) * pageSize;
  if (w == RLIMIT_AS && l.rlim_cur == RLIM_INFINITY) l.rlim_cur = 160 << 20;
  if (w == RLIMIT_STACK && l.rlim_cur == RLIM_INFINITY) l.rlim_cur = 8 << 20;
  note("setrlimit", w, l.rlim_cur, 0, 0, setrlimit(w, &l));
}
static uint64_t hashMaps(int print) {
  static char text[1 << 16]; uint64_t h = 1469; int fd = open("/proc/self/maps", O_RDONLY); size_t n = 0; ssize_t k;
  while (fd >= 0 && n < sizeof text - 1 && (k = read(fd, text + n, sizeof text - 1 - n)) > 0) n += k;
  text[n] = 0; close(fd);
  for (char *line = strtok(text, "\n"); line; line = strtok(0, "\n")) {
    unsigned long a, b, o; char perm[8], dev[16]; long inode; int used = 0;
    sscanf(line, "%lx-%lx %7s %lx %15s %ld %n", &a, &b, perm, &o, dev, &inode, &used);
    char *name = line + used; if (strstr(name, "mmapstream")) continue;
    char *gone = strstr(name, "(deleted)");
    char out[256]; snprintf(out, sizeof out, "%lx-%lx %s %lx %s %s", a, b, perm, o, inode ? "file" : "-", gone ? gone : name);
    for (char *p = out; *p; p++) h = mix(h, *p);
    if (print) puts(out);
  }
  return h;
}
static uint64_t hashContents(void) {
  uint64_t h = 99;
  for (int i = 0; i < pages; i++) {
    caught = 0;
    if (sigsetjmp(back, 1) == 0) { for (long k = 0; k < pageSize; k += pageSize / 8) h = mix(h, ((volatile unsigned char *)arena)[i * pageSize + k]); }
    else h = mix(h, 0x100 + caught);
  }
  for (int f = 0; f < 2; f++) {
    struct stat s; fstat(descriptors[f], &s); h = mix(h, s.st_size);
    for (long i = 0; i < s.st_size; i += pageSize / 4) { char c = 0; if (pread(descriptors[f], &c, 1, i) == 1) h = mix(h, c); }
  }
  return h;
}
static long locked(const char *what) {
  static char text[8192]; int fd = open("/proc/self/status", O_RDONLY); ssize_t n = read(fd, text, sizeof text - 1); close(fd);
  text[n > 0 ? n : 0] = 0; char *p = strstr(text, what); return p ? atol(p + strlen(what)) : -1;
}
static void run(int steps, int depth);
static void step(int depth) {
  uint64_t kind = pick(100);
  char *p; size_t n; int v;
  if (kind < 22) doMap();
  else if (kind < 30) { p = place(); n = length(); note("munmap", (long)p, n, 0, 0, munmap(p, n)); }
  else if (kind < 38) { p = place(); n = length(); v = protection(); if (chance(3)) v |= 1 << pick(31); note("mprotect", (long)p, n, v, 0, mprotect(p, n, v)); }
  else if (kind < 46) doRemap();
  else if (kind < 53) doAdvise();
  else if (kind < 56) { p = place(); n = length(); v = chance(60) ? 0 : (int)pick(4); note("mlock2", (long)p, n, v, 0, syscall(SYS_mlock2, p, n, v)); }
  else if (kind < 58) { p = place(); n = length(); note("munlock", (long)p, n, 0, 0, munlock(p, n)); }
  else if (kind < 59) { v = (int)pick(10); if (v == 3 && chance(70)) v = 2; note("mlockall", v, 0, 0, 0, v == 0 || v > 7 ? munlockall() : mlockall(v)); }
  else if (kind < 62) doIncore();
  else if (kind < 64) { p = place(); n = length(); v = (int)pick(9); note("msync", (long)p, n, v, 0, msync(p, n, v)); }
  else if (kind < 66) { p = place(); n = length(); v = chance(80) ? 0 : (int)pick(4); long o = pick(20); note("remap_file_pages", (long)p, n, v, o, syscall(SYS_remap_file_pages, p, n, v, o, chance(90) ? 0 : MAP_NONBLOCK)); }
  else if (kind < 69) { long b = syscall(SYS_brk, 0) + ((long)pick(17) - 8) * pageSize + (chance(20) ? (long)pick(100) : 0); note("brk", b, 0, 0, 0, syscall(SYS_brk, b)); }
  else if (kind < 71) doLimit();
  else if (kind < 73) { int f = (int)pick(2); off_t o = pick(20 * pageSize); note("ftruncate", f, o, 0, 0, ftruncate(descriptors[f], o)); }
  else if (kind < 75) { int f = (int)pick(4); off_t o = pick(18 * pageSize); char b[200]; memset(b, (int)next(), sizeof b); note("pwrite", f, o, 0, 0, pwrite(descriptors[f], b, sizeof b, o)); }
  else if (kind < 77 && depth < 2) {
    fflush(stdout); pid_t pid = fork();
    if (pid == 0) { run(15, depth + 1); fflush(stdout); _exit((int)(results % 251)); }
    int s = 0; if (pid > 0) waitpid(pid, &s, 0);
    note("fork", pid > 0, 0, 0, 0, s);
  } else if (kind < 78) { note("locked", 0, 0, 0, 0, locked("VmLck:")); note("size", 0, 0, 0, 0, locked("VmSize:")); note("data", 0, 0, 0, 0, locked("VmData:")); note("stack", 0, 0, 0, 0, locked("VmStk:"));
  } else { p = arena + pick(pages) * pageSize + pick(pageSize); touch(p, chance(60), (int)pick(256)); }
}
static void run(int steps, int depth) {
  for (int i = 0; i < steps; i++) { step(depth); if (verbose > 1) printf("   maps %lx locked %ld\n", (long)hashMaps(verbose > 2), locked("VmLck:")); }
}
static void stream(uint64_t seed, int steps, int single) {
  state = seed * 0x9E3779B97F4A7C15ULL + 1;
  for (int i = 0; i < 8; i++) next();
  char name[32]; 
  for (int f = 0; f < 2; f++) { snprintf(name, sizeof name, "/tmp/stream%d", f); unlink(name); descriptors[f] = open(name, O_RDWR | O_CREAT, 0644); if (ftruncate(descriptors[f], 16 * pageSize - f * 100)) _exit(9); }
  descriptors[2] = open("/tmp/stream0", O_RDONLY); descriptors[3] = chance(50) ? open("/tmp/stream1", O_WRONLY) : open("/dev/zero", O_RDWR);
  struct rlimit most = {160 << 20, RLIM_INFINITY}; setrlimit(RLIMIT_AS, &most);  // all can be had
  if (chance(20)) { note("setuid", 0, 0, 0, 0, setuid(1000)); }
  run(steps, 0);
  printf("seed %lu results %016lx contents %016lx maps %016lx\n", (long)seed, results, hashContents(), hashMaps(single));
  fflush(stdout);
}
int main(int argc, char **argv) {
  uint64_t first = strtoull(argc > 1 ? argv[1] : "1", 0, 10), last = strtoull(argc > 2 ? argv[2] : "1", 0, 10);
  int steps = argc > 3 ? atoi(argv[3]) : 300; verbose = argc > 4 ? atoi(argv[4]) : 0;
  static char stack[65536]; stack_t alternate = {.ss_sp = stack, .ss_size = sizeof stack};
  sigaltstack(&alternate, 0);
  struct sigaction action = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO | SA_ONSTACK};
  sigaction(SIGSEGV, &action, 0); sigaction(SIGBUS, &action, 0);
  pageSize = sysconf(_SC_PAGESIZE); mkdir("/tmp", 01777);
  static char buffer[1 << 16]; setvbuf(stdout, buffer, _IOFBF, sizeof buffer);
  for (uint64_t seed = first; seed <= last; seed++) {
    pid_t pid = fork();
    if (pid == 0) { stream(seed, steps, first == last); _exit(0); }
    int s; waitpid(pid, &s, 0); if (s) printf("seed %lu ended %x\n", seed, s);
    fflush(stdout);
  }
  return 0;
}
