// What system calls do at a memory group's limit, where the page that they write to must be charged:
// each has its effect once, and no more.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>
#include <sys/wait.h>
#include <unistd.h>

#define GROUP "/sys/fs/cgroup/limit"

static void put(const char *path, const char *text) {
  int file = open(path, O_WRONLY);
  if (file < 0 || write(file, text, strlen(text)) < 0) printf("%s: %s\n", path, strerror(errno));
  close(file);
}

static char *fresh(long pages) {
  return mmap(0, pages * getpagesize(), PROT_READ | PROT_WRITE,
              MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
}

static volatile int handled;
static void handler(int signal) { handled++; }

struct message { long type; char text[8]; };

// Signals on stacks that nobody has touched.
static void signals(void) {
  long page = getpagesize();
  char *stacks = fresh(200 * 5);
  struct sigaction action = {.sa_handler = handler, .sa_flags = SA_ONSTACK};
  sigaction(SIGUSR1, &action, 0);
  for (int i = 0; i < 200; i++) {
    stack_t stack = {.ss_sp = stacks + i * 5 * page, .ss_size = 5 * page};
    sigaltstack(&stack, 0);
    raise(SIGUSR1);
  }
  stack_t none = {.ss_flags = SS_DISABLE};
  sigaltstack(&none, 0);
  printf("signals %d of 200\n", handled);
}

// Calls that answer into pages that nobody has touched.
static void answers(void) {
  long page = getpagesize();
  int masks = 0, messages = 0, children = 0;
  char *places = fresh(2300);
  unsigned long set = 1ul << (SIGUSR2 - 1);
  for (int i = 0; i < 1000; i++) {
    unsigned long *old = (void *)(places + i * page);
    syscall(SYS_rt_sigprocmask, SIG_BLOCK, &set, old, 8);
    masks += (*old & set) != 0;
    syscall(SYS_rt_sigprocmask, SIG_UNBLOCK, &set, 0, 8);
  }
  int queue = msgget(IPC_PRIVATE, 0600 | IPC_CREAT);
  struct message message = {1, "hello"};
  for (int i = 1000; i < 2000; i++) {
    msgsnd(queue, &message, 8, 0);
    messages += msgrcv(queue, places + i * page, 8, 0, IPC_NOWAIT) != 8;
  }
  for (int i = 2000; i < 2300; i++) {
    pid_t child = vfork();
    if (child == 0) _exit(3);
    children += waitpid(child, (int *)(places + i * page), 0) != child;
  }
  printf("masks wrong %d, messages lost %d, children lost %d\n", masks, messages, children);
}

// What was short in one call is nothing to the next, which fails for a reason of its own.
static void leftover(void) {
  int queue = msgget(IPC_PRIVATE, 0600 | IPC_CREAT);
  struct message message = {1, "hello"};
  struct msqid_ds state;
  for (int i = 0; i < 5; i++) msgsnd(queue, &message, 8, 0);
  mmap(0, 6 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
  long got = msgrcv(queue, (void *)1, 8, 0, IPC_NOWAIT);
  int error = errno;
  msgctl(queue, IPC_STAT, &state);
  printf("msgrcv %ld %s, left %d\n", got, strerror(error), (int)state.msg_qnum);
}

// Arguments that are more than the group may have.
static void arguments(char *program) {
  static char text[100001];
  memset(text, 'x', 100000);
  char *words[19];
  for (int i = 0; i < 18; i++) words[i] = text;
  words[18] = 0;
  put(GROUP "/memory.swap.max", "0");
  put(GROUP "/memory.max", "1M");
  pid_t child = fork();
  if (child == 0) {
    put(GROUP "/cgroup.procs", "0");
    execv("/proc/self/exe", words);
    printf("execv: %s\n", strerror(errno));
    _exit(1);
  }
  int status;
  waitpid(child, &status, 0);
  printf("arguments %s\n", WIFSIGNALED(status) ? strsignal(WTERMSIG(status)) : "went");
}

// A call that fails for its own reason while the machine is short of memory ends.
static void short_and_wrong(void) {
  static char text[100001];
  memset(text, 'x', 100000);
  char *words[] = {(char *)8, text, text, text, 0};
  long page = getpagesize(), least = 0;
  FILE *file = fopen("/proc/sys/vm/min_free_kbytes", "r");
  if (!file || fscanf(file, "%ld", &least) != 1) printf("no min_free_kbytes\n");
  char *pages = fresh((62l << 20) / page);
  for (long i = 0; i < (62l << 20) / page; i++) {
    struct sysinfo info;
    pages[i * page] = 1;
    if (i % 8 == 0 && (sysinfo(&info), (long)(info.freeram / 1024) < least + 16 * page / 1024)) break;
  }
  for (int i = 0; i < 5; i++) {
    errno = 0;
    execv("/proc/self/exe", words);
    printf("execv: %s\n", strerror(errno));
  }
}

int main(int count, char **words) {
  setvbuf(stdout, 0, _IONBF, 0);
  if (!strcmp(words[1], "short")) {
    short_and_wrong();
    return 0;
  }
  mkdir(GROUP, 0755);
  if (!strcmp(words[1], "arguments")) {
    arguments(words[0]);
    return 0;
  }
  // As many pages on all page sizes.
  char limit[32];
  sprintf(limit, "%ld", 1024l * getpagesize());
  put(GROUP "/memory.max", limit);
  put(GROUP "/cgroup.procs", "0");
  char *ballast = fresh(1024);
  for (int i = 0; i < 1024; i++) ballast[(long)i * getpagesize()] = 1;
  signals();
  answers();
  leftover();
  return 0;
}
