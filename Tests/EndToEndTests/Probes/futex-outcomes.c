/* Why a wait at a futex ended, where the word has changed in the meantime and nobody said so. */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/futex.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static int word;
static pthread_t waiter;

static void caught(int signal) { (void)signal; }

static void *change(void *kind) {
  usleep(10000);
  word = 1;
  if (kind) pthread_kill(waiter, SIGUSR1);
  return NULL;
}

static void tell(const char *what, int operation, int value, struct timespec *limit, int signals) {
  pthread_t thread;
  word = 0;
  pthread_create(&thread, NULL, change, signals ? &word : NULL);
  errno = 0;
  long result = syscall(SYS_futex, &word, operation | FUTEX_PRIVATE_FLAG, value, limit, NULL, ~0);
  printf("%s: %ld, %d\n", what, result, errno);
  pthread_join(thread, NULL);
}

int main(void) {
  struct sigaction action = {.sa_handler = caught};
  struct timespec limit = {0, 30000000}, past = {0, 1};
  waiter = pthread_self();
  sigaction(SIGUSR1, &action, NULL);
  tell("time", FUTEX_WAIT, 0, &limit, 0);
  tell("a signal", FUTEX_WAIT, 0, NULL, 1);
  tell("a signal before the time", FUTEX_WAIT, 0, &limit, 1);
  tell("a moment that is past", FUTEX_WAIT_BITSET, 0, &past, 0);
  tell("another value and a moment that is past", FUTEX_WAIT_BITSET, 1, &past, 0);
  action.sa_flags = SA_RESTART;
  sigaction(SIGUSR1, &action, NULL);
  tell("a signal, and the call is made again", FUTEX_WAIT, 0, NULL, 1);
  return 0;
}
