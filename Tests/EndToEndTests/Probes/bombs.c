/* Bombs of processes and of threads: they end in EAGAIN, and everything goes on. */
#define _GNU_SOURCE
#include <errno.h>
#include <sched.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static void *waits(void *argument) {
  for (;;) pause();
}

static void forks(int limit) {
  struct rlimit processes = {limit, limit};
  setrlimit(RLIMIT_NPROC, &processes);
  if (setresuid(1000, 1000, 1000)) exit(1);
  int made = 0;
  pid_t pid;
  while ((pid = fork()) > 0 && made < 10000) made++;
  if (pid == 0) {
    pause();
    _exit(0);
  }
  const char *error = strerrorname_np(errno);
  printf("processes: all but one of the limit %d, then %s\n", made == limit - 1, error);
  int thread_error = 0;
  pthread_t thread;
  thread_error = pthread_create(&thread, 0, waits, 0);
  printf("a thread: %s\n", thread_error ? strerrorname_np(thread_error) : "made");
  fflush(stdout);
  signal(SIGTERM, SIG_IGN);
  kill(-1, SIGTERM);
  int ended = 0, status;
  while (wait(&status) > 0) ended += WIFSIGNALED(status);
  printf("all ended: %d\n", ended == made);
  pid = fork();
  if (pid == 0) _exit(0);
  printf("again: %d\n", pid > 0);
  exit(0);
}

static void multiplies(int limit) {
  struct rlimit processes = {limit, limit};
  setrlimit(RLIMIT_NPROC, &processes);
  if (setresuid(1001, 1001, 1001)) exit(1);
  /* Everyone forks, twice the limit over. */
  setsid();
  for (int n = 0; n < 12; n++) fork();
  for (;;) pause();
}

static char stack[4096 * 4] __attribute__((aligned(16)));
static int holds(void *argument) {
  for (;;) pause();
}

static void threads(void) {
  int flags = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM;
  int made = 0;
  /* One stack for all: they only wait, in registers. */
  for (;;) {
    long tid = clone(holds, stack + sizeof stack, flags, 0);
    if (tid < 0) break;
    if (++made == 100000) break;
    if (made % 64 == 0) sched_yield();
  }
  printf("threads: more than 500 %d, less than 100000 %d, then %s\n", made > 500, made < 100000,
         strerrorname_np(errno));
  fflush(stdout);
  exit(3);
}

static int status_of(void (*body)(int), int limit) {
  fflush(stdout);
  pid_t pid = fork();
  if (pid == 0) body(limit), exit(9);
  int status = -1;
  waitpid(pid, &status, 0);
  return status;
}

int main(void) {
  setvbuf(stdout, 0, _IOFBF, 65536);
  printf("-> %x\n", status_of(forks, 300));
  printf("-> %x\n", status_of((void (*)(int))threads, 0));
  printf("-> %x\n", status_of((void (*)(int))threads, 0));
  fflush(stdout);
  pid_t bomb = fork();
  if (bomb == 0) multiplies(200);
  usleep(300000);
  if (fork() == 0) {
    setresuid(1001, 1001, 1001);
    kill(-1, SIGKILL);
    _exit(0);
  }
  int status, ended = 0;
  while (wait(&status) > 0) ended++;
  printf("a bomb is over: %d\n", ended == 2);
  return 0;
}
