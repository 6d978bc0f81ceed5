/* A timer of a nanosecond whose signal is ignored takes the CPU from nobody. */
#include <signal.h>
#include <stdio.h>
#include <time.h>

int main(void) {
  struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1};
  struct itimerspec every = {{0, 1}, {0, 1}};
  timer_t timer;
  volatile long sum = 0;
  signal(SIGUSR1, SIG_IGN);
  printf("%d", timer_create(CLOCK_MONOTONIC, &event, &timer));
  printf(" %d", timer_settime(timer, 0, &every, NULL));
  for (long index = 0; index < 1000000; index++) sum += index;
  printf(" %ld\n", sum);
  return 0;
}
