// What fsync and fdatasync answer for each kind of file.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/mman.h>
#include <unistd.h>

static void try(const char *what, int file) {
  errno = 0;
  int a = fsync(file), b = errno;
  errno = 0;
  int c = fdatasync(file), d = errno;
  printf("%s: %d %s, %d %s\n", what, a, b ? strerrorname_np(b) : "", c, d ? strerrorname_np(d) : "");
}
int main(void) {
  int ends[2];
  setvbuf(stdout, 0, _IOLBF, 0);
  pipe(ends);
  try("pipe", ends[0]);
  try("output", 1);
  try("null", open("/dev/null", O_RDONLY));
  try("zero", open("/dev/zero", O_RDWR));
  try("folder", open("/", O_RDONLY));
  try("file", open("/made", O_RDWR | O_CREAT, 0644));
  try("path only", open("/made", O_PATH));
  try("proc", open("/proc/self/status", O_RDONLY));
  try("proc folder", open("/proc/self", O_RDONLY));
  try("setting", open("/proc/sys/vm/swappiness", O_RDONLY));
  try("sys", open("/sys/devices", O_RDONLY));
  try("memory file", memfd_create("a", 0));
  try("nothing", 99);
  return 0;
}
