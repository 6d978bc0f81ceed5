/* Who is killed when memory runs out: not who has most, but whom oom_score_adj says. */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

static void adjust(const char *value) {
  int file = open("/proc/self/oom_score_adj", O_WRONLY);
  if (write(file, value, strlen(value)) < 0) puts("not adjusted");
  close(file);
}

static char *touch(size_t length) {
  char *memory = mmap(NULL, length, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  for (size_t at = 0; at < length; at += 4096) memory[at] = 1;
  return memory;
}

static pid_t make(const char *value, size_t length) {
  pid_t pid = fork();
  if (pid) return pid;
  adjust(value);
  touch(length);
  for (;;) pause();
}

int main(void) {
  pid_t children[3], hungry;
  int status;
  children[0] = make("0", 64 << 20);
  children[1] = make("900", 8 << 20);
  children[2] = make("-1000", 32 << 20);
  usleep(300000);
  hungry = fork();
  if (hungry == 0) {
    adjust("-900");
    for (;;) touch(1 << 20);
  }
  for (int count = 0; count < 3; count++) {
    pid_t pid = wait(&status);
    printf("%s: signal %d\n",
           pid == children[0] ? "0" : pid == children[1] ? "900" : pid == hungry ? "-900" : "-1000",
           WTERMSIG(status));
    fflush(stdout);
  }
  kill(children[2], SIGKILL);
  wait(&status);
  return 0;
}
