// bound HOW: changes /bound in every way, and ends HOW.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static void fail(const char *what) {
  perror(what);
  exit(99);
}

static void put(const char *path, const char *text) {
  int file = open(path, O_RDWR | O_CREAT, 0640);
  if (file < 0 || write(file, text, strlen(text)) < 0) fail(path);
  close(file);
}

int main(int count, char **arguments) {
  const char *how = count > 1 ? arguments[1] : "exit";
  umask(022);
  if (chdir("/bound")) fail("/bound");
  if (rename("renamed", "new name")) fail("rename");
  if (unlink("removed")) fail("unlink");
  if (chmod("mode", 0751)) fail("chmod");
  if (symlink("../outside/secret", "link")) fail("symlink");
  if (link("kept", "second name")) fail("link");
  if (mkdir("folder/made", 0700)) fail("mkdir");
  put("folder/made/file", "made\n");
  if (rename("folder", "moved")) fail("rename of a folder");
  int file = open("changed", O_RDWR);
  if (file < 0 || pwrite(file, "C", 1, 0) != 1) fail("changed");
  // Through a mapping, and never unmapped.
  char *mapped = mmap(0, 8, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  if (mapped == MAP_FAILED) fail("mmap");
  mapped[1] = 'H';
  int cut = open("cut", O_RDWR);
  if (cut < 0 || ftruncate(cut, 3)) fail("cut");
  int hole = open("hole", O_RDWR | O_CREAT, 0644);
  if (hole < 0 || pwrite(hole, "end", 3, 8 << 20) != 3) fail("hole");
  // Removed while it is open: nobody sees it again.
  int gone = open("gone", O_RDWR | O_CREAT, 0644);
  if (gone < 0 || write(gone, "x", 1) != 1 || unlink("gone")) fail("gone");
  // Ways out, which lead nowhere: the guest has a tree of its own.
  mkdir("/outside", 0755);
  put("/outside/secret", "the guest's\n");
  put("link", "through a link\n");
  put("to-host", "through the host's link\n");
  // A folder that is taken back is a mount of its own; if this made a name, it would be taken, too.
  if (link("/outside/secret", "stolen") != 0 && errno != EXDEV) fail("a hard link to elsewhere");
  if (mkfifo("pipe", 0644)) fail("mkfifo");
  chmod("suid", 06755);
  puts("changed");
  fflush(stdout);
  if (!strcmp(how, "exit")) return 7;
  if (!strcmp(how, "signal")) raise(SIGTERM);
  if (!strcmp(how, "child")) {
    // Who is left when the first has ended goes on changing nothing.
    if (fork() == 0)
      for (;;) pause();
    return 7;
  }
  if (!strcmp(how, "memory"))
    for (;;) {
      char *more = mmap(0, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
      if (more != MAP_FAILED) memset(more, 1, 1 << 20);
    }
  if (!strcmp(how, "wait"))
    for (;;) sleep(1);
  for (;;) continue;
}
