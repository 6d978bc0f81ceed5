/* Threads: numbers, ends, exec, leaders that end first, robust mutexes, storage. */
#define _GNU_SOURCE
#include <errno.h>
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

static pthread_barrier_t barrier;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t condition = PTHREAD_COND_INITIALIZER;
static __thread int own = 3;
static int turn, counter;

static pid_t gettid_(void) { return syscall(SYS_gettid); }

static void *round_robin(void *argument) {
  long id = (long)argument;
  own += id;
  pthread_barrier_wait(&barrier);
  for (int n = 0; n < 50; n++) {
    pthread_mutex_lock(&mutex);
    while (turn != id) pthread_cond_wait(&condition, &mutex);
    counter++;
    turn = (turn + 1) % 6;
    pthread_cond_broadcast(&condition);
    pthread_mutex_unlock(&mutex);
  }
  return (void *)(long)own;
}

static void *numbers(void *argument) {
  int *out = argument;
  out[0] = getpid() == out[2];
  out[1] = gettid_() != out[2];
  return 0;
}

static volatile int flag;
static void *spins(void *argument) {
  while (!flag);
  return 0;
}

static void *forever(void *argument) {
  for (;;) pause();
}

static void *ends(void *argument) {
  usleep(3000);
  syscall(SYS_exit, 0x55);
  return 0;
}

static void *ends_all(void *argument) {
  usleep(3000);
  exit(21);
}

static void *crashes(void *argument) {
  usleep(1000);
  *(volatile int *)8 = 1;
  return 0;
}

static char *self;
static void *executes(void *argument) {
  usleep(2000);
  char pid[16];
  snprintf(pid, 16, "%d", getpid());
  execl(self, self, "again", pid, (char *)0);
  return 0;
}

static pthread_mutex_t robust;
static void *leaves_locked(void *argument) {
  pthread_mutex_lock(&robust);
  return 0;
}

static int status_of(void (*body)(void)) {
  fflush(stdout);
  pid_t pid = fork();
  if (pid == 0) {
    body();
    _exit(99);
  }
  int status = -1;
  waitpid(pid, &status, 0);
  return status;
}

static pthread_t thread;
static void start(void *(*body)(void *)) { pthread_create(&thread, 0, body, 0); }

static void leader_first(void) {
  start(ends);
  syscall(SYS_exit, 0x44);
}
static void leader_first_all(void) {
  start(ends_all);
  syscall(SYS_exit, 0x44);
}
static void thread_first(void) {
  start(ends);
  pthread_join(thread, 0);
  syscall(SYS_exit, 0x33);
}
static void group(void) {
  for (int n = 0; n < 5; n++) start(forever);
  usleep(1000);
  _exit(17);
}
static void crash(void) {
  for (int n = 0; n < 3; n++) start(forever);
  start(crashes);
  pause();
}
static void killed(void) {
  for (int n = 0; n < 3; n++) start(forever);
  usleep(1000);
  kill(getpid(), SIGKILL);
  pause();
}
static void killed_thread(void) {
  start(forever);
  usleep(1000);
  syscall(SYS_tgkill, getpid(), gettid_() + 1, SIGTERM);
  pause();
}
static void exec_leader(void) {
  for (int n = 0; n < 3; n++) start(forever);
  usleep(1000);
  executes(0);
}
static void exec_thread(void) {
  for (int n = 0; n < 3; n++) start(forever);
  start(executes);
  pause();
}
static void exec_thread_leader_gone(void) {
  start(executes);
  syscall(SYS_exit, 0);
}
static void two_exec(void) {
  start(executes);
  start(executes);
  pause();
}

int main(int argc, char **argv) {
  if (argc > 1) {
    printf("again: same process %d, leader %d\n", atoi(argv[2]) == getpid(), getpid() == gettid_());
    fflush(stdout);
    return 12;
  }
  self = argv[0];
  setvbuf(stdout, 0, _IOFBF, 65536);
  pthread_t threads[64];
  void *value;

  pthread_barrier_init(&barrier, 0, 7);
  for (long n = 0; n < 6; n++) pthread_create(&threads[n], 0, round_robin, (void *)n);
  pthread_barrier_wait(&barrier);
  long sum = 0;
  for (int n = 0; n < 6; n++) pthread_join(threads[n], &value), sum += (long)value;
  printf("turns %d, storage %ld, own %d\n", counter, sum, own);

  int out[3] = {0, 0, getpid()};
  pthread_create(&thread, 0, numbers, out);
  pthread_join(thread, 0);
  printf("same process %d, other thread %d, leader %d\n", out[0], out[1], gettid_() == getpid());

  pthread_create(&thread, 0, spins, 0);
  usleep(1000);
  flag = 1;
  pthread_join(thread, 0);
  printf("the spinner gave way\n");

  for (int n = 0; n < 3000; n++) {
    if (pthread_create(&thread, 0, numbers, out)) printf("no thread %d\n", n);
    pthread_join(thread, 0);
  }
  for (int n = 0; n < 64; n++) pthread_create(&threads[n], 0, numbers, out);
  for (int n = 0; n < 64; n++) pthread_join(threads[n], 0);
  printf("storms over\n");

  pthread_mutexattr_t attributes;
  pthread_mutexattr_init(&attributes);
  pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
  pthread_mutex_init(&robust, &attributes);
  pthread_create(&thread, 0, leaves_locked, 0);
  pthread_join(thread, 0);
  int error = pthread_mutex_lock(&robust);
  printf("robust: %s", strerrorname_np(error));
  printf(", consistent %d", pthread_mutex_consistent(&robust));
  printf(", unlock %d", pthread_mutex_unlock(&robust));
  printf(", lock %d\n", pthread_mutex_lock(&robust));

  pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
  pthread_mutex_t *across = mmap(0, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  pthread_mutex_init(across, &attributes);
  fflush(stdout);
  pid_t pid = fork();
  if (pid == 0) {
    pthread_mutex_lock(across);
    usleep(3000);
    kill(getpid(), SIGKILL);
  }
  usleep(1000);
  error = pthread_mutex_lock(across);
  printf("robust across processes: %s\n", error ? strerrorname_np(error) : "none");
  waitpid(pid, 0, 0);

  printf("leader first, thread ends: %x\n", status_of(leader_first));
  printf("leader first, thread exits: %x\n", status_of(leader_first_all));
  printf("thread first: %x\n", status_of(thread_first));
  printf("exit of the group: %x\n", status_of(group));
  printf("crash of one: %x\n", status_of(crash) & 0x7f);
  printf("killed: %x\n", status_of(killed));
  printf("one terminated: %x\n", status_of(killed_thread));
  printf("exec of the leader: %x\n", status_of(exec_leader));
  printf("exec of a thread: %x\n", status_of(exec_thread));
  printf("exec of a thread without leader: %x\n", status_of(exec_thread_leader_gone));
  printf("two exec: %x\n", status_of(two_exec));
  struct rusage usage;
  getrusage(RUSAGE_CHILDREN, &usage);
  printf("children used time: %d\n", usage.ru_utime.tv_sec * 1000000 + usage.ru_utime.tv_usec > 0);
  return 0;
}
