/* A thread calls exec while others, and other processes, make calls that take paths. */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static void *look(void *path) {
  for (;;) access(path, F_OK);
  return NULL;
}

int main(int count, char **arguments) {
  if (count > 1) {
    char name[17] = {0};
    prctl(PR_GET_NAME, name);
    printf("%s %s\n", name, arguments[1]);
    return 0;
  }
  for (int round = 0; round < 3; round++) {
    pid_t child = fork();
    if (child == 0) {
      char *next[] = {arguments[0], "began", NULL};
      pthread_t thread;
      for (int index = 0; index < 3; index++)
        pthread_create(&thread, NULL, look, "/somewhere/else");
      usleep(10000);
      execv(arguments[0], next);
      _exit(1);
    }
    pid_t other = fork();
    if (other == 0) {
      for (int index = 0; index < 20000; index++) access("/another/place", F_OK);
      _exit(0);
    }
    waitpid(child, NULL, 0);
    waitpid(other, NULL, 0);
  }
  return 0;
}
