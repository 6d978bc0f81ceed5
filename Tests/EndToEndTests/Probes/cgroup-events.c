// Waiting for events of control groups by poll, beginning in one (CLONE_INTO_CGROUP), and sharing
// folders out to somebody else by chmod and chown.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define TOP "/sys/fs/cgroup/"

static const char *name(int error) { return error ? strerrorname_np(error) : "ok"; }

static int put(const char *path, const char *text) {
  int descriptor = open(path, O_WRONLY);
  if (descriptor < 0) return errno;
  int result = write(descriptor, text, strlen(text)) < 0 ? errno : 0;
  close(descriptor);
  return result;
}

static const char *words(int events) {
  static char text[64];
  text[0] = 0;
  if (events & POLLIN) strcat(text, " in");
  if (events & POLLOUT) strcat(text, " out");
  if (events & POLLPRI) strcat(text, " pri");
  if (events & POLLERR) strcat(text, " err");
  if (!events) strcat(text, " nothing");
  return text;
}

static int ready(int descriptor, int timeout) {
  struct pollfd entry = {descriptor, POLLPRI, 0};
  poll(&entry, 1, timeout);
  return entry.revents;
}

static void drain(int descriptor) {
  char buffer[4096];
  lseek(descriptor, 0, SEEK_SET);
  while (read(descriptor, buffer, sizeof buffer) > 0) {}
}

static long born(unsigned long flags, int group, size_t size) {
  unsigned long arguments[11] = {flags | 0x200000000ul, 0, 0, 0, SIGCHLD, 0, 0, 0, 0, 0, group};
  return syscall(435, arguments, size);
}

