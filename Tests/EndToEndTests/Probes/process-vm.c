// process_vm_readv and process_vm_writev: another process's memory, whole and in pieces, what stops
// a transfer on either side and how much came through, who may, and every refusal in Linux's order.
//
// The kernels of the recordings are built without CONFIG_CROSS_MEMORY_ATTACH: this one was recorded
// on Debian's own 6.1 (linux-image-cloud-arm64), 4K pages, and prints nothing that a page's size
// changes.
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

static long page;
static char *there, *mine;  // Eight pages at the same place in parent and child, with other bytes.
static pid_t child;

static long call(int writes, pid_t pid, const struct iovec *local, unsigned long n,
    const struct iovec *remote, unsigned long m, unsigned long flags) {
  return syscall(writes ? SYS_process_vm_writev : SYS_process_vm_readv, pid, local, n, remote, m,
      flags);
}
static void say(const char *what, long r) {
  if (r < 0) printf("%-56s %s\n", what, strerrorname_np(errno));
  else if (r % page <= page / 2) printf("%-56s %ld pages and %ld\n", what, r / page, r % page);
  else printf("%-56s %ld pages less %ld\n", what, r / page + 1, page - r % page);
}
static struct iovec piece(void *base, size_t length) { return (struct iovec){base, length}; }
// One piece on each side.
static void one(const char *what, int writes, void *local, size_t n, void *remote, size_t m) {
  struct iovec l = piece(local, n), r = piece(remote, m);
  say(what, call(writes, child, &l, 1, &r, 1, 0));
}
static unsigned sum(const char *p, size_t n) {
  unsigned h = 1;
  while (n--) h = h * 31 + (unsigned char)*p++;
  return h;
}

