// Locks on files: of processes, of open files, flock; who waits in a circle, and what ends them.
// Recorded on Debian's kernel of the same version: the other was built without file locks.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *name(int error) { return error ? strerrorname_np(error) : "ok"; }
static int parent;

static int lock(int file, int command, int type, int whence, long start, long length) {
  struct flock lock = {.l_type = type, .l_whence = whence, .l_start = start, .l_len = length};
  errno = 0;
  int result = fcntl(file, command, &lock);
  if (command == F_GETLK || command == F_OFD_GETLK) {
    if (result == 0)
      printf("  get %ld+%ld: type %d whence %d %ld+%ld by %s\n", start, length, lock.l_type, lock.l_whence,
             (long)lock.l_start, (long)lock.l_len,
             lock.l_pid == 0 ? "nobody" : lock.l_pid == -1 ? "an open file" : lock.l_pid == parent ? "parent" : "another");
    else
      printf("  get: %s\n", name(errno));
  } else {
    printf("  %s %d %ld+%ld whence %d: %s\n", command == F_SETLK ? "set" : command == F_SETLKW ? "wait" : "ofd", type, start,
           length, whence, name(result ? errno : 0));
  }
  return result;
}

static void in_child(void (*body)(int), int file) {
  fflush(stdout);
  int child = fork();
  if (child == 0) {
    body(file);
    fflush(stdout);
    _exit(0);
  }
  waitpid(child, 0, 0);
}

static void look(int file) {
  lock(file, F_GETLK, F_WRLCK, SEEK_SET, 0, 0);
  lock(file, F_GETLK, F_RDLCK, SEEK_SET, 0, 0);
  lock(file, F_GETLK, F_WRLCK, SEEK_SET, 15, 1);
  lock(file, F_GETLK, F_WRLCK, SEEK_SET, 25, 100);
  lock(file, F_GETLK, F_WRLCK, SEEK_SET, 200, 0);
}

static void contend(int file) {
  lock(file, F_SETLK, F_WRLCK, SEEK_SET, 0, 5);
  lock(file, F_SETLK, F_RDLCK, SEEK_SET, 12, 1);
  lock(file, F_SETLK, F_WRLCK, SEEK_SET, 12, 1);
  lock(file, F_SETLK, F_WRLCK, SEEK_SET, 1000, 5);
}

static void on_alarm(int number) {}

static void wait_with_alarm(int file) {
  struct sigaction action = {.sa_handler = on_alarm};
  sigaction(SIGALRM, &action, 0);
  alarm(1);
  lock(file, F_SETLKW, F_WRLCK, SEEK_SET, 0, 0);
}

static void flocks(int file) {
  int again = open("/tmp/locked", O_RDWR);
  errno = 0;
  int result = flock(again, LOCK_EX | LOCK_NB);
  printf("  another's exclusive: %d %s\n", result, name(errno));
  errno = 0;
  result = flock(again, LOCK_SH | LOCK_NB);
  printf("  another's shared: %d %s\n", result, name(errno));
  errno = 0;
  result = flock(file, LOCK_EX | LOCK_NB);
  printf("  inherited exclusive: %d %s\n", result, name(errno));
  errno = 0;
  result = flock(file, LOCK_SH | LOCK_NB);
  printf("  inherited shared: %d %s\n", result, name(errno));
}