static void polling(void) {
  printf("polling\n");
  mkdir(TOP "a", 0755);
  int events = open(TOP "a/cgroup.events", O_RDONLY);
  int memory = open(TOP "a/memory.events", O_RDONLY);
  int local = open(TOP "a/memory.events.local", O_RDONLY);
  printf("events, never read:%s\n", words(ready(events, 0)));
  drain(events), drain(memory), drain(local);
  printf("events, read:%s\n", words(ready(events, 0)));
  printf("memory, read:%s\n", words(ready(memory, 0)));
  put(TOP "a/memory.max", "4194304");
  put(TOP "a/memory.swap.max", "0");
  int child = fork();
  if (!child) {
    put(TOP "a/cgroup.procs", "0");
    char *place = mmap(0, 32 << 20, 3, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    for (long at = 0; at < 32 << 20; at += 4096) place[at] = 1;
    _exit(0);
  }
  printf("memory, waited for:%s\n", words(ready(memory, 10000)));
  printf("local:%s\n", words(ready(local, 10000)));
  int status;
  waitpid(child, &status, 0);
  printf("the child: signal %d\n", WTERMSIG(status));
  usleep(50000);
  printf("events, after a life:%s\n", words(ready(events, 1000)));
  drain(events), drain(memory);
  printf("events, read:%s\n", words(ready(events, 0)));
  printf("memory, read:%s\n", words(ready(memory, 0)));
  struct pollfd entry = {memory, POLLIN | POLLOUT, 0};
  poll(&entry, 1, 0);
  printf("for reading:%s\n", words(entry.revents));
  rmdir(TOP "a");
  printf("removed:%s\n", words(ready(events, 0) & (POLLPRI | POLLERR)));
}

static void births(void) {
  printf("births\n");
  mkdir(TOP "b", 0755);
  int group = open(TOP "b", O_RDONLY | O_DIRECTORY);
  int path = open(TOP "b", O_PATH);
  for (int round = 0; round < 2; round++) {
    long child = born(0, round ? path : group, 88);
    if (!child) {
      char text[64] = {0};
      int descriptor = open("/proc/self/cgroup", O_RDONLY);
      read(descriptor, text, sizeof text - 1);
      printf("the child is in %s", text);
      fflush(stdout);
      _exit(0);
    }
    printf("born: %s\n", child > 0 ? "yes" : name(errno));
    if (child > 0) waitpid(child, 0, 0);
  }
  int file = open(TOP "b/cgroup.procs", O_RDONLY);
  int other = open("/proc", O_RDONLY);
  printf("a file: %s\n", born(0, file, 88) < 0 ? name(errno) : "ok");
  printf("another folder: %s\n", born(0, other, 88) < 0 ? name(errno) : "ok");
  printf("no descriptor: %s\n", born(0, 999, 88) < 0 ? name(errno) : "ok");
  printf("too short: %s\n", born(0, group, 80) < 0 ? name(errno) : "ok");
  mkdir(TOP "b/inner", 0755);
  printf("shares: %s\n", name(put(TOP "b/cgroup.subtree_control", "+memory")));
  printf("one that shares out: %s\n", born(0, group, 88) < 0 ? name(errno) : "ok");
  rmdir(TOP "b/inner");
  rmdir(TOP "b");
  printf("a removed one: %s\n", born(0, group, 88) < 0 ? name(errno) : "ok");
}

static void show(const char *path) {
  struct stat found;
  if (stat(path, &found)) printf("%s: %s\n", path, name(errno));
  else printf("%s: %o %d %d\n", path + strlen(TOP), found.st_mode, found.st_uid, found.st_gid);
}

static void sharing(void) {
  printf("sharing\n");
  mkdir(TOP "c", 0755);
  mkdir(TOP "c/one", 0755);
  mkdir(TOP "c/two", 0755);
  show(TOP "c"), show(TOP "c/cgroup.procs"), show(TOP "c/cgroup.events");
  printf("chmod: %s\n", name(chmod(TOP "c/cgroup.events", 0400) ? errno : 0));
  printf("chown: %s\n", name(chown(TOP "c", 1000, 1000) ? errno : 0));
  printf("chown procs: %s\n", name(chown(TOP "c/cgroup.procs", 1000, 1000) ? errno : 0));
  printf("chown one: %s\n", name(chown(TOP "c/one/cgroup.procs", 1000, 1000) ? errno : 0));
  show(TOP "c"), show(TOP "c/cgroup.procs"), show(TOP "c/cgroup.events");
  show(TOP "c/one"), show(TOP "c/memory.max");
  int child = fork();
  if (!child) {
    setgid(1000), setuid(1000);
    printf("from the top: %s\n", name(put(TOP "c/one/cgroup.procs", "0")));
    printf("mkdir: %s\n", name(mkdir(TOP "c/mine", 0755) ? errno : 0));
    show(TOP "c/mine"), show(TOP "c/mine/cgroup.procs");
    printf("mkdir at the top: %s\n", name(mkdir(TOP "mine", 0755) ? errno : 0));
    printf("limit: %s\n", name(put(TOP "c/memory.max", "max")));
    printf("own limit: %s\n", name(put(TOP "c/mine/memory.max", "max")));
    printf("chmod own: %s\n", name(chmod(TOP "c/mine/cgroup.procs", 0600) ? errno : 0));
    printf("chmod another's: %s\n", name(chmod(TOP "c/memory.max", 0666) ? errno : 0));
    printf("give away: %s\n", name(chown(TOP "c/mine", 0, -1) ? errno : 0));
    fflush(stdout);
    _exit(0);
  }
  waitpid(child, 0, 0);
  child = fork();
  if (!child) {
    put(TOP "c/one/cgroup.procs", "0");
    setgid(1000), setuid(1000);
    printf("to another's: %s\n", name(put(TOP "c/two/cgroup.procs", "0")));
    printf("to its own: %s\n", name(put(TOP "c/mine/cgroup.procs", "0")));
    printf("back: %s\n", name(put(TOP "c/one/cgroup.procs", "0")));
    printf("out: %s\n", name(put(TOP "cgroup.procs", "0")));
    fflush(stdout);
    _exit(0);
  }
  waitpid(child, 0, 0);
  show(TOP "c/mine/cgroup.procs");
  rmdir(TOP "c/one"), rmdir(TOP "c/two"), rmdir(TOP "c/mine");
  printf("rmdir: %s\n", name(rmdir(TOP "c") ? errno : 0));
}

int main(void) {
  setvbuf(stdout, 0, _IOLBF, 0);
  put(TOP "cgroup.subtree_control", "+memory");
  polling();
  births();
  sharing();
  return 0;
}
