// Fills more memory than there is RAM with a pattern and checks it in random order, alone or as
// several processes that share it, while another process changes limits and moves pages about.
//
//   nothing-lost NAME=NUMBER… [file=PATH] [written=PATH]
//
// own      bytes of private memory, which the processes share after fork until they write
// shared   bytes of memory that all map shared, anonymous
// tmpfs    bytes of a file in /dev/shm, which all map shared, and read and write besides
// procs    processes; with more than one, each writes its own share of every region only
// rounds   actions of each process
// seconds  of the machine's time for which they go on
// ram      bytes of RAM, for limits that can be held
// all      0: at the end a process checks its own share only
// torment  0: nobody changes anything
// seed     of what is chosen
// file     a file of words that are their number times ODD, which is only read
// written  the same, which is mapped shared and written
//
// A page of version v has the words base(page, v) + k * step, but pages of version 0: zeros. The
// version of a private page stands in a table of its process. A shared page begins with twice its
// version, and one more while its writer is at it.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/swap.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

typedef unsigned long word;
#define ODD 0x9E3779B97F4A7C15ul
#define CHUNK 32  // pages that move together
#define GROUP "/sys/fs/cgroup/lost/"

static long page, words, procs = 1, rounds = 1000, ram, own, torment = 1, seed = 1;
static long shared, tmpfs, all = 1, seconds;
static const char *path, *written;
static int me;

// What all processes know together.
static struct {
  volatile long wrong, checks, failed, isOver, actions;
} *sum;

static word state;
static word next(void) {
  state ^= state << 13, state ^= state >> 7, state ^= state << 17;
  return state * 0x2545F4914F6CDD1Dul;
}
static long below(long n) { return (next() >> 33) % n; }

static void lost(const char *what, long number, word version, long k, word is, word should) {
  __atomic_add_fetch(&sum->wrong, 1, __ATOMIC_RELAXED);
  fprintf(stderr, "process %d: %s page %ld version %ld word %ld is %lx, not %lx\n", me, what,
          number, version, k, is, should);
}
static void broken(const char *what) {
  __atomic_add_fetch(&sum->failed, 1, __ATOMIC_RELAXED);
  fprintf(stderr, "process %d: %s: %s\n", me, what, strerror(errno));
}

static word base(word salt, word number, word version) {
  word h = (number * ODD + version) * 0xD6E8FEB86659FD93ul + salt;
  return h ^ h >> 32;
}

static void fill(word *p, word salt, word number, word version, long from) {
  word b = base(salt, number, version), step = b | 1;
  for (long k = from; k < words; k++) p[k] = b + k * step;
}

// The first word that is not as it should be, or -1.
static long differs(const word *p, word salt, word number, word version, long from) {
  word b = base(salt, number, version), step = b | 1;
  for (long k = from; k < words; k++)
    if (p[k] != b + k * step) return k;
  return -1;
}

// Private memory, in chunks that may lie anywhere.
static char **chunk;
static long pages;
static unsigned *version;

static word *place(long i) { return (word *)(chunk[i / CHUNK] + i % CHUNK * page); }

static void checkOwn(const word *p, long i) {
  if (version[i] == 0) {
    for (long k = 0; k < words; k++)
      if (p[k]) return lost("own", i, 0, k, p[k], 0);
    return;
  }
  long k = differs(p, 1, i, version[i], 0);
  if (k >= 0) lost("own", i, version[i], k, p[k], base(1, i, version[i]));
}

static void writeOwn(long i) {
  version[i]++;
  fill(place(i), 1, i, version[i], 0);
}

// A page of this process's share.
static long mine(long count) {
  long i = below(count) / procs * procs + me;
  return i < count ? i : me;
}

static int isMine(long i) { return i % procs == me; }

