/* Signals and threads: which thread takes one, whom a fatal or stopping one ends, exec and exit. */
#include "signals.h"
#include <pthread.h>

static volatile int taken_by[8], threads_ready, done;
static __thread int number;

static void on(int sig, siginfo_t *info, void *context) {
  taken_by[number]++;
  say("signal %d code %d taken by thread %d\n", sig, info->si_code, number);
}

static void *body(void *argument) {
  number = (int)(long)argument;
  /* Thread 2 blocks SIGUSR1, thread 3 all. */
  if (number == 2) mask_raw(SIG_SETMASK, bit(SIGUSR1));
  if (number == 3) mask_raw(SIG_SETMASK, ~0ul);
  __atomic_add_fetch(&threads_ready, 1, __ATOMIC_SEQ_CST);
  while (!done) settle();
  return (void *)pending_now();
}

static pthread_t threads[8];
static void start(int count) {
  threads_ready = done = 0;
  for (long i = 1; i <= count; i++) pthread_create(&threads[i], 0, body, (void *)i);
  while (threads_ready < count) settle();
}

static void finish(int count) {
  done = 1;
  for (int i = 1; i <= count; i++) {
    void *pending;
    pthread_join(threads[i], &pending);
    say("thread %d ended, pending %lx\n", i, (unsigned long)pending);
  }
}

static void choosing(void) {
  say("-- who takes it\n");
  int sigs[] = {SIGUSR1, SIGUSR2, 40};
  for (int i = 0; i < 3; i++) {
    struct action action = {on, SA_SIGINFO, 0, 0};
    sigaction_raw(sigs[i], &action, 0);
  }
  start(3);
  kill(getpid(), SIGUSR1);
  settle();
  mask_raw(SIG_SETMASK, bit(SIGUSR1) | bit(SIGUSR2));
  kill(getpid(), SIGUSR1);
  settle();
  kill(getpid(), SIGUSR2);
  settle();
  pthread_kill(threads[2], SIGUSR2);
  settle();
  pthread_kill(threads[2], SIGUSR1);
  pthread_kill(threads[3], SIGUSR2);
  settle();
  say("own pending %lx\n", pending_now());
  mask_raw(SIG_SETMASK, 0);
  finish(3);
}

static void *take(void *argument) {
  number = 1;
  unsigned long set = bit(SIGUSR1);
  siginfo_t info;
  threads_ready = 1;
  long value = syscall(SYS_rt_sigtimedwait, &set, &info, 0, 8);
  say("sigwait: %s code %d\n", result(value), info.si_code);
  return 0;
}

static void waiting(void) {
  say("-- a thread that waits for it takes it\n");
  mask_raw(SIG_SETMASK, bit(SIGUSR1));
  threads_ready = 0;
  pthread_create(&threads[1], 0, take, 0);
  while (!threads_ready) settle();
  settle();
  kill(getpid(), SIGUSR1);
  pthread_join(threads[1], 0);
  say("pending %lx\n", pending_now());
}

static void *fault(void *argument) {
  *(volatile int *)16 = 1;
  return 0;
}

static void dies_by_thread(void) {
  start(2);
  pthread_create(&threads[4], 0, fault, 0);
  for (;;) settle();
}

static void *exits(void *argument) {
  settle();
  _exit(42);
}

static void exits_by_thread(void) {
  start(2);
  pthread_create(&threads[4], 0, exits, 0);
  for (;;) settle();
}

static void leader_first(void) {
  start(1);
  pthread_create(&threads[4], 0, exits, 0);
  syscall(SYS_exit, 7);
}

static void *execs(void *argument) {
  settle();
  execl("/proc/self/exe", "threads", "again", (char *)0);
  _exit(95);
}

static void exec_by_thread(void) {
  start(2);
  say("exec, tid is pid %d\n", gettid() == getpid());
  pthread_create(&threads[4], 0, execs, 0);
  for (;;) settle();
}

static volatile long counter;
static void *counts(void *argument) {
  while (!done) {
    counter++;
    settle();
  }
  return 0;
}


static void stopping(void) {
  say("-- a stop stops all threads\n");
  volatile long *shared =
      mmap(0, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  pid_t pid = fork();
  if (pid == 0) {
    setpgid(0, 0);
    done = 0;
    pthread_create(&threads[1], 0, counts, 0);
    for (;;) {
      settle();
      *shared = counter;
    }
  }
  settle();
  settle();
  kill(pid, SIGSTOP);
  int status;
  waitpid(pid, &status, WUNTRACED);
  say("%s\n", status_text(status));
  settle();
  long before = *shared;
  for (int i = 0; i < 5; i++) settle();
  say("stood still %d\n", *shared == before);
  kill(pid, SIGCONT);
  waitpid(pid, &status, WCONTINUED);
  say("%s\n", status_text(status));
  for (int i = 0; i < 5; i++) settle();
  say("goes on %d\n", *shared > before);
  kill(pid, SIGKILL);
  waitpid(pid, &status, 0);
  say("%s\n", status_text(status));
}

int main(int argc, char **argv) {
  if (argc > 1) {
    say("after exec, tid is pid %d\n", gettid() == getpid());
    return 9;
  }
  choosing();
  waiting();
  mask_raw(SIG_SETMASK, 0);
  say("-- ends\n");
  in_child("a thread faults", dies_by_thread);
  in_child("a thread exits for all", exits_by_thread);
  in_child("the leader ends first", leader_first);
  in_child("a thread execs", exec_by_thread);
  stopping();
  return 0;
}
