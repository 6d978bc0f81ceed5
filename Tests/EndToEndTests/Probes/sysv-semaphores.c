// System V semaphores: sets, values, several operations at once, who waits and who goes on first,
// what is undone at the end of a process, limits, permissions, removal, and /proc/sysvipc/sem.
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/sem.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

union semun { int val; struct semid_ds *buf; unsigned short *array; struct seminfo *info; };
static const char *name(long r) { return r == -1 ? strerrorname_np(errno) : "ok"; }
static void say(const char *what, long r) { printf("%-52s %s\n", what, name(r)); }
static void count(const char *what, long r) {
  if (r < 0) say(what, r); else printf("%-52s %ld\n", what, r);
}
static long op(int id, int n, ...) {
  struct sembuf b[16];
  __builtin_va_list l;
  __builtin_va_start(l, n);
  for (int i = 0; i < n; i++) {
    b[i].sem_num = __builtin_va_arg(l, int);
    b[i].sem_op = __builtin_va_arg(l, int);
    b[i].sem_flg = __builtin_va_arg(l, int);
  }
  return semop(id, b, n);
}
static void values(const char *what, int id) {
  unsigned short v[8] = {0};
  long r = semctl(id, 0, GETALL, v);
  if (r) { say(what, r); return; }
  printf("%-52s %d %d %d %d\n", what, v[0], v[1], v[2], v[3]);
}
static void waiting(const char *what, int id) {
  printf("%-52s", what);
  for (int i = 0; i < 4; i++) printf(" %d/%d", semctl(id, i, GETNCNT), semctl(id, i, GETZCNT));
  puts("");
}
static void status(const char *what, int id) {
  struct semid_ds d;
  long r = semctl(id, 0, IPC_STAT, &d);
  if (r) { say(what, r); return; }
  printf("%-52s key %x mode %o seq %d uid %d/%d gid %d/%d n %lu\n", what, d.sem_perm.__key,
      d.sem_perm.mode, d.sem_perm.__seq, d.sem_perm.uid, d.sem_perm.cuid, d.sem_perm.gid, d.sem_perm.cgid,
      d.sem_nsems);
}
static void proc(const char *what) {
  char line[256];
  FILE *f = fopen("/proc/sysvipc/sem", "r");
  puts(what);
  while (fgets(line, sizeof line, f)) {
    line[62] = 0;  // Not the times.
    puts(line);
  }
  fclose(f);
}
static pid_t start(const char *what, int (*body)(int), int id) {
  fflush(stdout);
  pid_t p = fork();
  if (p == 0) {
    int r = body(id);
    if (what) printf("  %-50s %s\n", what, r ? strerrorname_np(r) : "ok");
    fflush(stdout);
    _exit(r);
  }
  usleep(20000);
  return p;
}
static void end(pid_t p) { int s; waitpid(p, &s, 0); }
static int take0(int id) { return op(id, 1, 0, -1, 0) ? errno : 0; }
static int take2(int id) { return op(id, 1, 0, -2, 0) ? errno : 0; }
static int zero0(int id) { return op(id, 1, 0, 0, 0) ? errno : 0; }
static int both(int id) { return op(id, 2, 0, -1, 0, 1, -1, 0) ? errno : 0; }
static int zeroThenAdd(int id) { return op(id, 2, 0, 0, 0, 2, 5, 0) ? errno : 0; }
static int undo(int id) { return op(id, 2, 0, -1, SEM_UNDO, 3, 4, SEM_UNDO) ? errno : 0; }
static int undoTwice(int id) {
  op(id, 1, 0, 1, SEM_UNDO);
  op(id, 1, 0, -2, SEM_UNDO);
  op(id, 1, 1, 3, 0);
  return 0;
}
static void *threadUndo(void *id) { op((long)id, 1, 0, 2, SEM_UNDO); return NULL; }
static int threads(int id) {
  pthread_t t;
  pthread_create(&t, NULL, threadUndo, (void *)(long)id);
  pthread_join(t, NULL);
  count("  after a thread's end", semctl(id, 0, GETVAL));
  return 0;
}
static int undoChild(int id) {
  op(id, 1, 0, 3, SEM_UNDO);
  if (fork() == 0) _exit(0);
  wait(NULL);
  count("  a child undoes nothing", semctl(id, 0, GETVAL));
  return 0;
}
static int undoUnshared(int id) {
  op(id, 1, 0, 3, SEM_UNDO);
  say("  unshare", syscall(SYS_unshare, 0x40000));
  count("  and it is undone", semctl(id, 0, GETVAL));
  return 0;
}
static int undoForever(int id) { op(id, 1, 0, 3, SEM_UNDO); pause(); return 0; }
static int timed(int id) {
  struct sembuf b = {0, -1, 0};
  struct timespec t = {0, 30000000};
  return semtimedop(id, &b, 1, &t) ? errno : 0;
}
static void handler(int s) { (void)s; }
static int interrupted(int id) {
  struct sigaction a = {.sa_handler = handler, .sa_flags = SA_RESTART};
  sigaction(SIGALRM, &a, NULL);
  ualarm(20000, 0);
  return op(id, 1, 0, -1, 0) ? errno : 0;
}
static int stranger(int id) {
  setgid(1000); setuid(1000);
  unsigned short v[4] = {1, 1, 1, 1};
  struct semid_ds d;
  say("  stranger: take", op(id, 1, 0, -1, IPC_NOWAIT));
  say("  stranger: wait for zero", op(id, 1, 0, 0, IPC_NOWAIT));
  say("  stranger: GETVAL", semctl(id, 0, GETVAL) < 0 ? -1 : 0);
  say("  stranger: GETALL", semctl(id, 0, GETALL, v));
  say("  stranger: SETVAL", semctl(id, 0, SETVAL, 1));
  say("  stranger: SETALL", semctl(id, 0, SETALL, v));
  say("  stranger: IPC_STAT", semctl(id, 0, IPC_STAT, &d));
  say("  stranger: SEM_STAT_ANY", semctl(0, 0, 20, &d) < 0 ? -1 : 0);
  say("  stranger: IPC_SET", semctl(id, 0, IPC_SET, &d));
  say("  stranger: IPC_RMID", semctl(id, 0, IPC_RMID));
  say("  stranger: semget", semget(0x55, 0, 0600));
  say("  stranger: semget without bits", semget(0x55, 0, 0));
  return 0;
}

