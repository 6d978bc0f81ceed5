// /proc of a process with threads, of a child, of a zombie, of a stopped one and of another user.
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static char text[1 << 16];

static long slurp(const char *format, int pid, const char *file) {
  char path[128];
  snprintf(path, sizeof path, format, pid, file);
  int fd = open(path, O_RDONLY);
  if (fd < 0) return snprintf(text, sizeof text, "%s\n", strerrorname_np(errno)), -1;
  long n = 0, k;
  while ((k = read(fd, text + n, sizeof text - 1 - n)) > 0) n += k;
  if (k < 0 && !n) n = snprintf(text, sizeof text, "read %s\n", strerrorname_np(errno));
  text[n] = 0;
  close(fd);
  return n;
}

// Lines of status whose value is the same on every machine.
static void status(const char *who, int pid) {
  printf("-- status of %s\n", who);
  slurp("/proc/%d/%s", pid, "status");
  const char *keys[] = {"Name:", "Umask:", "State:", "Ngid:", "TracerPid:", "Uid:", "Gid:", "FDSize:", "Groups:", "VmLck:", "VmPin:",
    "VmSwap:", "CoreDumping:", "THP_enabled:", "Threads:", "SigPnd:", "ShdPnd:", "SigBlk:", "SigIgn:", "SigCgt:", "CapInh:", "CapPrm:",
    "CapEff:", "CapBnd:", "CapAmb:", "NoNewPrivs:", "Cpus_allowed:", "Cpus_allowed_list:"};
  for (char *l = strtok(text, "\n"); l; l = strtok(0, "\n"))
    for (unsigned i = 0; i < sizeof keys / sizeof *keys; i++)
      if (!strncmp(l, keys[i], strlen(keys[i]))) printf("%s\n", l);
}

// Fields of stat, but for numbers, times and addresses.
static void stat_of(const char *who, const char *format, int pid) {
  slurp(format, pid, "stat");
  char *p = strrchr(text, ')');
  printf("-- stat of %s:", who);
  if (!p) { printf(" %s", text); return; }
  char *name = strchr(text, '(');
  printf(" %.*s", (int)(p - name + 1), name);
  int f = 3;
  for (char *w = strtok(p + 2, " \n"); w; w = strtok(0, " \n"), f++)
    switch (f) {
      case 3: case 7: case 8: case 18: case 19: case 20: case 21: case 25: case 31: case 32: case 33: case 34:
      case 38: case 39: case 40: case 41: case 43: case 44: case 52: printf(" %s", w); break;
      case 26: case 27: case 28: printf(" %s", strtoul(w, 0, 10) > 1 ? "+" : w); break;
    }
  printf(" fields %d\n", f - 1);
}

static void names(const char *who, const char *format, int pid) {
  char path[128];
  snprintf(path, sizeof path, format, pid);
  DIR *d = opendir(path);
  printf("-- %s:", who);
  if (!d) { printf(" %s\n", strerrorname_np(errno)); return; }
  struct dirent *e;
  int numbers = 0;
  while ((e = readdir(d)))
    if (e->d_name[0] >= '0' && e->d_name[0] <= '9' && !strstr(format, "fd")) numbers++;
    else if (e->d_name[0] != '.' && strcmp(e->d_name, "stack")) printf(" %s", e->d_name);
  if (numbers) printf(" and %d numbers", numbers);
  printf("\n");
  closedir(d);
}

static int ready[2], go[2];
static void *thread(void *x) {
  char c;
  prctl(PR_SET_NAME, "second");
  sigset_t s;
  sigemptyset(&s);
  sigaddset(&s, SIGUSR2);
  pthread_sigmask(SIG_BLOCK, &s, 0);
  write(ready[1], &(int){syscall(SYS_gettid)}, 4);
  read(go[0], &c, 1);
  return 0;
}

static void link_of(const char *format, int pid) {
  char path[128], t[256];
  snprintf(path, sizeof path, format, pid);
  long n = readlink(path, t, 255);
  char *last = strrchr(path, '/');
  printf("link %s: %.*s\n", last, n < 0 ? 8 : (int)n, n < 0 ? strerrorname_np(errno) : t);
}

