// mbind, set_mempolicy, get_mempolicy, set_mempolicy_home_node, migrate_pages and move_pages on a
// machine of one node: what is remembered of a policy, how it splits and joins areas, who inherits
// it, where pages are, and every refusal in Linux's order.
//
// The kernels of the recordings are built without CONFIG_NUMA: this one was recorded on Debian's
// own 6.1 (linux-image-cloud-arm64), 4K pages, and prints nothing that a page's size changes.
#define _GNU_SOURCE
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { DEFAULT, PREFERRED, BIND, INTERLEAVE, LOCAL, MANY };
enum { STATIC = 1 << 15, RELATIVE = 1 << 14, BALANCING = 1 << 13 };
enum { STRICT = 1, MOVE = 2, MOVE_ALL = 4 };
enum { F_NODE = 1, F_ADDR = 2, F_ALLOWED = 4 };
static long page;
static char *base;  // Sixteen pages.

static const char *name(long r) { return r == -1 ? strerrorname_np(errno) : "ok"; }
static void say(const char *what, long r) { printf("%-52s %s\n", what, name(r)); }
static long bind_(void *at, unsigned long n, long mode, unsigned long mask, unsigned flags) {
  return syscall(SYS_mbind, at, n, mode, &mask, 65ul, flags);
}
static long set(long mode, unsigned long mask) { return syscall(SYS_set_mempolicy, mode, &mask, 65ul); }
static void get(const char *what, void *at, unsigned long flags) {
  int mode = -7;
  unsigned long mask[2] = {0x5555, 0x7777};
  long r = syscall(SYS_get_mempolicy, &mode, mask, 65ul, at, flags);
  if (r) say(what, r); else printf("%-52s mode %x nodes %lx %lx\n", what, mode, mask[0], mask[1]);
}
// The areas of the sixteen pages, with their policies.
static void areas(const char *what) {
  char line[512];
  FILE *f = fopen("/proc/self/maps", "r");
  printf("%-52s", what);
  while (fgets(line, sizeof line, f)) {
    unsigned long a, b;
    int mode = -1;
    sscanf(line, "%lx-%lx", &a, &b);
    if (b <= (unsigned long)base || a >= (unsigned long)base + 16 * page) continue;
    syscall(SYS_get_mempolicy, &mode, NULL, 0, a < (unsigned long)base ? (void *)base : (void *)a, F_ADDR);
    printf(" %ld:%x", ((long)a - (long)base) / page, mode);
  }
  puts("");
  fclose(f);
}
static void fresh(int prot) {
  munmap(base, 16 * page);
  base = mmap(base, 16 * page, prot, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
}

static void process(void) {
  get("first", NULL, 0);
  const struct { const char *what; long mode; unsigned long mask; } cases[] = {
    {"default", DEFAULT, 0}, {"default, a node", DEFAULT, 1}, {"preferred 0", PREFERRED, 1},
    {"preferred none", PREFERRED, 0}, {"preferred 1", PREFERRED, 2}, {"preferred 0 and 1", PREFERRED, 3},
    {"bind 0", BIND, 1}, {"bind none", BIND, 0}, {"bind 1", BIND, 2}, {"bind 0 to 3", BIND, 15},
    {"interleave 0", INTERLEAVE, 1}, {"interleave none", INTERLEAVE, 0}, {"local", LOCAL, 0},
    {"local, a node", LOCAL, 1}, {"many 0", MANY, 1}, {"many none", MANY, 0}, {"many 1", MANY, 2},
    {"mode 6", 6, 1}, {"mode 7", 7, 1}, {"mode -1", -1, 1}, {"mode 1000", 0x1000, 1},
    {"default static", DEFAULT | STATIC, 0}, {"default static, a node", DEFAULT | STATIC, 1},
    {"bind static 0", BIND | STATIC, 1}, {"bind static 0, 5", BIND | STATIC, 0x21},
    {"bind static 5", BIND | STATIC, 0x20}, {"bind relative 5", BIND | RELATIVE, 0x20},
    {"bind relative 0", BIND | RELATIVE, 1}, {"bind static relative", BIND | STATIC | RELATIVE, 1},
    {"preferred static none", PREFERRED | STATIC, 0}, {"preferred relative 3", PREFERRED | RELATIVE, 8},
    {"preferred static 0, 2", PREFERRED | STATIC, 5},
    {"local static", LOCAL | STATIC, 0}, {"many relative 3, 4", MANY | RELATIVE, 0x18},
    {"bind balancing", BIND | BALANCING, 1}, {"interleave balancing", INTERLEAVE | BALANCING, 1},
    {"bind balancing static", BIND | BALANCING | STATIC, 3},
    {"interleave static 0, 15", INTERLEAVE | STATIC, 0x8001}, {"node 16", BIND, 0x10001},
    {"node 63", BIND, 1ul << 63 | 1},
  };
  for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++) {
    set(BIND, 1);
    char line[80];
    snprintf(line, sizeof line, "set %s", cases[i].what);
    say(line, set(cases[i].mode, cases[i].mask));
    get("", NULL, 0);
  }
  set(INTERLEAVE, 1);
  int node = -1;
  say("interleave: next node", syscall(SYS_get_mempolicy, &node, NULL, 0, NULL, F_NODE));
  printf("node %d\n", node);
  set(BIND, 1);
  say("bind: next node", syscall(SYS_get_mempolicy, &node, NULL, 0, NULL, F_NODE));
  fflush(stdout);
  if (fork() == 0) {
    get("the child's", NULL, 0);
    set(INTERLEAVE, 1);
    get("the child's own", NULL, 0);
    fflush(stdout);
    _exit(0);
  }
  wait(NULL);
  get("the parent's", NULL, 0);
  set(DEFAULT, 0);
  get("allowed", NULL, F_ALLOWED);
  get("allowed and node", NULL, F_ALLOWED | F_NODE);
  get("unknown flag", NULL, 8);
  get("an address without its flag", base, 0);
}