int main(void) {
  parent = getpid();
  int file = open("/tmp/locked", O_RDWR | O_CREAT | O_TRUNC, 0644);
  ftruncate(file, 100);
  puts("ranges:");
  lock(file, F_SETLK, F_WRLCK, SEEK_SET, 10, 20);
  lock(file, F_SETLK, F_RDLCK, SEEK_SET, 15, 5);
  lock(file, F_SETLK, F_RDLCK, SEEK_END, -10, 0);
  lseek(file, 50, SEEK_SET);
  lock(file, F_SETLK, F_WRLCK, SEEK_CUR, -5, 3);
  lock(file, F_SETLK, F_WRLCK, SEEK_SET, 60, -5);
  in_child(look, file);
  in_child(contend, file);
  puts("split and joined:");
  lock(file, F_SETLK, F_UNLCK, SEEK_SET, 12, 2);
  in_child(look, file);
  lock(file, F_SETLK, F_WRLCK, SEEK_SET, 0, 0);
  in_child(look, file);
  lock(file, F_SETLK, F_UNLCK, SEEK_SET, 0, 20);
  in_child(look, file);
  puts("refused:");
  lock(file, F_SETLK, 7, SEEK_SET, 0, 1);
  lock(file, F_SETLK, F_RDLCK, 9, 0, 1);
  lock(file, F_SETLK, F_RDLCK, SEEK_SET, -1, 1);
  lock(file, F_SETLK, F_RDLCK, SEEK_SET, 5, -10);
  lock(file, F_SETLK, F_RDLCK, SEEK_SET, 0x7fffffffffffffff, 2);
  lock(file, F_GETLK, F_UNLCK, SEEK_SET, 0, 1);
  int reader = open("/tmp/locked", O_RDONLY), writer = open("/tmp/locked", O_WRONLY);
  lock(reader, F_SETLK, F_WRLCK, SEEK_SET, 0, 1);
  lock(writer, F_SETLK, F_RDLCK, SEEK_SET, 0, 1);
  int pipes[2];
  pipe(pipes);
  lock(pipes[1], F_SETLK, F_WRLCK, SEEK_SET, 0, 1);
  puts("any close drops them:");
  in_child(look, file);
  close(reader);
  in_child(look, file);
  puts("interrupted:");
  lock(file, F_SETLK, F_WRLCK, SEEK_SET, 0, 10);
  in_child(wait_with_alarm, file);
  puts("in a circle:");
  int ready[2];
  pipe(ready);
  lock(file, F_SETLK, F_UNLCK, SEEK_SET, 0, 0);
  lock(file, F_SETLK, F_WRLCK, SEEK_SET, 0, 1);
  fflush(stdout);
  int child = fork();
  if (child == 0) {
    lock(file, F_SETLK, F_WRLCK, SEEK_SET, 1, 1);
    fflush(stdout);
    write(ready[1], "x", 1);
    lock(file, F_SETLKW, F_WRLCK, SEEK_SET, 0, 1);
    fflush(stdout);
    _exit(0);
  }
  char c;
  read(ready[0], &c, 1);
  usleep(100000);
  lock(file, F_SETLKW, F_WRLCK, SEEK_SET, 1, 1);
  lock(file, F_SETLK, F_UNLCK, SEEK_SET, 0, 0);
  fflush(stdout);
  waitpid(child, 0, 0);
  puts("of open files:");
  int other = open("/tmp/locked", O_RDWR);
  lock(file, F_OFD_SETLK, F_WRLCK, SEEK_SET, 10, 10);
  lock(other, F_OFD_SETLK, F_RDLCK, SEEK_SET, 15, 1);
  lock(other, F_OFD_GETLK, F_RDLCK, SEEK_SET, 15, 1);
  lock(other, F_GETLK, F_RDLCK, SEEK_SET, 15, 1);
  lock(dup(file), F_OFD_SETLK, F_UNLCK, SEEK_SET, 10, 5);
  in_child(look, other);
  struct flock odd = {.l_type = F_WRLCK, .l_pid = 5};
  errno = 0;
  int result = fcntl(file, F_OFD_SETLK, &odd);
  printf("  with a pid: %d %s\n", result, name(errno));
  lock(file, F_OFD_SETLK, F_UNLCK, SEEK_SET, 0, 0);
  puts("flock:");
  printf("  shared %d\n", flock(file, LOCK_SH));
  in_child(flocks, file);
  printf("  exclusive %d\n", flock(file, LOCK_EX | LOCK_NB));
  in_child(flocks, file);
  printf("  exclusive again %d\n", flock(file, LOCK_EX | LOCK_NB));
  errno = 0;
  result = flock(file, 0);
  printf("  nothing: %d %s\n", result, name(errno));
  errno = 0;
  result = flock(file, 32);
  printf("  mandatory: %d %s\n", result, name(errno));
  errno = 0;
  result = flock(99, LOCK_SH);
  printf("  no file: %d %s\n", result, name(errno));
  errno = 0;
  result = flock(pipes[0], LOCK_SH);
  printf("  a pipe: %d %s\n", result, name(errno));
  flock(file, LOCK_UN);
  puts("leases and owners:");
  errno = 0;
  result = fcntl(file, F_GETLEASE);
  printf("  lease %d %s\n", result, name(errno));
  errno = 0;
  result = fcntl(pipes[0], F_SETOWN, getpid());
  printf("  owner %d %s, %d\n", result, name(errno), fcntl(pipes[0], F_GETOWN) == getpid());
  errno = 0;
  result = fcntl(pipes[0], F_GETSIG);
  printf("  signal %d %s\n", result, name(errno));
  errno = 0;
  result = fcntl(file, 9999);
  printf("  unknown %d %s\n", result, name(errno));
  return 0;
}
