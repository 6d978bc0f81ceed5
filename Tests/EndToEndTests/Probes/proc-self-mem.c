// /proc/self/mem: reading and writing a process's own memory through a file.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *E(long r) { return r < 0 ? strerrorname_np(errno) : "ok"; }

int main(void) {
  setvbuf(stdout, 0, _IONBF, 0);
  long PS = sysconf(_SC_PAGESIZE);
  int fd = open("/proc/self/mem", O_RDWR);
  printf("open: %s\n", E(fd));
  char *p = mmap(0, 4 * PS, 3, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  strcpy(p, "hello");
  char b[64] = "";
  long r = pread(fd, b, 6, (long)p);
  printf("pread: %ld %s \"%s\"\n", r, E(r), b);
  r = pwrite(fd, "world", 6, (long)p);
  printf("pwrite: %ld %s \"%s\"\n", r, E(r), p);
  // A read-only private page is written through a copy (FOLL_FORCE).
  mprotect(p, PS, PROT_READ);
  r = pwrite(fd, "force", 6, (long)p);
  printf("pwrite to read-only: %ld %s \"%s\"\n", r, E(r), p);
  mprotect(p, PS, PROT_NONE);
  r = pread(fd, b, 6, (long)p);
  printf("pread of PROT_NONE: %ld %s \"%s\"\n", r, E(r), b);
  mprotect(p, PS, PROT_READ);
  printf("after: \"%s\"\n", p);
  munmap(p + 2 * PS, PS);
  r = pread(fd, b, 64, (long)p + 2 * PS - 32);
  printf("pread across a hole: %ld %s\n", r, E(r));
  r = pread(fd, b, 8, (long)p + 2 * PS);
  printf("pread of a hole: %ld %s\n", r, E(r));
  r = pread(fd, b, 0, (long)p + 2 * PS);
  printf("pread of nothing: %ld %s\n", r, E(r));
  r = pwrite(fd, b, 8, (long)p + 2 * PS);
  printf("pwrite to a hole: %ld %s\n", r, E(r));
  r = pread(fd, b, 8, 0);
  printf("pread of 0: %ld %s\n", r, E(r));
  r = pread(fd, b, 8, -8);
  printf("pread of -8: %ld %s\n", r, E(r));
  r = lseek(fd, (long)p, SEEK_SET);
  printf("lseek SET: %s\n", r == (long)p ? "there" : E(r));
  r = read(fd, b, 6);
  printf("read: %ld \"%s\"\n", r, b);
  r = lseek(fd, 0, SEEK_CUR);
  printf("moved by %ld\n", r - (long)p);
  r = lseek(fd, 0, SEEK_END);
  printf("lseek END: %ld %s\n", r, E(r));
  r = lseek(fd, -8, SEEK_SET);
  printf("lseek -8: %ld %s\n", r, E(r));
  // A shared read-only mapping of a file is not forced.
  int f = open("/tmp/shared", O_RDWR | O_CREAT, 0600);
  ftruncate(f, PS);
  char *s = mmap(0, PS, PROT_READ, MAP_SHARED, f, 0);
  r = pwrite(fd, "x", 1, (long)s);
  printf("pwrite to a shared read-only file: %ld %s, first byte %d\n", r, E(r), s[0]);
  int g = open("/tmp/shared", O_RDONLY);
  char *o = mmap(0, PS, PROT_READ, MAP_SHARED, g, 0);
  r = pwrite(fd, "x", 1, (long)o);
  printf("pwrite to one opened for reading: %ld %s\n", r, E(r));
  // Another process's, by its parent.
  int pipes[2];
  pipe(pipes);
  *(volatile int *)(p + PS) = 1;
  int child = fork();
  if (!child) {
    char c;
    close(pipes[1]);
    read(pipes[0], &c, 1);
    _exit(*(volatile int *)(p + PS));
  }
  char name[64];
  sprintf(name, "/proc/%d/mem", child);
  int m = open(name, O_RDWR);
  int v = 42;
  r = pwrite(m, &v, 4, (long)p + PS);
  printf("pwrite to a child: %ld %s, here %d\n", r, E(r), *(int *)(p + PS));
  close(pipes[1]);
  int status;
  wait(&status);
  printf("the child saw %d\n", WEXITSTATUS(status));
  r = pread(m, &v, 4, (long)p + PS);
  printf("pread of one that is gone: %ld %s\n", r, E(r));
  return 0;
}