// How masks are read and written.
static void masks(void) {
  unsigned long *m = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  munmap((char *)m + page, page);
  unsigned long *last = (unsigned long *)((char *)m + page) - 1;
  m[0] = 1;
#define SET(n, p) say("set bind, maximum " #n ", " #p, syscall(SYS_set_mempolicy, BIND, p, n))
  SET(0ul, m); SET(1ul, m); SET(2ul, m); SET(3ul, m); SET(16ul, m); SET(17ul, m); SET(64ul, m);
  SET(128ul, m); SET(129ul, m); SET(8ul * page + 1, m); SET(8ul * page + 2, m);
  SET(2ul, NULL); SET(0ul, NULL); SET(65ul, last); SET(129ul, last); SET(2ul, (unsigned long *)8);
  *last = 1; SET(65ul, last); SET(1000ul, last);
  m[0] = 3; SET(2ul, m);
  m[0] = 2; SET(2ul, m);
  m[0] = 1; m[1] = 1; SET(65ul, m); SET(66ul, m); SET(129ul, m); SET(100ul, m);
  m[1] = 1ul << 60; SET(66ul, m); SET(100ul, m);
  m[1] = 0; m[0] = 0x10001; SET(17ul, m); SET(18ul, m); SET(20ul, m); SET(65ul, m);
  set(BIND, 1);
#define GET(n, p) say("get, maximum " #n ", " #p, syscall(SYS_get_mempolicy, NULL, p, n, NULL, 0ul))
  m[0] = m[1] = m[2] = ~0ul; GET(0ul, m); printf("%lx %lx\n", m[0], m[1]);
  GET(1ul, m); printf("%lx %lx\n", m[0], m[1]);
  GET(2ul, m); printf("%lx %lx\n", m[0], m[1]);
  GET(65ul, m); printf("%lx %lx\n", m[0], m[1]);
  GET(66ul, m); printf("%lx %lx %lx\n", m[0], m[1], m[2]);
  GET(8ul * page + 1, m); GET(8ul * page + 2, m); GET(8ul * page + 1024, m);
  GET(65ul, last); GET(66ul, last); GET(2ul, (unsigned long *)8); GET(0ul, NULL);
  say("get, nothing asked", syscall(SYS_get_mempolicy, NULL, NULL, 0ul, NULL, 0ul));
  say("get, mode nowhere", syscall(SYS_get_mempolicy, 8, NULL, 0ul, NULL, 0ul));
  set(DEFAULT, 0);
}

