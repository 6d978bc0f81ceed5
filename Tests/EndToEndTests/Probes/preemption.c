// A program that does not give the CPU up shares it all the same, whatever timers are set far ahead.
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

static volatile int *shared;
static void late(int signal) { write(1, "late\n", 5); _exit(1); }

static void meet(const char *what) {
  shared[0] = shared[1] = 0;
  fflush(stdout);
  pid_t child = fork();
  if (child == 0) {
    for (int i = 1; i <= 20; i++) {
      shared[0] = i;
      while (shared[1] != i) {}
    }
    _exit(0);
  }
  for (int i = 1; i <= 20; i++) {
    while (shared[0] != i) {}
    shared[1] = i;
  }
  int status;
  waitpid(child, &status, 0);
  printf("%s: %d\n", what, status);
}

static volatile int caught;
static void count(int signal) { caught++; }

int main(void) {
  shared = mmap(0, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  meet("no timer");
  signal(SIGALRM, late);
  struct itimerval far = {{0, 0}, {8, 0}};
  setitimer(ITIMER_REAL, &far, 0);
  meet("a timer in 8 s");
  // A child that only ever waits is woken by one that never does.
  fflush(stdout);
  signal(SIGUSR1, count);
  sigset_t mask, old;
  sigemptyset(&mask);
  sigaddset(&mask, SIGUSR1);
  sigprocmask(SIG_BLOCK, &mask, &old);
  pid_t child = fork();
  if (child == 0) {
    while (caught < 30) sigsuspend(&old);
    _exit(0);
  }
  int status;
  while (waitpid(child, &status, WNOHANG) == 0) kill(child, SIGUSR1);
  printf("suspended: %d\n", status);
}
