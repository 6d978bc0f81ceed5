// A call that wakes a task of higher rank and then waits for it is no call that a signal ended.
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

int main(void) {
  enum { all = 1 << 20 };
  int ends[2];
  if (pipe(ends)) return 1;
  fflush(stdout);
  int child = fork();
  if (child == 0) {
    struct sched_param parameters = {10};
    if (sched_setscheduler(0, SCHED_FIFO, &parameters)) perror("sched_setscheduler");
    close(ends[1]);
    static char some[5000];
    long total = 0, got;
    while ((got = read(ends[0], some, sizeof some)) > 0) total += got;
    printf("read %ld, last %ld\n", total, got);
    return 0;
  }
  close(ends[0]);
  static char bytes[all];
  printf("one write of %d: %zd\n", all, write(ends[1], bytes, all));
  fflush(stdout);
  close(ends[1]);
  int status;
  waitpid(child, &status, 0);
  printf("ended with %d\n", status);
}
