// System V shared memory: keys and identifiers, attaching and detaching, counts, permissions,
// limits, removal, and what fork, exec and the end of a process do to it.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static long page;
static const char *name(long r) { return r == -1 ? strerrorname_np(errno) : "ok"; }
static void say(const char *what, long r) { printf("%-44s %s\n", what, name(r)); }
static void stat_(const char *what, int id) {
  struct shmid_ds d;
  if (shmctl(id, IPC_STAT, &d)) { say(what, -1); return; }
  printf("%-44s key %x mode %o size %lu nattch %lu uid %u/%u cuid %u/%u seq %d lpid %s cpid %s\n",
         what, d.shm_perm.__key, d.shm_perm.mode, d.shm_segsz, d.shm_nattch, d.shm_perm.uid,
         d.shm_perm.gid, d.shm_perm.cuid, d.shm_perm.cgid, 
         d.shm_perm.__seq, d.shm_lpid == 0 ? "none" : d.shm_lpid == getpid() ? "own" : "other",
         d.shm_cpid == getpid() ? "own" : "other");
}
static void maps(const char *what) {
  char line[512]; FILE *f = fopen("/proc/self/maps", "r"); int n = 0;
  printf("%s:", what);
  while (fgets(line, sizeof line, f)) if (strstr(line, "SYSV")) {
    unsigned long a, b; char perm[8]; long o, inode; int used;
    sscanf(line, "%lx-%lx %7s %lx %*s %ld %n", &a, &b, perm, &o, &inode, &used);
    printf(" [%lu %s %lx inode %ld %s]", (b - a) / page, perm, o / page, inode, strtok(line + used, "\n")); n++;
  }
  printf(" %d\n", n); fclose(f);
}
static void child(const char *what, int id, int (*body)(int)) {
  fflush(stdout); pid_t p = fork();
  if (p == 0) { int r = body(id); fflush(stdout); _exit(r); }
  int s; waitpid(p, &s, 0); printf("%-44s status %x\n", what, s);
}
static char *at;
static int inherits(int id) { stat_("  child's view", id); at[1] = 'c'; return at[0] == 'p' ? 0 : 1; }
static int detaches(int id) { say("  child detaches", shmdt(at)); stat_("  then", id); return 0; }
static int stranger(int id) {
  struct shmid_ds d; setgid(1000); setuid(1000);
  say("  stranger attaches", (long)shmat(id, 0, 0));
  say("  stranger attaches to read", (long)shmat(id, 0, SHM_RDONLY));
  say("  stranger IPC_STAT", shmctl(id, IPC_STAT, &d));
  say("  stranger IPC_SET", shmctl(id, IPC_SET, &d));
  say("  stranger IPC_RMID", shmctl(id, IPC_RMID, 0));
  say("  stranger SHM_LOCK", shmctl(id, SHM_LOCK, 0));
  say("  stranger shmget", shmget(0x77, 0, 0600));
  say("  stranger shmget, no bits", shmget(0x77, 0, 0));
  int own = shmget(IPC_PRIVATE, page, 0);
  say("  mode 0, own: attach", (long)shmat(own, 0, 0));
  say("  mode 0, own: remove", shmctl(own, IPC_RMID, 0));
  own = shmget(IPC_PRIVATE, 4 * page, 0600);
  struct rlimit l = {0, 0}; setrlimit(RLIMIT_MEMLOCK, &l);
  say("  SHM_LOCK, no limit left", shmctl(own, SHM_LOCK, 0));
  say("  remove", shmctl(own, IPC_RMID, 0));
  return 0;
}
static int reader(int id) {
  setgid(1000); setuid(1000);
  char *p = shmat(id, 0, SHM_RDONLY); say("  reader attaches to read", (long)p);
  say("  reader attaches to write", (long)shmat(id, 0, 0));
  say("  reader mprotect to write", mprotect(p, page, PROT_READ | PROT_WRITE));
  say("  reader attaches to execute", (long)shmat(id, 0, SHM_RDONLY | SHM_EXEC));
  return 0;
}