static void moveChunk(long c) {
  long bytes = CHUNK * page;
  char *to = mmap(0, bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (to == MAP_FAILED) return broken("mmap");
  char *at = mremap(chunk[c], bytes, bytes, MREMAP_MAYMOVE | MREMAP_FIXED, to);
  if (at == MAP_FAILED) return broken("mremap");
  chunk[c] = at;
}

static void throughPipe(long i) {
  static word *room;
  if (!room) room = malloc(65536);
  int ends[2];
  if (pipe(ends)) return broken("pipe");
  long at = 0, wanted = page < 32768 ? page : 32768;
  if (write(ends[1], place(i), wanted) != wanted) broken("write to a pipe");
  while (at < wanted) {
    long got = read(ends[0], (char *)room + at, wanted - at);
    if (got <= 0) break;
    at += got;
  }
  close(ends[0]), close(ends[1]);
  if (at != wanted) return broken("read from a pipe");
  long all = words;
  words = wanted / 8, checkOwn(room, i), words = all;
}

static void childWrites(void) {
  int child = fork();
  if (child < 0) return broken("fork");
  if (!child) {
    for (int n = 0; n < 20; n++) {
      long i = mine(pages);
      checkOwn(place(i), i);
      if (n % 2) writeOwn(i), checkOwn(place(i), i);
    }
    _exit(0);
  }
  int status;
  if (waitpid(child, &status, 0) != child || status) broken("a child");
}

// Regions that all processes map.
static struct region {
  const char *name;
  char *start;
  long pages;
  int file;
  unsigned *seen;
} region[3];
static int regions;

static void addRegion(const char *name, long bytes, int file) {
  if (bytes < page) return;
  struct region *r = &region[regions++];
  r->name = name, r->pages = bytes / page, r->file = file;
  r->start = mmap(0, r->pages * page, PROT_READ | PROT_WRITE,
                  MAP_SHARED | (file < 0 ? MAP_ANONYMOUS : 0), file, 0);
  if (r->start == MAP_FAILED) broken(name), exit(3);
  r->seen = calloc(r->pages, sizeof *r->seen);
  for (long i = 0; i < r->pages; i++) {
    word *p = (word *)(r->start + i * page);
    fill(p, 2, i, 1, 1), *p = 2, r->seen[i] = 1;
  }
}

static void writeShared(struct region *r, long i) {
  static word *room;
  volatile word *p = (word *)(r->start + i * page);
  word v = ++r->seen[i];
  *p = 2 * v + 1;
  if (r->file >= 0 && below(4) == 0) {
    if (!room) room = malloc(65536);
    fill(room, 2, i, v, 1), room[0] = 2 * v + 1;
    if (pwrite(r->file, room, page, i * page) != page) broken("pwrite");
  } else {
    fill((word *)p, 2, i, v, 1);
  }
  __asm__ volatile("" ::: "memory");
  *p = 2 * v;
}

static void checkShared(struct region *r, long i) {
  static word *room;
  volatile word *p = (word *)(r->start + i * page);
  word before = *p;
  if (isMine(i) && before != 2ul * r->seen[i])
    return lost(r->name, i, r->seen[i], 0, before, 2ul * r->seen[i]);
  if (before & 1) return;
  if (before / 2 < r->seen[i]) return lost(r->name, i, r->seen[i], 0, before, 2ul * r->seen[i]);
  r->seen[i] = before / 2;
  word *from = (word *)p;
  if (r->file >= 0 && below(4) == 0) {
    if (!room) room = malloc(65536);
    if (pread(r->file, room, page, i * page) != page) return broken("pread");
    from = room;
  }
  long k = differs(from, 2, i, before / 2, 1);
  word is = k >= 0 ? from[k] : 0;
  __asm__ volatile("" ::: "memory");
  if (k >= 0 && *p == before) lost(r->name, i, before / 2, k, is, base(2, i, before / 2));
}

// A file that is only read, mapped shared and private.
static char *text[2];
static long blocks;

static void openText(void) {
  struct stat status;
  int file = open(path, O_RDONLY);
  if (file < 0 || fstat(file, &status)) broken(path), exit(3);
  blocks = status.st_size / 4096;
  text[0] = mmap(0, status.st_size, PROT_READ, MAP_SHARED, file, 0);
  text[1] = mmap(0, status.st_size, PROT_READ | PROT_WRITE, MAP_PRIVATE, file, 0);
}

static void checkText(long i) {
  for (int n = 0; n < 2; n++) {
    word *p = (word *)(text[n] + i * 4096);
    // The last block of every sixteen is written, privately, with its complement.
    word turn = n && i % 16 == 15 && ~(i * 512ul * ODD) == p[0] ? ~0ul : 0;
    for (long k = 0; k < 512; k++)
      if (p[k] != ((i * 512 + k) * ODD ^ turn))
        return lost(n ? "private file" : "file", i, 0, k, p[k], (i * 512 + k) * ODD ^ turn);
  }
}

static void writeText(long i) {
  i = i / 16 * 16 + 15;
  if (i >= blocks || i % procs != me % 2) return;
  word *p = (word *)(text[1] + i * 4096);
  for (long k = 511; k >= 0; k--) p[k] = ~((i * 512 + k) * ODD);
}

// What is done to the memory by its own process.
static void advise(void) {
  static const int advices[] = {21, 21, 20, MADV_WILLNEED};  // MADV_PAGEOUT, MADV_COLD
  int which = below(4);
  if (regions && below(4) == 0) {
    struct region *r = &region[below(regions)];
    long i = below(r->pages), n = 1 + below(32);
    if (n > r->pages - i) n = r->pages - i;
    if (madvise(r->start + i * page, n * page, advices[which]) && errno != EINVAL)
      broken("madvise of a region");
  } else if (blocks && below(3) == 0) {
    long all = blocks * 4096 / page, i = below(all), n = 1 + below(64);
    if (n > all - i) n = all - i;
    if (madvise(text[below(2)] + i * page, n * page, advices[which])) broken("madvise of a file");
  } else {
    if (madvise(chunk[below(pages / CHUNK)], CHUNK * page, advices[which]) && errno != EINVAL)
      broken("madvise");
  }
}

static void act(void) {
  long i, c, which = below(100);
  if (which < 8 && regions) {
    struct region *r = &region[below(regions)];
    i = mine(r->pages);
    if (i < r->pages) writeShared(r, i);
  } else if (which < 24 && regions) {
    struct region *r = &region[below(regions)];
    checkShared(r, below(r->pages));
  } else if (which < 30 && blocks) {
    checkText(below(blocks));
  } else if (which < 31 && blocks) {
    writeText(below(blocks));
  } else if (which < 34) {
    advise();
  } else if (which < 35) {
    // Forgotten pages are zeros.
    for (i = mine(pages), c = 0; c < 4 && i < pages; c++, i += procs) {
      if (!madvise(place(i), page, MADV_DONTNEED)) version[i] = 0;
      else if (errno != EINVAL) broken("forget");
    }
  } else if (which < 36) {
    // A few chunks, or no limit could be held; as a whole, or they could not be moved.
    if (me) return;
    c = below(pages / CHUNK < 4 ? pages / CHUNK : 4);
    if (next() % 2) mlock(chunk[c], CHUNK * page);
    else munlock(chunk[c], CHUNK * page);
  } else if (which < 37) {
    moveChunk(below(pages / CHUNK));
  } else if (which < 38) {
    c = below(pages / CHUNK);
    if (mprotect(chunk[c], CHUNK * page, PROT_READ)) broken("mprotect");
    checkOwn(place(c * CHUNK), c * CHUNK);
    if (mprotect(chunk[c], CHUNK * page, PROT_READ | PROT_WRITE)) broken("mprotect back");
  } else if (which < 40) {
    throughPipe(below(pages));
  } else if (which == 40 && below(8) == 0) {
    childWrites();
  } else if (which < 60) {
    i = mine(pages);
    if (i < pages) writeOwn(i);
  } else {
    i = below(pages);
    checkOwn(place(i), i);
  }
  sum->checks++;
}

static void checkAll(void) {
  long step = all ? 1 : procs, first = all ? 0 : me;
  for (long i = first; i < pages; i += step) checkOwn(place(i), i);
  for (int n = 0; n < regions; n++)
    for (long i = first; i < region[n].pages; i += step) checkShared(&region[n], i);
  for (long i = first; i < blocks; i += step) checkText(i);
}

static int goesOn(long n) {
  struct timespec time;
  if (!seconds || n % 16) return seconds;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec < seconds;
}

static void work(int number) {
  me = number;
  state = seed * ODD + number * 77 + 1;
  for (int n = 0; n < 8; n++) next();
  for (long n = 0; n < rounds || goesOn(n); n++) act();
  checkAll();
}

// What is done to them by somebody else.
static int put(const char *name, const char *format, long value) {
  char text[64];
  int file = open(name, O_WRONLY);
  if (file < 0) return -errno;
  snprintf(text, sizeof text, format, value);
  int result = write(file, text, strlen(text)) < 0 ? -errno : 0;
  close(file);
  return result;
}

static void tormentOnce(long total) {
  switch (below(14)) {
    case 0: case 1: put("/proc/sys/vm/compact_memory", "1", 0); break;
    case 2: put("/proc/sys/vm/drop_caches", "%ld", 1 + below(3)); break;
    case 3: put(GROUP "memory.max", "%ld", ram / 2 + below(ram)); break;
    case 4: put(GROUP "memory.max", "max", 0); break;
    case 5: put(GROUP "memory.high", "%ld", ram / 4 + below(ram)); break;
    case 6: put(GROUP "memory.high", "max", 0); break;
    case 7: put(GROUP "memory.min", "%ld", below(ram / 8)); break;
    case 8: put(GROUP "memory.low", "%ld", below(ram)); break;
    case 9: put(GROUP "memory.swap.max", "%ld", total + below(ram)); break;
    case 10: put(GROUP "memory.swap.max", "max", 0); break;
    case 11: put(GROUP "memory.reclaim", "%ld", below(ram / 8)); break;
    case 12: put("/proc/sys/vm/swappiness", "%ld", 10 + below(190)); break;
    case 13: put("/proc/sys/vm/compaction_proactiveness", "%ld", below(100)); break;
  }
  sum->actions++;
}

static void tormentor(long total) {
  state = seed * 31 + 7;
  for (int n = 0; n < 8; n++) next();
  while (!sum->isOver) {
    tormentOnce(total);
    struct timespec pause = {0, 200000 + below(3000000)};
    nanosleep(&pause, 0);
  }
  _exit(0);
}

static long counter(const char *name) {
  char line[128], key[64];
  long value = 0, found;
  FILE *file = fopen("/proc/vmstat", "r");
  while (file && fgets(line, sizeof line, file))
    if (sscanf(line, "%63s %ld", key, &found) == 2 && !strcmp(key, name)) value = found;
  if (file) fclose(file);
  return value;
}

static void say(const char *what, const char *name) {
  printf("%s %s\n", what, counter(name) > 0 ? "some" : "none");
}

static void read_arguments(int count, char **argument) {
  struct { const char *name; long *value; } known[] = {
      {"own", &own}, {"shared", &shared}, {"tmpfs", &tmpfs}, {"procs", &procs},
      {"rounds", &rounds}, {"ram", &ram}, {"all", &all}, {"seconds", &seconds}, {"torment", &torment}, {"seed", &seed}};
  for (int n = 1; n < count; n++) {
    char *equal = strchr(argument[n], '=');
    int isKnown = 0;
    if (!equal) exit(2);
    *equal = 0;
    if (!strcmp(argument[n], "file")) path = equal + 1, isKnown = 1;
    if (!strcmp(argument[n], "written")) written = equal + 1, isKnown = 1;
    for (int k = 0; k < 10; k++)
      if (!strcmp(argument[n], known[k].name)) *known[k].value = atol(equal + 1), isKnown = 1;
    if (!isKnown) fprintf(stderr, "%s?\n", argument[n]), exit(2);
  }
}

int main(int count, char **argument) {
  page = sysconf(_SC_PAGESIZE), words = page / 8;
  read_arguments(count, argument);
  sum = mmap(0, page, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (torment) {
    if (mkdir(GROUP, 0755)) broken("mkdir " GROUP);
    if (fork() == 0) tormentor(2 * own + shared + tmpfs + ram);
    if (put(GROUP "cgroup.procs", "0", 0)) broken("entering the group");
  }
  pages = own / page / CHUNK * CHUNK;
  chunk = calloc(pages / CHUNK, sizeof *chunk);
  version = calloc(pages, sizeof *version);
  char *start = mmap(0, pages * page, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (start == MAP_FAILED) broken("mmap"), exit(3);
  for (long c = 0; c < pages / CHUNK; c++) chunk[c] = start + c * CHUNK * page;
  for (long i = 0; i < pages; i++) writeOwn(i);
  addRegion("shared", shared, -1);
  if (tmpfs) {
    int file = open("/dev/shm/lost", O_RDWR | O_CREAT, 0600);
    if (file < 0 || ftruncate(file, tmpfs)) broken("/dev/shm/lost");
    addRegion("tmpfs", tmpfs, file);
  }
  if (written) {
    struct stat status;
    int file = open(written, O_RDWR);
    if (file < 0 || fstat(file, &status)) broken(written);
    addRegion("written", status.st_size, file);
  }
  if (path) openText();
  for (int n = 1; n < procs; n++) {
    int child = fork();
    if (child < 0) broken("fork");
    if (!child) work(n), _exit(0);
  }
  work(0);
  for (int n = 1; n < procs; n++) {
    int status;
    if (wait(&status) < 0 || status) broken("a process");
  }
  sum->isOver = 1;
  if (torment) {
    int status;
    if (wait(&status) < 0 || status) broken("the tormentor");
  }
  printf("wrong %ld, failed %ld\n", sum->wrong, sum->failed);
  say("swapped out", "pswpout");
  say("swapped in", "pswpin");
  if (torment) say("migrated", "pgmigrate_success");
  fprintf(stderr, "checks %ld, actions %ld\n", sum->checks, sum->actions);
  return sum->wrong || sum->failed;
}
