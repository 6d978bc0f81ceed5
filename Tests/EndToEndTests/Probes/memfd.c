// memfd_create: names, flags, seals, and what each seal forbids to whom.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/memfd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static long page;
static const char *name(long r) { return r == -1 ? strerrorname_np(errno) : "ok"; }
static void say(const char *what, long r) { printf("%-40s %s\n", what, name(r)); }
static int make(unsigned flags, long pages) {
  int fd = memfd_create("thing", flags); if (ftruncate(fd, pages * page)) say("ftruncate", -1); return fd;
}
static void tryAll(const char *what, int fd) {
  char b[16] = "abc"; void *p; struct stat s;
  printf("-- %s: seals %d\n", what, fcntl(fd, F_GET_SEALS));
  say("write", pwrite(fd, b, 3, 0));
  say("write across the end", pwrite(fd, b, 8, 2 * page - 4));
  say("write behind the end", pwrite(fd, b, 3, 3 * page));
  fstat(fd, &s); printf("size %ld\n", (long)s.st_size);
  say("shrink", ftruncate(fd, page)); say("grow", ftruncate(fd, 4 * page)); say("same", ftruncate(fd, (fstat(fd, &s), s.st_size)));
  p = mmap(0, page, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0); say("map shared", (long)p); if (p != MAP_FAILED) munmap(p, page);
  p = mmap(0, page, PROT_READ, MAP_SHARED, fd, 0); say("map shared to read", (long)p);
  if (p != MAP_FAILED) { say("  open it to writes", mprotect(p, page, PROT_READ | PROT_WRITE)); munmap(p, page); }
  p = mmap(0, page, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0); say("map private", (long)p);
  if (p != MAP_FAILED) { *(char *)p = 1; munmap(p, page); }
  char path[32]; sprintf(path, "/proc/self/fd/%d", fd); int other = open(path, O_RDWR); say("open again", other);
  if (other >= 0) { say("  write through it", pwrite(other, b, 3, 0)); close(other); }
  other = open(path, O_RDONLY); say("open to read", other); if (other >= 0) { say("  seal through it", fcntl(other, F_ADD_SEALS, 0)); close(other); }
}
int main(void) {
  char b[300]; struct stat s; int fd; void *p;
  page = sysconf(_SC_PAGESIZE);
  memset(b, 'x', sizeof b); b[249] = 0; say("name of 249", memfd_create(b, 0)); b[249] = 'x'; b[250] = 0; say("name of 250", memfd_create(b, 0));
  say("no name", memfd_create("", 0)); say("bad name", memfd_create((char *)1, 0));
  say("flag 0x100", memfd_create("x", 0x100)); say("flag 8", memfd_create("x", 8));
  say("size without huge", memfd_create("x", 21u << 26));
  fd = memfd_create("x", MFD_CLOEXEC); printf("cloexec %d flags %x\n", fcntl(fd, F_GETFD), fcntl(fd, F_GETFL)); close(fd);
  fd = memfd_create("x", 0); printf("cloexec %d flags %x\n", fcntl(fd, F_GETFD), fcntl(fd, F_GETFL));
  fstat(fd, &s); printf("mode %o links %d size %ld blocks %ld uid %d\n", s.st_mode, (int)s.st_nlink, (long)s.st_size, (long)s.st_blocks, s.st_uid);
  sprintf(b, "/proc/self/fd/%d", fd); char link[300]; ssize_t n = readlink(b, link, sizeof link); printf("link %.*s\n", (int)n, link);
  say("seal without leave", fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE)); printf("seals %d\n", fcntl(fd, F_GET_SEALS)); close(fd);
  fd = make(MFD_ALLOW_SEALING, 2); printf("seals %d\n", fcntl(fd, F_GET_SEALS));
  say("unknown seal", fcntl(fd, F_ADD_SEALS, 64)); say("upper half", fcntl(fd, F_ADD_SEALS, 1UL << 32 | 2));
  tryAll("none", fd); close(fd);
  static const struct { const char *what; int seals; } all[] = {{"shrink", 2}, {"grow", 4}, {"shrink and grow", 6}, {"write", 8}, {"future write", 16}, {"seal", 1}, {"all", 15}, {"every", 31}};
  for (unsigned i = 0; i < 8; i++) { fd = make(MFD_ALLOW_SEALING, 2); say("add", fcntl(fd, F_ADD_SEALS, all[i].seals)); tryAll(all[i].what, fd); say("add more", fcntl(fd, F_ADD_SEALS, 2)); close(fd); }
  fd = make(MFD_ALLOW_SEALING, 2); p = mmap(0, page, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  say("write seal while mapped", fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE));
  say("future write while mapped", fcntl(fd, F_ADD_SEALS, 16)); *(char *)p = 5; say("write by call", pwrite(fd, "a", 1, 0)); printf("byte %d\n", *(char *)p);
  void *q = mmap(0, page, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0); say("map once more", (long)q);
  say("close the mapping", mprotect(p, page, PROT_READ)); say("open it again", mprotect(p, page, PROT_READ | PROT_WRITE));
  q = mremap(p, page, 2 * page, MREMAP_MAYMOVE); say("grow it", (long)q); if (q != MAP_FAILED) p = q; munmap(p, 2 * page);
  say("write seal now", fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE)); close(fd);
  fd = make(MFD_ALLOW_SEALING, 2); p = mmap(0, page, PROT_READ, MAP_SHARED, fd, 0); say("write seal, mapped to read", fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE)); munmap(p, page);
  p = mmap(0, page, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0); say("write seal, mapped private", fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE)); munmap(p, page); close(fd);
  fd = make(MFD_ALLOW_SEALING, 2); p = mmap(0, page, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0); fflush(stdout); pid_t pid = fork();
  if (pid == 0) { munmap(p, page); _exit(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE) ? errno : 0); }
  int st; waitpid(pid, &st, 0); printf("child seals %x\n", st); munmap(p, page); say("parent seals", fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE)); close(fd);
  fd = make(MFD_ALLOW_SEALING, 4); p = mmap(0, 4 * page, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0); memset(p, 7, 4 * page);
  fstat(fd, &s); printf("blocks %ld\n", (long)s.st_blocks * 512 / page); say("remove", madvise((char *)p + page, 2 * page, MADV_REMOVE));
  fstat(fd, &s); printf("blocks %ld bytes %d %d %d\n", (long)s.st_blocks * 512 / page, ((char *)p)[0], ((char *)p)[page], ((char *)p)[3 * page]);
  char *own = mmap(0, 4 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0); own[0] = 9; own[3 * page]++; say("remove all", madvise(p, 4 * page, MADV_REMOVE));
  printf("own %d %d %d %d\n", own[0], own[page], own[3 * page], ((char *)p)[0]); close(fd);
  fd = open("/tmp/plain", O_RDWR | O_CREAT, 0600); if (fd < 0) { mkdir("/tmp", 0777); fd = open("/tmp/plain", O_RDWR | O_CREAT, 0600); }
  printf("tmpfs seals %d\n", fcntl(fd, F_GET_SEALS)); say("seal on tmpfs", fcntl(fd, F_ADD_SEALS, 2)); close(fd); unlink("/tmp/plain");
  fd = open("/proc/self/status", O_RDONLY); say("seals of proc", fcntl(fd, F_GET_SEALS)); say("seal proc", fcntl(fd, F_ADD_SEALS, 2)); close(fd);
  return 0;
}
