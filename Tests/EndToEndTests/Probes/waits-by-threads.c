/* Two threads wait for one child; the first takes it and forks another, whose number may be made of
   the same memory. What a wait that finds nothing leaves behind. */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static pid_t child, other;

static void *first(void *unused) {
  int status = 0;
  printf("the first: %d", waitpid(child, &status, 0) == child);
  other = fork();
  if (other == 0) {
    usleep(20000);
    _exit(7);
  }
  printf(", status %x\n", status);
  return unused;
}

static void *second(void *unused) {
  int status = 0;
  errno = 0;
  pid_t found = waitpid(child, &status, 0);
  printf("the second: %s, status %x, %d\n",
         found == child ? "the same" : found == other ? "the other" : "none", status, errno);
  return unused;
}

static void caught(int signal) { (void)signal; }

static void information(const char *what, int kind, pid_t pid, int options) {
  siginfo_t found;
  memset(&found, 0x55, sizeof found);
  errno = 0;
  int result = waitid(kind, pid, &found, options);
  printf("%s: %d, %d; signal %x, code %x, process %x, status %x\n", what, result, errno,
         found.si_signo, found.si_code, found.si_pid, found.si_status);
}

int main(void) {
  pthread_t threads[2];
  int status;
  setvbuf(stdout, NULL, _IONBF, 0);
  child = fork();
  if (child == 0) {
    usleep(50000);
    _exit(3);
  }
  pthread_create(&threads[0], NULL, first, NULL);
  usleep(10000);
  pthread_create(&threads[1], NULL, second, NULL);
  pthread_join(threads[0], NULL);
  pthread_join(threads[1], NULL);
  printf("the other: %d", waitpid(other, &status, 0) == other);
  printf(", status %x\n", status);

  struct sigaction action = {.sa_handler = caught};
  sigaction(SIGALRM, &action, NULL);
  child = fork();
  if (child == 0) {
    pause();
    _exit(0);
  }
  information("nothing to wait for", P_PID, child, 0);
  information("no kind", 9, child, WEXITED);
  information("not yet", P_PID, child, WEXITED | WNOHANG);
  information("nobody", P_PID, getpid(), WEXITED);
  ualarm(10000, 0);
  information("a signal", P_PID, child, WEXITED);
  kill(child, SIGKILL);
  waitpid(child, NULL, 0);

  errno = 0;
  printf("limits: %d", prlimit(0, 99, (void *)1, NULL));
  printf(" %d", errno);
  printf(", %d", prlimit(99999, 99, NULL, NULL));
  printf(" %d\n", errno);
  return 0;
}