int main(void) {
  setvbuf(stdout, 0, _IONBF, 0);
  pipe(ready);
  pipe(go);
  signal(SIGUSR1, SIG_IGN);
  signal(SIGALRM, (void (*)(int))names);
  names("entries of a process", "/proc/%d", getpid());
  names("entries of a thread", "/proc/self/task/%d", getpid());
  names("descriptors", "/proc/%d/fd", getpid());
  status("itself", getpid());
  stat_of("itself", "/proc/%d/%s", getpid());
  link_of("/proc/%d/cwd", getpid());
  link_of("/proc/%d/root", getpid());
  link_of("/proc/%d/exe", getpid());
  link_of("/proc/%d/ns/mnt", getpid());
  struct stat st;
  dup2(open("/dev/null", O_RDONLY), 40);
  dup2(open("/dev/null", O_WRONLY), 41);
  dup3(open("/dev/null", O_RDWR | O_APPEND), 42, O_CLOEXEC);
  link_of("/proc/%d/fd/40", getpid());
  for (int i = 40; i < 43; i++) {
    char path[64];
    snprintf(path, sizeof path, "/proc/self/fd/%d", i);
    lstat(path, &st);
    printf("fd %d: %o\n", i, st.st_mode);
  }
  slurp("/proc/%d/%s", getpid(), "cmdline");
  printf("cmdline %s, comm ", text);
  slurp("/proc/%d/%s", getpid(), "comm");
  printf("%s", text);
  long n = slurp("/proc/%d/%s", getpid(), "environ");
  for (long i = 0; i < n; i++) if (!text[i]) text[i] = ' ';
  printf("environ %s\n", text);
  n = slurp("/proc/%d/%s", getpid(), "auxv");
  printf("auxv of %ld bytes\n", n);
  const char *small[] = {"oom_score_adj", "oom_adj", "coredump_filter", "timerslack_ns", "personality", "cgroup", "wchan", "fdinfo/40", "fdinfo/42"};
  for (unsigned i = 0; i < sizeof small / sizeof *small; i++) {
    slurp("/proc/%d/%s", getpid(), small[i]);
    char *ino = strstr(text, "mnt_id");
    if (ino) *ino = 0;
    printf("%s: %s%s", small[i], text, strchr(text, '\n') ? "" : "\n");
  }

  pthread_t t;
  int tid, unused;
  pthread_create(&t, 0, thread, 0);
  read(ready[0], &tid, 4);
  // It waits for good.
  usleep(20000);
  names("threads", "/proc/%d/task", getpid());
  status("the process", getpid());
  status("the thread", tid);
  stat_of("the process", "/proc/%d/%s", getpid());
  stat_of("the thread in its task folder", "/proc/self/task/%d/%s", tid);
  stat_of("the thread by its number", "/proc/%d/%s", tid);
  char path[128];
  snprintf(path, sizeof path, "/proc/%d/task/1", getpid());
  printf("a stranger in task: %s\n", access(path, F_OK) ? strerrorname_np(errno) : "there");
  write(go[1], "x", 1);
  pthread_join(t, 0);
  snprintf(path, sizeof path, "/proc/%d", tid);
  printf("the thread has gone: %s\n", access(path, F_OK) ? strerrorname_np(errno) : "there");

  int child = fork();
  if (!child) {
    char c;
    read(go[0], &c, 1);
    _exit(7);
  }
  usleep(10000);
  status("the child", child);
  stat_of("the child", "/proc/%d/%s", child);
  write(go[1], "x", 1);
  do {
    usleep(1000);
    slurp("/proc/%d/%s", child, "stat");
  } while (!strstr(text, ") Z "));
  status("the zombie", child);
  stat_of("the zombie", "/proc/%d/%s", child);
  const char *files[] = {"maps", "smaps", "smaps_rollup", "statm", "cmdline", "environ", "auxv", "mem", "pagemap", "limits", "oom_score", "oom_score_adj",
    "comm", "wchan", "personality", "mounts", "fdinfo/40", "io"};
  for (unsigned i = 0; i < sizeof files / sizeof *files; i++) {
    n = slurp("/proc/%d/%s", child, files[i]);
    printf("%s of the zombie: %s\n", files[i], n < 0 ? strtok(text, "\n") : !strncmp(text, "read ", 5) ? strtok(text, "\n") : n ? n < 20 ? strtok(text, "\n") : "a text" : "empty");
  }
  link_of("/proc/%d/exe", child);
  link_of("/proc/%d/cwd", child);
  link_of("/proc/%d/root", child);
  names("descriptors of the zombie", "/proc/%d/fd", child);
  names("threads of the zombie", "/proc/%d/task", child);
  int fd = open("/proc/self/status", O_RDONLY);
  wait(0);
  snprintf(path, sizeof path, "/proc/%d/status", child);
  printf("after it was reaped: %s\n", access(path, F_OK) ? strerrorname_np(errno) : "there");
  (void)fd;
  (void)unused;
  return 0;
}