int main(void) {
  setvbuf(stdout, NULL, _IOLBF, 0);
  proc("none");
  int id = semget(IPC_PRIVATE, 4, 0600);
  status("new", id);
  values("values", id);
  say("too few", semget(IPC_PRIVATE, 0, 0600));
  say("below zero", semget(IPC_PRIVATE, -1, 0600));
  say("too many", semget(IPC_PRIVATE, 32001, 0600));
  say("no such key", semget(0x55, 1, 0));
  int key = semget(0x55, 3, IPC_CREAT | 0640);
  status("with a key", key);
  say("again", semget(0x55, 3, IPC_CREAT | 0600) == key ? 0 : -1);
  say("again, exclusively", semget(0x55, 3, IPC_CREAT | IPC_EXCL | 0600));
  say("again, none", semget(0x55, 0, 0) == key ? 0 : -1);
  say("again, more", semget(0x55, 4, 0600));
  proc("two");

  puts("== operations");
  say("set all", semctl(id, 0, SETALL, (unsigned short[]){1, 2, 3, 4}));
  values("", id);
  say("set all, too much", semctl(id, 0, SETALL, (unsigned short[]){1, 2, 3, 40000}));
  say("set all, nowhere", semctl(id, 0, SETALL, (void *)8));
  say("get all, nowhere", semctl(id, 0, GETALL, (void *)8));
  say("set one", semctl(id, 2, SETVAL, 7));
  say("set one below zero", semctl(id, 2, SETVAL, -1));
  say("set one too high", semctl(id, 2, SETVAL, 32768));
  say("set a fifth", semctl(id, 4, SETVAL, 1));
  say("get a fifth", semctl(id, 4, GETVAL));
  say("get one below", semctl(id, -1, GETVAL));
  count("get one", semctl(id, 2, GETVAL));
  count("last process is own", semctl(id, 2, GETPID) == getpid());
  count("last process of a new one", semctl(key, 2, GETPID));
  say("take two, add one", op(id, 2, 2, -2, 0, 0, 1, 0));
  values("", id);
  say("all or nothing", op(id, 3, 2, -2, 0, 0, 1, 0, 1, -9, IPC_NOWAIT));
  values("", id);
  say("one semaphore twice", op(id, 3, 2, -5, 0, 2, 3, 0, 2, -1, IPC_NOWAIT));
  values("", id);
  say("one semaphore twice, below", op(id, 2, 2, -2, 0, 2, -1, IPC_NOWAIT));
  say("no zero", op(id, 1, 0, 0, IPC_NOWAIT));
  say("zero after taking", op(id, 2, 0, -2, 0, 0, 0, IPC_NOWAIT));
  values("", id);
  say("too high", op(id, 1, 0, 32767, 0));
  say("and one more", op(id, 1, 0, 1, 0));
  say("fifth", op(id, 1, 4, 1, 0));
  say("no operations", semop(id, (struct sembuf[]){{0, 0, 0}}, 0));
  static struct sembuf many[501];
  say("501 operations", semop(id, many, 501));
  say("500 operations on 0", (semctl(id, 0, SETVAL, 0), semop(id, many, 500)));
  say("nowhere", semop(id, (void *)8, 1));
  say("no such set", op(id + 1, 1, 0, 1, 0));
  say("set -1", op(-1, 1, 0, 1, 0));
  say("set -1, nowhere", semop(-1, (void *)8, 1));
  struct timespec bad = {0, -1}, none = {0, 0};
  say("bad time", semtimedop(id, many, 1, &bad));
  say("time nowhere", semtimedop(id, many, 1, (void *)8));
  say("no time", semtimedop(id, (struct sembuf[]){{0, -1, 0}}, 1, &none));
  say("undo beyond the range", (semctl(id, 0, SETVAL, 32767), op(id, 1, 0, -32767, SEM_UNDO)));
  semctl(id, 0, SETVAL, 0);
  say("twice", (op(id, 1, 0, 32767, SEM_UNDO), op(id, 1, 0, -32767, 0), op(id, 1, 0, 32767, SEM_UNDO)));

  puts("== waiting");
  semctl(id, 0, SETALL, (unsigned short[]){0, 0, 0, 0});
  pid_t a = start("first takes two", take2, id), b = start("second takes one", take0, id),
      c = start("third takes both", both, id);
  waiting("three wait", id);
  op(id, 1, 0, 1, 0);
  usleep(20000);
  waiting("one was added", id);
  op(id, 1, 0, 2, 0);
  usleep(20000);
  waiting("two were added", id);
  op(id, 2, 0, 1, 0, 1, 1, 0);
  usleep(20000);
  waiting("one of each", id);
  values("", id);
  semctl(id, 0, SETALL, (unsigned short[]){5, 5, 5, 5});
  end(a); end(b); end(c);
  values("all ended", id);
  semctl(id, 0, SETALL, (unsigned short[]){2, 0, 0, 0});
  a = start("waits for zero", zero0, id); b = start("waits for zero, then adds", zeroThenAdd, id);
  waiting("two wait for zero", id);
  op(id, 1, 0, -1, 0);
  waiting("not yet", id);
  op(id, 1, 0, -1, 0);
  end(a); end(b);
  values("zero", id);
  a = start("takes one", take0, id);
  say("set by semctl", semctl(id, 0, SETVAL, 1));
  end(a);
  values("", id);
  say("in time", (a = start("waits some time", timed, id), usleep(50000)));
  end(a);
  a = start("is interrupted", interrupted, id);
  end(a);
  waiting("nobody waits", id);
  a = start("killed", take0, id);
  kill(a, SIGKILL);
  end(a);
  waiting("nobody waits", id);

  puts("== undo");
  semctl(id, 0, SETALL, (unsigned short[]){3, 3, 3, 3});
  end(start("undoes", undo, id));
  values("", id);
  end(start("undoes below zero", undoTwice, id));
  values("", id);
  end(start("threads", threads, id));
  values("", id);
  end(start("forks", undoChild, id));
  values("", id);
  end(start("unshares", undoUnshared, id));
  values("", id);
  a = start("waits", undoForever, id);
  values("meanwhile", id);
  semctl(id, 0, SETVAL, 1);
  kill(a, SIGKILL);
  end(a);
  values("a set value is not undone", id);
  a = start("waits", undoForever, id);
  b = start("takes two", take2, id);
  values("taken", id);
  c = start("takes two", take2, id);
  op(id, 1, 0, -2, IPC_NOWAIT);
  kill(a, SIGKILL);
  end(a);
  values("undone below zero", id);
  op(id, 1, 0, 2, 0);
  end(c); end(b);
  values("", id);

  puts("== control");
  struct semid_ds d;
  semctl(id, 0, IPC_STAT, &d);
  d.sem_perm.uid = 77; d.sem_perm.gid = 88; d.sem_perm.mode = 07640;
  say("IPC_SET", semctl(id, 0, IPC_SET, &d));
  status("", id);
  d.sem_perm.uid = -1;
  say("IPC_SET, no user", semctl(id, 0, IPC_SET, &d));
  say("IPC_SET nowhere", semctl(id, 0, IPC_SET, (void *)8));
  say("IPC_STAT nowhere", semctl(id, 0, IPC_STAT, (void *)8));
  say("unknown command", semctl(id, 0, 99));
  say("no such set", semctl(id + 1, 0, GETVAL));
  say("set -1", semctl(-1, 0, GETVAL));
  say("set -1, SEM_INFO", semctl(-1, 0, SEM_INFO, &d));
  struct seminfo i;
  count("IPC_INFO", semctl(0, 0, IPC_INFO, (union semun){.info = &i}));
  printf("%d %d %d %d %d %d %d %d %d %d\n", i.semmap, i.semmni, i.semmns, i.semmnu, i.semmsl, i.semopm, i.semume,
      i.semusz, i.semvmx, i.semaem);
  count("SEM_INFO", semctl(0, 0, SEM_INFO, (union semun){.info = &i}));
  printf("%d %d\n", i.semusz, i.semaem);
  say("SEM_STAT", semctl(0, 0, SEM_STAT, &d) == id ? 0 : -1);
  say("SEM_STAT, nobody's place", semctl(9, 0, SEM_STAT, &d));
  end(start(NULL, stranger, id));
  say("who may read", semctl(key, 0, IPC_STAT, &d));
  proc("changed");
  a = start("waits for what is removed", take0, (semctl(id, 0, SETVAL, 0), id));
  b = start("waits, with undo", undo, id);
  say("removed", semctl(id, 0, IPC_RMID));
  end(a); end(b);
  status("removed", id);
  say("removed", op(id, 1, 0, 1, 0));
  int next = semget(IPC_PRIVATE, 1, 0600);
  printf("%-52s %x\n", "next identifier", next);
  proc("at the end");
  static char line[100];
  FILE *f = fopen("/proc/sys/kernel/sem", "r+");
  printf("%s", fgets(line, sizeof line, f));
  rewind(f); fprintf(f, "4 100 5 7"); fflush(f);
  say("five in a set", semget(IPC_PRIVATE, 5, 0600));
  say("four in a set", semget(IPC_PRIVATE, 4, 0600) < 0 ? -1 : 0);
  say("six operations", semop(next, many, 6));
  rewind(f); fprintf(f, "32000 9 500 32000"); fflush(f);
  say("nine in all", semget(IPC_PRIVATE, 4, 0600) < 0 ? -1 : 0);
  rewind(f); fprintf(f, "32000 1024000000 500 3"); fflush(f);
  say("three sets", semget(IPC_PRIVATE, 1, 0600) < 0 ? -1 : 0);
  rewind(f);
  say("no range", fprintf(f, "1 1 1 32769") < 0 || fflush(f) ? -1 : 0);
  rewind(f); fprintf(f, "32000 1024000000 500 32000"); fflush(f);
  return 0;
}