static void ranges(void) {
  fresh(PROT_READ | PROT_WRITE);
  get("an area's, none", base, F_ADDR);
  get("an area's with a tag", (void *)((unsigned long)base | 5ul << 56), F_ADDR);
  set(BIND, 1);
  get("an area's, the process has one", base, F_ADDR);
  set(DEFAULT, 0);
  get("a hole's", (char *)8, F_ADDR);
  say("bind pages 4 to 7", bind_(base + 4 * page, 4 * page, BIND, 1, 0)); areas("");
  get("inside", base + 5 * page + 123, F_ADDR);
  get("inside: the node", base + 5 * page, F_ADDR | F_NODE);
  get("a hole: the node", (char *)8, F_ADDR | F_NODE);
  say("interleave 6 to 9", bind_(base + 6 * page, 4 * page, INTERLEAVE, 1, 0)); areas("");
  say("bind 8 to 11", bind_(base + 8 * page, 4 * page, BIND, 1, 0)); areas("");
  say("bind 6 to 7: one", bind_(base + 6 * page, 2 * page, BIND, 1, 0)); areas("");
  say("bind static 0: another", bind_(base + 6 * page, page, BIND | STATIC, 1, 0)); areas("");
  say("bind relative 7", bind_(base + 7 * page, page, BIND | RELATIVE, 0x80, 0)); areas("");
  get("its nodes", base + 7 * page, F_ADDR);
  say("home node", syscall(SYS_set_mempolicy_home_node, base + 8 * page, 2 * page, 0ul, 0ul)); areas("");
  say("home node of what has none", syscall(SYS_set_mempolicy_home_node, base, page, 0ul, 0ul));
  say("home node over all", syscall(SYS_set_mempolicy_home_node, base, 16 * page, 0ul, 0ul)); areas("");
  say("home node 1", syscall(SYS_set_mempolicy_home_node, base + 8 * page, page, 1ul, 0ul));
  say("home node, flag", syscall(SYS_set_mempolicy_home_node, base + 8 * page, page, 0ul, 1ul));
  say("home node, odd", syscall(SYS_set_mempolicy_home_node, base + 1, page, 0ul, 0ul));
  say("home node, nothing", syscall(SYS_set_mempolicy_home_node, base, 0ul, 0ul, 0ul));
  say("home node, wraps", syscall(SYS_set_mempolicy_home_node, base, -page, 0ul, 0ul));
  say("home node of an interleaved area", (bind_(base, page, INTERLEAVE, 1, 0),
      syscall(SYS_set_mempolicy_home_node, base, page, 0ul, 0ul))); areas("");
  say("default for all", bind_(base, 16 * page, DEFAULT, 0, 0)); areas("");
  say("bind, to be protected", bind_(base + 4 * page, 8 * page, BIND, 1, 0));
  mprotect(base + 6 * page, 2 * page, PROT_READ); areas("protected");
  mprotect(base + 6 * page, 2 * page, PROT_READ | PROT_WRITE); areas("and back");
  mprotect(base + 2 * page, 4 * page, PROT_READ); areas("over the edge");
  mprotect(base + 2 * page, 4 * page, PROT_READ | PROT_WRITE); areas("and back");
  munmap(base + 5 * page, page); areas("a hole");
  mmap(base + 5 * page, page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
  areas("filled");
  char *moved = mremap(base + 8 * page, 2 * page, 2 * page, MREMAP_MAYMOVE | MREMAP_FIXED, base + 14 * page);
  say("moved", (long)moved); areas("");
  madvise(base + 6 * page, page, MADV_DONTFORK);
  areas("other flags inside");
  fflush(stdout);
  if (fork() == 0) { areas("the child's"); fflush(stdout); _exit(0); }
  wait(NULL);
  int fd = memfd_create("m", 0);
  ftruncate(fd, 4 * page);
  fresh(PROT_READ | PROT_WRITE);
  mmap(base, 4 * page, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd, 0);
  mmap(base + 4 * page, 4 * page, PROT_READ, MAP_PRIVATE | MAP_FIXED, fd, 0);
  say("shared", bind_(base + page, 2 * page, BIND, 1, 0)); areas("");
  mmap(base + 8 * page, 4 * page, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
  say("shared anonymous", bind_(base + 9 * page, page, INTERLEAVE, 1, 0)); areas("");
  close(fd);
}

static void refusals(void) {
  fresh(PROT_READ | PROT_WRITE);
  say("nothing", bind_(base, 0, BIND, 1, 0));
  say("nothing, odd", bind_(base + 1, 0, BIND, 1, 0));
  say("nothing, bad mode", bind_(base, 0, 9, 1, 0));
  say("nothing, bad nodes", bind_(base, 0, BIND, 2, 0));
  say("odd", bind_(base + 1, page, BIND, 1, 0));
  say("half a page", bind_(base, page / 2, BIND, 1, 0)); areas("");
  say("wraps", bind_(base, -page, BIND, 1, 0));
  say("wraps to nothing", bind_(base, -1ul, BIND, 1, 0));
  say("bad nodes", bind_(base, page, BIND, 2, 0));
  say("bad flag", bind_(base, page, BIND, 1, 8));
  say("bad flag, odd", bind_(base + 1, page, BIND, 1, 16));
  say("bad mode, bad flag", bind_(base, page, 9, 1, 16));
  say("default with nodes", bind_(base, page, DEFAULT, 1, 0));
  say("tagged", bind_((char *)((unsigned long)base | 3ul << 56), page, DEFAULT, 0, 0));
  munmap(base + 8 * page, page);
  munmap(base + 12 * page, 4 * page);
  say("over a hole", bind_(base + 6 * page, 4 * page, BIND, 1, 0)); areas("");
  say("from a hole", bind_(base + 8 * page, 4 * page, BIND, 1, 0)); areas("");
  say("into a hole", bind_(base + 9 * page, 7 * page, BIND, 1, 0)); areas("");
  say("a hole", bind_(base + 13 * page, page, BIND, 1, 0));
  say("a hole, default", bind_(base + 13 * page, page, DEFAULT, 0, 0));
  say("over holes, default", bind_(base, 16 * page, DEFAULT, 0, 0)); areas("");
  say("beyond everything", bind_((void *)(1ul << 60), page, BIND, 1, 0));
  fresh(PROT_READ | PROT_WRITE);
  say("strict, untouched", bind_(base, page, LOCAL, 0, STRICT));
  base[0] = 1;
  volatile char c = base[page];
  (void)c;
  say("strict, on its node", bind_(base, page, BIND, 1, STRICT));
  say("strict local, elsewhere", bind_(base, page, LOCAL, 0, STRICT)); areas("");
  say("strict local, zero page", bind_(base + page, page, LOCAL, 0, STRICT)); areas("");
  say("strict preferred none", bind_(base, page, PREFERRED, 0, STRICT));
  say("strict relative 4", bind_(base, page, BIND | RELATIVE, 0x10, STRICT));
  say("strict default", bind_(base, page, DEFAULT, 0, STRICT));
  say("strict local and a hole", (munmap(base + 2 * page, page), bind_(base, 3 * page, LOCAL, 0, STRICT)));
  say("move", bind_(base, page, LOCAL, 0, MOVE)); printf("%d\n", base[0]);
  say("move strict", bind_(base, page, LOCAL, 0, MOVE | STRICT)); printf("%d\n", base[0]);
  say("move all", bind_(base, page, BIND, 1, MOVE_ALL));
  say("no access", (mprotect(base, page, PROT_NONE), bind_(base, page, LOCAL, 0, STRICT)));
  get("no access: the node", base, F_ADDR | F_NODE);
}

static void places(void) {
  fresh(PROT_READ | PROT_WRITE);
  base[0] = 1;
  volatile char c = base[page];
  (void)c;
  mprotect(base + 3 * page, page, (base[3 * page] = 1, PROT_NONE));
  int fd = memfd_create("m", 0);
  ftruncate(fd, 4 * page);
  char *shared = mmap(base + 4 * page, 4 * page, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd, 0);
  shared[0] = 1;
  munmap(base + 10 * page, page);
  void *pages[8] = {base, base + page, base + 2 * page, base + 3 * page, shared, shared + page,
      base + 10 * page, base + 9};
  int status[8], nodes[8] = {0};
#define MOVES(what, pid, n, p, nodes, s, flags) do { \
    memset(status, 0x11, sizeof status); \
    long r = syscall(SYS_move_pages, pid, n, p, nodes, s, flags); \
    printf("%-52s %s", what, r > 0 ? "more" : name(r)); \
    for (int i = 0; i < 8; i++) printf(" %s", status[i] < 0 ? strerrorname_np(-status[i]) : status[i] > 9 ? "-" : "0"); \
    puts(""); } while (0)
  MOVES("where", 0, 8ul, pages, NULL, status, 0);
  MOVES("to node 0", 0, 8ul, pages, nodes, status, MOVE);
  MOVES("to node 0, all", 0, 8ul, pages, nodes, status, MOVE_ALL);
  MOVES("none", 0, 0ul, pages, nodes, status, MOVE);
  MOVES("bad flag", 0, 8ul, pages, nodes, status, 1);
  MOVES("nobody", 999999, 8ul, pages, NULL, status, 0);
  MOVES("self by number", getpid(), 8ul, pages, NULL, status, 0);
  nodes[2] = 1;
  MOVES("third to node 1", 0, 8ul, pages, nodes, status, MOVE);
  nodes[2] = -1;
  MOVES("third to node -1", 0, 8ul, pages, nodes, status, MOVE);
  nodes[2] = 100;
  MOVES("third to node 100", 0, 8ul, pages, nodes, status, MOVE);
  nodes[2] = 0;
  MOVES("pages nowhere", 0, 8ul, (void *)8, nodes, status, MOVE);
  MOVES("nodes nowhere", 0, 8ul, pages, (int *)8, status, MOVE);
  MOVES("status nowhere", 0, 8ul, pages, nodes, (int *)8, MOVE);
  MOVES("where: pages nowhere", 0, 8ul, (void *)8, NULL, status, 0);
  MOVES("where: status nowhere", 0, 8ul, pages, NULL, (int *)8, 0);
  pages[1] = (void *)((unsigned long)base | 5ul << 56);
  MOVES("a tag", 0, 8ul, pages, nodes, status, MOVE);
  MOVES("where, a tag", 0, 8ul, pages, NULL, status, 0);
  pages[1] = (void *)0xffff000000000000;
  MOVES("the kernel's", 0, 8ul, pages, NULL, status, 0);
  unsigned long one = 1, two = 2, none = 0;
#define MIGRATE(pid, n, a, b) say("migrate " #pid ", " #n ", " #a " to " #b, syscall(SYS_migrate_pages, pid, n, a, b))
  MIGRATE(0, 65ul, &one, &one); MIGRATE(0, 65ul, &two, &one); MIGRATE(0, 65ul, &one, &two);
  MIGRATE(0, 65ul, &none, &one); MIGRATE(0, 65ul, &one, &none); MIGRATE(999999, 65ul, &one, &one);
  MIGRATE(999999, 65ul, (void *)8, &one); MIGRATE(0, 0ul, &one, &one); MIGRATE(0, 65ul, NULL, &one);
  MIGRATE(getpid(), 65ul, &one, &one); MIGRATE(1, 65ul, &one, &one);
  fflush(stdout);
  if (fork() == 0) {
    int parent = getppid();
    setgid(1000); setuid(1000);
    say("stranger: move all", bind_(base, page, BIND, 1, MOVE_ALL));
    say("stranger: move all, bad flag", bind_(base, page, BIND, 1, MOVE_ALL | 8));
    say("stranger: move", bind_(base, page, BIND, 1, MOVE));
    MOVES("stranger: all", 0, 8ul, pages, nodes, status, MOVE_ALL);
    MOVES("stranger: the parent's", parent, 8ul, pages, NULL, status, 0);
    MIGRATE(parent, 65ul, &one, &one); MIGRATE(0, 65ul, &one, &one); MIGRATE(0, 65ul, &one, &two);
    MIGRATE(1, 65ul, &one, &one);
    fflush(stdout);
    _exit(0);
  }
  wait(NULL);
}

int main(void) {
  page = sysconf(_SC_PAGESIZE);
  base = mmap(NULL, 24 * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  munmap(base, 4 * page);
  munmap(base + 20 * page, 4 * page);
  base += 4 * page;
  process();
  masks();
  ranges();
  refusals();
  places();
}