int main(int argc, char **argv) {
  struct shmid_ds d; struct shminfo info; struct shm_info used;
  page = sysconf(_SC_PAGESIZE);
  if (argc > 1) { maps("after exec"); stat_("after exec", atoi(argv[1])); return 0; }
  say("size 0", shmget(IPC_PRIVATE, 0, 0600));
  say("size -1", shmget(IPC_PRIVATE, -1UL, 0600));
  say("too large for a file", shmget(IPC_PRIVATE, 1UL << 63, 0600));
  say("more than all of RAM", shmget(IPC_PRIVATE, 1UL << 40, 0600));
  say("not reserved", shmctl(shmget(IPC_PRIVATE, 1UL << 40, 0600 | SHM_NORESERVE), IPC_RMID, 0));
  say("no such key", shmget(0x55, page, 0600));
  int a = shmget(0x55, page + 1, IPC_CREAT | 0640);
  printf("ids %d", a);
  say("\nexclusive", shmget(0x55, page, IPC_CREAT | IPC_EXCL | 0600));
  printf("again %d\n", shmget(0x55, page, 0600) == a);
  say("larger", shmget(0x55, 3 * page, 0600));
  say("as large", shmget(0x55, page + 1, 0600) - a);
  stat_("fresh", a);
  say("attach to nothing", (long)shmat(99999, 0, 0));
  say("attach to -1", (long)shmat(-1, 0, 0));
  at = shmat(a, 0, 0);
  at[0] = 'p';
  stat_("attached", a);
  maps("attached");
  char *second = shmat(a, 0, SHM_RDONLY);
  printf("second sees %c\n", second[0]);
  say("second may write", mprotect(second, page, PROT_READ | PROT_WRITE));
  char *third = shmat(a, second - 64 * page + 5, SHM_RND);
  printf("rounded %d\n", third == second - 64 * page);
  say("unaligned", (long)shmat(a, second - 32 * page + 5, 0));
  say("on top", (long)shmat(a, third, 0));
  say("remap", (long)shmat(a, third, SHM_REMAP));
  say("remap nowhere", (long)shmat(a, 0, SHM_REMAP));
  say("remap rounded to nothing", (long)shmat(a, (void *)5, SHM_REMAP | SHM_RND));
  say("in part on top", (long)shmat(a, third - page, 0));
  stat_("three attached", a);
  maps("three attached");
  say("cut in two", mprotect(third, page, PROT_READ));
  stat_("cut in two", a);
  say("whole again", mprotect(third, page, PROT_READ | PROT_WRITE));
  maps("whole again");
  say("unmap the end", munmap(third + page, page));
  stat_("unmapped the end", a);
  say("detach the rest", shmdt(third));
  say("detach the rest again", shmdt(third));
  say("detach unaligned", shmdt(second + 1));
  say("detach second", shmdt(second));
  stat_("one left", a);
  char *moved = mremap(at, 2 * page, 2 * page, MREMAP_MAYMOVE | MREMAP_FIXED, second - 16 * page);
  printf("moved %d %c\n", moved == second - 16 * page, moved[0]);
  stat_("moved", a);
  say("grow in place", (long)mremap(moved, 2 * page, 3 * page, 0));
  char *big = mremap(moved, 2 * page, 3 * page, MREMAP_MAYMOVE);
  say("grow", (long)big);
  stat_("grown", a);
  if (big != MAP_FAILED) moved = big;
  char *more = mremap(moved, 0, 2 * page, MREMAP_MAYMOVE);
  say("duplicate", (long)more); stat_("duplicated", a);
  say("detach the duplicate", shmdt(more));
  at = moved;
  child("a child inherits", a, inherits);
  printf("child wrote %c\n", at[1]);
  stat_("after the child", a);
  child("a child detaches", a, detaches);
  stat_("after that child", a);
  char number[16]; sprintf(number, "%d", a); fflush(stdout);
  pid_t p = fork(); if (p == 0) { execl("/proc/self/exe", "shm", number, (char *)0); _exit(9); }
  int s; waitpid(p, &s, 0); stat_("after exec", a);

  say("remove", shmctl(a, IPC_RMID, 0));
  stat_("removed, still attached", a);
  say("by key", shmget(0x55, page, 0600));
  say("attach the removed", (long)shmat(a, 0, 0));
  stat_("twice", a);
  int same = shmget(0x55, page, IPC_CREAT | 0600);
  printf("new for the key: %d\n", same); stat_("new", same);
  say("remove new", shmctl(same, IPC_RMID, 0));
  stat_("gone", same);
  printf("contents %c%c\n", at[0], at[1]);
  maps("before the last");
  FILE *f = fopen("/proc/self/maps", "r"); char line[512]; unsigned long ends[8][2]; int n = 0;
  while (fgets(line, sizeof line, f)) if (strstr(line, "SYSV")) sscanf(line, "%lx-%lx", &ends[n][0], &ends[n][1]), n++;
  fclose(f);
  for (int i = 0; i < n; i++) { munmap((void *)ends[i][0], ends[i][1] - ends[i][0]); stat_("one less", a); }

  int b = shmget(0x77, 2 * page, IPC_CREAT | 0600);
  child("a stranger", b, stranger);
  shmctl(b, IPC_STAT, &d); d.shm_perm.mode = 0644; d.shm_perm.uid = 5; d.shm_perm.gid = 6;
  say("IPC_SET", shmctl(b, IPC_SET, &d)); stat_("set", b);
  child("a reader", b, reader);
  d.shm_perm.uid = -1; say("IPC_SET no user", shmctl(b, IPC_SET, &d));
  say("SHM_LOCK", shmctl(b, SHM_LOCK, 0)); stat_("locked", b);
  say("SHM_UNLOCK", shmctl(b, SHM_UNLOCK, 0)); stat_("unlocked", b);
  say("SHM_STAT", shmctl(b & 32767, SHM_STAT, &d) == b ? 0 : -1);
  say("SHM_STAT_ANY", shmctl(b & 32767, 15, &d) == b ? 0 : -1);
  errno = 0; say("SHM_STAT of nothing", shmctl(31, SHM_STAT, &d));
  long r = shmctl(0, IPC_INFO, (void *)&info);
  printf("IPC_INFO %ld max %lx min %lu mni %lu seg %lu all %lx\n", r, info.shmmax, info.shmmin, info.shmmni, info.shmseg, info.shmall);
  shmctl(b, IPC_STAT, &d); at = shmat(b, 0, 0); at[page] = 1;
  r = shmctl(0, SHM_INFO, (void *)&used);
  printf("SHM_INFO %ld ids %d tot %lu rss %lu swp %lu\n", r, used.used_ids, used.shm_tot, used.shm_rss, used.shm_swp);
  say("EFAULT", shmctl(b, IPC_STAT, (void *)1)); say("no command", shmctl(b, 77, &d)); say("command -1", shmctl(b, -1, &d));
  say("IPC_RMID of nothing", shmctl(4711, IPC_RMID, 0)); say("IPC_STAT of -1", shmctl(-1, IPC_STAT, &d));
  say("remove", shmctl(b, IPC_RMID, 0)); say("remove again", shmctl(b, IPC_RMID, 0)); shmdt(at); say("and now", shmctl(b, IPC_RMID, 0));
  say("huge", shmget(IPC_PRIVATE, 1 << 21, SHM_HUGETLB | 0600));
  // Identifiers are used in turn.
  int first = shmget(IPC_PRIVATE, page, 0600), last = first; shmctl(first, IPC_RMID, 0); printf("turn");
  for (int i = 0; i < 70; i++) { last = shmget(IPC_PRIVATE, page, 0600); if (i < 3 || i > 50) printf(" %d", last); shmctl(last, IPC_RMID, 0); }
  int many = 0; static int ids[5000]; printf("\n");
  while (many < 5000 && (ids[many] = shmget(IPC_PRIVATE, page, 0600)) >= 0) many++;
  printf("most %d %s, last %d\n", many, name(ids[many]), ids[many - 1]);
  r = shmctl(0, SHM_INFO, (void *)&used); printf("SHM_INFO %ld ids %d tot %lu\n", r, used.used_ids, used.shm_tot);
  for (int i = 0; i < many; i++) shmctl(ids[i], IPC_RMID, 0);
  r = shmctl(0, SHM_INFO, (void *)&used); printf("SHM_INFO %ld ids %d tot %lu\n", r, used.used_ids, used.shm_tot);
  return 0;
}
