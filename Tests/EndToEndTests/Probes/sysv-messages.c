// System V message queues: what is sent and received in which order, who waits and who goes on,
// limits, permissions, removal, and /proc/sysvipc/msg.
#define _GNU_SOURCE
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/wait.h>
#include <unistd.h>

struct message { long type; char text[20000]; };
static struct message m;
static const char *name(long r) { return r == -1 ? strerrorname_np(errno) : "ok"; }
static void say(const char *what, long r) { printf("%-52s %s\n", what, name(r)); }
static void count(const char *what, long r) {
  if (r < 0) say(what, r); else printf("%-52s %ld\n", what, r);
}
static long put(int id, long type, int length, int flags) {
  m.type = type;
  memset(m.text, 'a' + type % 26, length);
  return msgsnd(id, &m, length, flags);
}
static void get(const char *what, int id, long type, int length, int flags) {
  memset(&m, 0, sizeof m);
  long r = msgrcv(id, &m, length, type, flags);
  if (r < 0) { say(what, r); return; }
  printf("%-52s %ld of type %ld: %.4s\n", what, r, m.type, m.text);
}
static void status(const char *what, int id) {
  struct msqid_ds d;
  long r = msgctl(id, IPC_STAT, &d);
  if (r) { say(what, r); return; }
  printf("%-52s key %x mode %o seq %d uid %d/%d bytes %lu of %lu, %lu sender %s receiver %s\n", what,
      d.msg_perm.__key, d.msg_perm.mode, d.msg_perm.__seq, d.msg_perm.uid, d.msg_perm.cuid, d.__msg_cbytes,
      d.msg_qbytes, d.msg_qnum, d.msg_lspid == 0 ? "none" : d.msg_lspid == getpid() ? "own" : "other",
      d.msg_lrpid == 0 ? "none" : d.msg_lrpid == getpid() ? "own" : "other");
}
static void proc(const char *what) {
  char line[256];
  FILE *f = fopen("/proc/sysvipc/msg", "r");
  puts(what);
  while (fgets(line, sizeof line, f)) {
    line[50] = 0;  // Not the numbers of processes, and the times.
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
static int any(int id) { get("  any", id, 0, 100, 0); return 0; }
static int five(int id) { get("  of type 5", id, 5, 100, 0); return 0; }
static int notFive(int id) { get("  but 5", id, 5, 100, MSG_EXCEPT); return 0; }
static int upTo(int id) { get("  up to 7", id, -7, 100, 0); return 0; }
static int small(int id) { get("  too small", id, 0, 2, 0); return 0; }
static int cut(int id) { get("  cut", id, 0, 2, MSG_NOERROR); return 0; }
static int sendBig(int id) { return put(id, 3, 3000, 0) ? errno : 0; }
static int sendSmall(int id) { return put(id, 4, 100, 0) ? errno : 0; }
static void handler(int s) { (void)s; }
static int interruptedGet(int id) {
  struct sigaction a = {.sa_handler = handler, .sa_flags = SA_RESTART};
  sigaction(SIGALRM, &a, NULL);
  ualarm(20000, 0);
  return msgrcv(id, &m, 10, 99, 0) < 0 ? errno : 0;
}
static int interruptedPut(int id) {
  struct sigaction a = {.sa_handler = handler, .sa_flags = SA_RESTART};
  sigaction(SIGALRM, &a, NULL);
  ualarm(20000, 0);
  return put(id, 1, 8000, 0) < 0 ? errno : 0;
}
static int stranger(int id) {
  setgid(1000); setuid(1000);
  struct msqid_ds d;
  say("  stranger: send", put(id, 1, 1, IPC_NOWAIT));
  say("  stranger: receive", msgrcv(id, &m, 1, 0, IPC_NOWAIT));
  say("  stranger: IPC_STAT", msgctl(id, IPC_STAT, &d));
  say("  stranger: MSG_STAT_ANY", msgctl(0, 13, &d) < 0 ? -1 : 0);
  say("  stranger: IPC_SET", msgctl(id, IPC_SET, &d));
  say("  stranger: IPC_RMID", msgctl(id, IPC_RMID, 0));
  say("  stranger: msgget", msgget(0x66, 0600));
  int own = msgget(IPC_PRIVATE, 0600);
  msgctl(own, IPC_STAT, &d);
  d.msg_qbytes = 20000;
  say("  stranger: a larger queue", msgctl(own, IPC_SET, &d));
  d.msg_qbytes = 1000;
  say("  stranger: a smaller queue", msgctl(own, IPC_SET, &d));
  say("  stranger: remove", msgctl(own, IPC_RMID, 0));
  return 0;
}

int main(void) {
  setvbuf(stdout, NULL, _IOLBF, 0);
  proc("none");
  int id = msgget(IPC_PRIVATE, 0600);
  status("new", id);
  say("no such key", msgget(0x66, 0));
  int key = msgget(0x66, IPC_CREAT | 0640);
  status("with a key", key);
  say("again", msgget(0x66, IPC_CREAT | 0600) == key ? 0 : -1);
  say("again, exclusively", msgget(0x66, IPC_CREAT | IPC_EXCL | 0600));

  puts("== order");
  for (long t = 9; t > 0; t -= 2) put(id, t, t, 0);
  status("five messages", id);
  proc("five messages");
  get("any", id, 0, 100, 0);
  get("of type 3", id, 3, 100, 0);
  get("of type 4", id, 4, 100, IPC_NOWAIT);
  get("up to 6", id, -6, 100, 0);
  get("up to 6", id, -6, 100, 0);
  get("up to 6", id, -6, 100, IPC_NOWAIT);
  get("but 7", id, 7, 100, MSG_EXCEPT | IPC_NOWAIT);
  get("but 5", id, 5, 3, MSG_EXCEPT | IPC_NOWAIT);
  get("but 5, cut", id, 5, 3, MSG_EXCEPT | IPC_NOWAIT | MSG_NOERROR);
  status("empty", id);
  put(id, 2, 0, 0);
  get("nothing in it", id, 0, 0, 0);
  put(id, LONG_MAX, 1, 0);
  get("least possible", id, LONG_MIN, 1, 0);
  for (int i = 0; i < 3; i++) put(id, 4, i + 1, 0);
  get("first of equals up to", id, -4, 100, 0);
  get("second", id, -9, 100, 0);
  get("third", id, 4, 100, 0);
  put(id, 1, 5000, 0);
  get("longer than a page", id, 0, 5000, 0);
  printf("%d\n", m.text[4999]);

  puts("== refusals");
  say("type 0", put(id, 0, 1, 0));
  say("type -1", put(id, -1, 1, 0));
  say("too long", put(id, 1, 8193, 0));
  say("length -1", msgsnd(id, &m, -1, 0));
  say("nowhere", msgsnd(id, (void *)8, 1, 0));
  say("text nowhere", msgsnd(id, (char *)sbrk(0) - 8, 8000, 0));
  say("no such queue", put(id + 1, 1, 1, 0));
  say("queue -1", put(-1, 1, 1, 0));
  say("receive, length -1", msgrcv(id, &m, -1, 0, 0));
  say("receive from -1", msgrcv(-1, &m, 1, 0, 0));
  say("receive from nothing", msgrcv(id + 1, &m, 1, 0, 0));
  say("copy", msgrcv(id, &m, 1, 0, MSG_COPY | IPC_NOWAIT));
  say("copy, waiting", msgrcv(id, &m, 1, 0, MSG_COPY));
  put(id, 1, 5, 0);
  say("receive to nowhere", msgrcv(id, (void *)8, 5, 0, 0));
  status("and it is gone", id);
  put(id, 1, 5, 0);
  say("too small", msgrcv(id, &m, 4, 0, 0));
  status("and it is there", id);
  msgrcv(id, &m, 5, 0, 0);

  puts("== waiting");
  pid_t a = start(NULL, five, id), b = start(NULL, notFive, id), c = start(NULL, upTo, id), d = start(NULL, any, id);
  put(id, 8, 1, 0); usleep(20000);
  put(id, 5, 2, 0); usleep(20000);
  put(id, 8, 3, 0); usleep(20000);
  put(id, 7, 4, 0); usleep(20000);
  end(a); end(b); end(c); end(d);
  status("all were given away", id);
  a = start(NULL, small, id); b = start(NULL, cut, id);
  put(id, 1, 5, 0);
  end(a); end(b);
  status("", id);
  while (put(id, 1, 1000, IPC_NOWAIT) == 0);
  say("full", -1);
  status("", id);
  say("nothing more goes in", put(id, 1, 385, IPC_NOWAIT));
  say("but this", put(id, 1, 384, IPC_NOWAIT));
  a = start("big", sendBig, id); b = start("small", sendSmall, id);
  get("one goes", id, 0, 1000, 0);
  usleep(20000);
  status("the small one went in", id);
  for (int i = 0; i < 3; i++) get("another", id, 0, 1000, 0);
  usleep(20000);
  end(a); end(b);
  status("the big one too", id);
  end(start("is interrupted", interruptedGet, id));
  while (put(id, 1, 1000, IPC_NOWAIT) == 0);
  end(start("is interrupted", interruptedPut, id));
  a = start("big", sendBig, id);
  struct msqid_ds s;
  msgctl(id, IPC_STAT, &s);
  s.msg_qbytes = 30000; s.msg_perm.uid = 7; s.msg_perm.mode = 0777;
  say("a larger queue", msgctl(id, IPC_SET, &s));
  end(a);
  status("", id);
  s.msg_perm.mode = 0600;
  msgctl(id, IPC_SET, &s);

  puts("== control");
  say("IPC_STAT nowhere", msgctl(id, IPC_STAT, (void *)8));
  say("IPC_SET nowhere", msgctl(id, IPC_SET, (void *)8));
  s.msg_perm.uid = -1;
  say("no user", msgctl(id, IPC_SET, &s));
  say("unknown command", msgctl(id, 99, 0));
  say("command -1", msgctl(id, -1, 0));
  struct msginfo i;
  count("IPC_INFO", msgctl(0, IPC_INFO, (void *)&i));
  printf("%d %d %d %d %d %d %d %d\n", i.msgpool, i.msgmap, i.msgmax, i.msgmnb, i.msgmni, i.msgssz, i.msgtql, i.msgseg);
  count("MSG_INFO", msgctl(0, MSG_INFO, (void *)&i));
  printf("%d %d %d\n", i.msgpool, i.msgmap, i.msgtql);
  say("MSG_STAT", msgctl(0, MSG_STAT, &s) == id ? 0 : -1);
  say("MSG_STAT, nobody's place", msgctl(9, MSG_STAT, &s));
  end(start(NULL, stranger, id));
  proc("two");
  a = start("waits to send to what is removed", sendBig, (put(id, 1, 8000, IPC_NOWAIT), put(id, 1, 2000, IPC_NOWAIT), id));
  b = start("waits to receive from what is removed", five, key);
  say("removed", msgctl(id, IPC_RMID, 0));
  say("removed", msgctl(key, IPC_RMID, 0));
  end(a); end(b);
  status("removed", id);
  say("removed", put(id, 1, 1, 0));
  printf("%-52s %x\n", "next identifier", msgget(IPC_PRIVATE, 0600));
  proc("at the end");
  const char *names[] = {"msgmax", "msgmnb", "msgmni"};
  for (int n = 0; n < 3; n++) {
    char path[64], line[64];
    snprintf(path, sizeof path, "/proc/sys/kernel/%s", names[n]);
    FILE *f = fopen(path, "r+");
    printf("%s %s", names[n], fgets(line, sizeof line, f));
    rewind(f);
    fprintf(f, n == 2 ? "2" : "100");
    fclose(f);
  }
  id = msgget(IPC_PRIVATE, 0600);
  status("small", id);
  say("101 bytes", put(id, 1, 101, IPC_NOWAIT));
  say("100 bytes", put(id, 1, 100, IPC_NOWAIT));
  say("one more byte", put(id, 1, 1, IPC_NOWAIT));
  say("nothing more", put(id, 1, 0, IPC_NOWAIT));
  say("a third queue", msgget(IPC_PRIVATE, 0600));
  return 0;
}
