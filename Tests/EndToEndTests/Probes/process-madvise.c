// process_madvise: advice about another process's memory, how far it came, who may give it, and every
// refusal in Linux's order.
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

static long page;
static const char *name(long r) { return r == -1 ? strerrorname_np(errno) : "ok"; }
static void say(const char *what, long r) { printf("%-52s %s\n", what, name(r)); }
static void count(const char *what, long r) {
  if (r < 0) say(what, r); else printf("%-52s %ld\n", what, r);
}
static void *map(long n) {
  return mmap(NULL, n * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

int main(void) {
  page = sysconf(_SC_PAGESIZE);
  char *p = map(8);
  memset(p, 1, 8 * page);
  pid_t child = fork();
  if (child == 0) { pause(); _exit(0); }
  int own = syscall(SYS_pidfd_open, getpid(), 0), its = syscall(SYS_pidfd_open, child, 0);
  struct iovec v[3] = {{p, 2 * page}, {p + 4 * page, page}, {p + 6 * page, page}};
#define ADVISE(what, fd, v, n, a, f) count(what, syscall(SYS_process_madvise, fd, v, n, a, f) / (strchr(what, '/') ? page : 1))
  ADVISE("cold, pages /", its, v, 3ul, MADV_COLD, 0u);
  ADVISE("out /", its, v, 3ul, MADV_PAGEOUT, 0u);
  ADVISE("will need /", its, v, 3ul, MADV_WILLNEED, 0u);
  ADVISE("own /", own, v, 3ul, MADV_COLD, 0u);
  ADVISE("do not need", its, v, 3ul, MADV_DONTNEED, 0u);
  ADVISE("free", its, v, 3ul, MADV_FREE, 0u);
  ADVISE("random", its, v, 3ul, MADV_RANDOM, 0u);
  ADVISE("unknown", its, v, 3ul, 99, 0u);
  ADVISE("flags", its, v, 3ul, MADV_COLD, 1u);
  ADVISE("no descriptor", 99, v, 3ul, MADV_COLD, 0u);
  ADVISE("another kind", 0, v, 3ul, MADV_COLD, 0u);
  ADVISE("another kind, unknown", 0, v, 3ul, 99, 0u);
  ADVISE("no pieces", its, v, 0ul, MADV_COLD, 0u);
  ADVISE("pieces nowhere", its, (void *)8, 3ul, MADV_COLD, 0u);
  ADVISE("too many", its, v, 1025ul, MADV_COLD, 0u);
  v[1].iov_base = p + 1;
  ADVISE("second odd /", its, v, 3ul, MADV_COLD, 0u);
  v[1].iov_base = NULL;
  ADVISE("second a hole /", its, v, 3ul, MADV_COLD, 0u);
  v[0].iov_base = NULL;
  ADVISE("first a hole", its, v, 3ul, MADV_COLD, 0u);
  v[0].iov_base = (void *)(1ul << 62);
  ADVISE("first beyond", its, v, 3ul, MADV_COLD, 0u);
  v[0].iov_base = p; v[0].iov_len = 100; v[1] = v[2] = v[0];
  ADVISE("parts of pages", its, v, 3ul, MADV_COLD, 0u);
  kill(child, SIGKILL);
  waitid(P_PID, child, NULL, WEXITED | WNOWAIT);
  ADVISE("a zombie", its, v, 3ul, MADV_COLD, 0u);
  waitpid(child, NULL, 0);
  ADVISE("nobody", its, v, 3ul, MADV_COLD, 0u);
  fflush(stdout);
  if (fork() == 0) {
    int parent = syscall(SYS_pidfd_open, getppid(), 0);
    setgid(1000); setuid(1000);
    ADVISE("stranger: the parent", parent, v, 1ul, MADV_COLD, 0u);
    int me = syscall(SYS_pidfd_open, getpid(), 0);
    ADVISE("stranger: itself", me, v, 1ul, MADV_COLD, 0u);
    fflush(stdout);
    _exit(0);
  }
  wait(NULL);
}