int main(void) {
  page = sysconf(_SC_PAGESIZE);
  there = mmap(0, 8 * page, 3, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  mine = mmap(0, 8 * page, 3, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  memset(there, 'p', 8 * page);
  int go[2], ready[2];
  if (pipe(go) || pipe(ready)) return 1;
  setvbuf(stdout, 0, _IOFBF, 1 << 16);
  child = fork();
  if (!child) {
    // Pages: 0-2 bytes, 3 gone, 4 not readable, 5 read-only, 6 never touched, 7 bytes.
    for (int i = 0; i < 8 * page; i++) if (i / page != 6) there[i] = (char)(i % 251);
    madvise(there + 6 * page, page, MADV_DONTNEED);
    munmap(there + 3 * page, page);
    mprotect(there + 4 * page, page, PROT_NONE);
    mprotect(there + 5 * page, page, PROT_READ);
    char c;
    write(ready[1], "", 1);
    while (read(go[0], &c, 1) == 1 && c != 'e') {
      unsigned h = sum(there, 3 * page) ^ sum(there + 5 * page, 3 * page);
      write(ready[1], &h, sizeof h);
    }
    _exit(0);
  }
  char c;
  read(ready[0], &c, 1);

  printf("== reading\n");
  one("a page", 0, mine, page, there, page);
  printf("   right %d\n", mine[5] == 5 && mine[page - 1] == (char)((page - 1) % 251));
  one("across three pages, from the middle", 0, mine + 7, 2 * page, there + 100, 2 * page);
  printf("   sum %d\n", mine[7] == 100 && mine[7 + page] == (char)((100 + page) % 251));
  one("no more than the local piece", 0, mine, 10, there, page);
  one("no more than the remote piece", 0, mine, page, there, 10);
  one("a page never touched", 0, mine, page, there + 6 * page, page);
  printf("   zero %d\n", mine[0] == 0 && mine[page - 1] == 0);
  one("read-only", 0, mine, page, there + 5 * page, page);
  one("a hole", 0, mine, page, there + 3 * page, page);
  one("not readable", 0, mine, page, there + 4 * page, page);
  one("into a hole", 0, mine, 4 * page, there, 4 * page);
  one("from the middle into a hole", 0, mine, 4 * page, there + page + 9, 4 * page);
  one("page zero", 0, mine, 8, 0, 8);
  one("the kernel's half", 0, mine, 8, (void *)(0xfffful << 48), 8);

  printf("== writing\n");
  unsigned before, after;
  memset(mine, 'w', 8 * page);
  write(go[1], "s", 1); read(ready[0], &before, sizeof before);
  one("a page and a bit", 1, mine, page + 3, there + 11, page + 3);
  write(go[1], "s", 1); read(ready[0], &after, sizeof after);
  printf("   changed %d, ours kept %d\n", before != after, there[20] == 'p');
  one("what was written, read", 0, mine + 4 * page, page + 3, there + 11, page + 3);
  printf("   right %d\n", !memcmp(mine, mine + 4 * page, page + 3));
  one("a page never touched", 1, mine, page, there + 6 * page, page);
  one("read-only", 1, mine, page, there + 5 * page, page);
  one("not accessible", 1, mine, page, there + 4 * page, page);
  one("into a hole", 1, mine, 4 * page, there + page, 4 * page);
  one("from the end of one to read-only", 1, mine, 20, there + 6 * page - 10, 20);

  printf("== pieces\n");
  struct iovec l[] = {piece(mine, 3), piece(mine + 10, 0), piece(mine + page, 1000), piece(mine + 50, 20)};
  struct iovec r[] = {piece(there + 1, 500), piece(0, 0), piece(there + 2 * page - 5, 10), piece(there + 7 * page, 50)};
  say("four and four", call(0, child, l, 4, r, 4, 0));
  printf("   %d %d\n", mine[0], mine[page]);
  r[1] = piece(there + 3 * page, 8);
  say("a hole in the second", call(0, child, l, 4, r, 4, 0));
  r[0] = piece(there + 3 * page, 8);
  say("a hole in the first", call(0, child, l, 4, r, 4, 0));
  r[0] = piece(there, 8); r[1] = piece(there + 8, 8);
  l[1] = piece((void *)8, 4);
  say("nothing to reach in the second local one", call(0, child, l, 4, r, 4, 0));
  l[0] = piece((void *)8, 4);
  say("nothing to reach in the first local one", call(0, child, l, 4, r, 4, 0));
  say("   the same, written", call(1, child, l, 4, r, 4, 0));
  mprotect(mine + page, page, PROT_NONE);
  one("a local page that may not be written", 0, mine + page - 100, 200, there, 200);
  one("   the same, written", 1, mine + page - 100, 200, there, 200);
  mprotect(mine + page, page, 3);

  printf("== refusals\n");
  struct iovec a = piece(mine, 8), b = piece(there, 8), none = piece(0, 0);
  say("flags", call(0, child, &a, 1, &b, 1, 1));
  say("   before anything else", call(0, -1, (void *)8, 9999, (void *)8, 9999, 1));
  say("no such process", call(0, 99999, &a, 1, &b, 1, 0));
  say("process -1", call(0, -1, &a, 1, &b, 1, 0));
  say("process 0", call(0, 0, &a, 1, &b, 1, 0));
  say("no such process, nothing local", call(0, 99999, &none, 1, &b, 1, 0));
  say("no such process, nothing remote", call(0, 99999, &a, 1, &none, 1, 0));
  say("no such process, no pieces", call(0, 99999, 0, 0, 0, 0, 0));
  say("local pieces nowhere", call(0, child, (void *)8, 1, &b, 1, 0));
  say("remote pieces nowhere", call(0, child, &a, 1, (void *)8, 1, 0));
  say("   with nothing local", call(0, child, &none, 1, (void *)8, 1, 0));
  static struct iovec many[1025], other[1025];
  for (int i = 0; i < 1025; i++) { many[i] = piece(mine + i, 1); other[i] = piece(there + i, 1); }
  say("1024 pieces", call(0, child, many, 1024, other, 1024, 0));
  say("1025 local pieces", call(0, child, many, 1025, other, 1, 0));
  say("1025 remote pieces", call(0, child, many, 1, other, 1025, 0));
  say("   with nothing local", call(0, child, many, 0, other, 1025, 0));
  a.iov_len = -1ul;
  say("a local length below zero", call(0, child, &a, 1, &b, 1, 0));
  a.iov_len = 8; b.iov_len = -1ul;
  say("a remote length below zero", call(0, child, &a, 1, &b, 1, 0));
  b.iov_len = 8; a.iov_base = (void *)(0xfffful << 48);
  say("a local piece in the kernel's half", call(0, child, &a, 1, &b, 1, 0));
  a.iov_base = mine;

  printf("== ours\n");
  b = piece(there, 8);
  say("one's own, read", call(0, getpid(), &a, 1, &b, 1, 0));
  printf("   %c\n", mine[0]);
  say("one's own, written", call(1, getpid(), &b, 1, &a, 1, 0));

  printf("== another user\n");
  fflush(stdout);
  pid_t stranger = fork();
  if (!stranger) {
    setgid(1000); setuid(1000);
    say("root's process", call(0, child, &a, 1, &b, 1, 0));
    say("process 1, written", call(1, 1, &a, 1, &b, 1, 0));
    say("no such process", call(0, 99999, &a, 1, &b, 1, 0));
    say("root's process, nothing to read", call(0, child, &a, 1, &none, 1, 0));
    fflush(stdout);
    _exit(0);
  }
  waitpid(stranger, 0, 0);
  write(go[1], "e", 1);
  siginfo_t info;
  waitid(P_PID, child, &info, WEXITED | WNOWAIT);
  say("a zombie", call(0, child, &a, 1, &b, 1, 0));
  waitpid(child, 0, 0);
  say("one that is gone", call(0, child, &a, 1, &b, 1, 0));
  return 0;
}
