// /proc/self and /proc/thread-self of the first thread and of another.
#define _GNU_SOURCE
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static void *look(void *who) {
  char is[100] = "", ought[100], line[100] = "", name[200];
  sprintf(ought, "%d/task/%ld", getpid(), syscall(SYS_gettid));
  long length = readlink("/proc/thread-self", is, 99);
  printf("%s: %s, %d\n", (char *)who, strcmp(is, ought) ? "another" : "its own",
         length == (long)strlen(ought));
  sprintf(name, "/proc/%s", ought);
  struct stat one, other;
  int first = stat("/proc/thread-self", &one), second = stat(name, &other);
  printf("stat %d %d, same %d\n", first, second, one.st_ino == other.st_ino);
  FILE *file = fopen("/proc/thread-self/comm", "r");
  if (file && fgets(line, 99, file)) printf("comm %s", line);
  if (file) fclose(file);
  printf("task folder %d\n", access("/proc/thread-self/task", F_OK));
  int root = readlink("/proc/self", is, 99);
  is[root] = 0;
  sprintf(ought, "%d", getpid());
  printf("self %s\n", strcmp(is, ought) ? "another" : "its own");
  if (!chdir("/proc/thread-self")) {
    getcwd(is, 99);
    sprintf(ought, "/proc/%d/task/%ld", getpid(), syscall(SYS_gettid));
    printf("folder %s\n", strcmp(is, ought) ? "another" : "its own");
    chdir("/");
  }
  return 0;
}

int main(void) {
  setvbuf(stdout, 0, _IOLBF, 0);
  look("first");
  pthread_t thread;
  pthread_create(&thread, 0, look, "second");
  pthread_join(thread, 0);
  return 0;
}
