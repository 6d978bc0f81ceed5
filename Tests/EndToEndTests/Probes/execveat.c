// execveat: descriptors, paths, links, scripts, and what it refuses.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static void try(const char *what, int folder, const char *path, int flags) {
  if (!fork()) {
    char *words[] = {"execveat", (char *)what, 0}, *environment[] = {"A=B", 0};
    syscall(SYS_execveat, folder, path, words, environment, flags);
    printf("%s: %s\n", what, strerrorname_np(errno));
    _exit(0);
  }
  int status;
  wait(&status);
  if (status) printf("%s: status %x\n", what, status);
}

int main(int count, char **words) {
  setvbuf(stdout, 0, _IOLBF, 0);
  if (count > 1) {
    char name[17] = "", path[100] = "";
    prctl(PR_GET_NAME, name);
    readlink("/proc/self/exe", path, 99);
    printf("%s: runs, name %s, file %s, exe %s, words", words[1], name,
           (char *)getauxval(AT_EXECFN), path);
    for (int i = 0; i < count; i++) printf(" %s", words[i]);
    printf(", %s\n", getenv("A"));
    return 0;
  }
  mkdir("/place", 0755);
  chdir("/place");
  mkdir("sub", 0755);
  // A copy of this program.
  int from = open("/proc/self/exe", O_RDONLY), to = open("sub/copy", O_WRONLY | O_CREAT, 0755);
  static char buffer[1 << 16];
  for (long length; (length = read(from, buffer, sizeof buffer)) > 0;) write(to, buffer, length);
  close(to);
  symlink("sub/copy", "link");
  symlink("sub", "folderlink");
  to = open("script", O_WRONLY | O_CREAT, 0755);
  write(to, "#!/place/sub/copy word\n", 23);
  close(to);
  close(open("plain", O_WRONLY | O_CREAT, 0644));
  int here = open(".", O_RDONLY), sub = open("sub", O_PATH), file = open("sub/copy", O_RDONLY),
      closing = open("sub/copy", O_RDONLY | O_CLOEXEC), script = open("script", O_RDONLY),
      scriptClosing = open("script", O_RDONLY | O_CLOEXEC), named = open("sub/copy", O_PATH),
      closingFolder = open(".", O_RDONLY | O_CLOEXEC), plain = open("plain", O_RDONLY);
  try("absolute", -1, "/place/sub/copy", 0);
  try("current", AT_FDCWD, "sub/copy", 0);
  try("folder", here, "sub/copy", 0);
  try("folder by path only", sub, "copy", 0);
  try("file", file, "", AT_EMPTY_PATH);
  try("file, closing", closing, "", AT_EMPTY_PATH);
  try("file by path only", named, "", AT_EMPTY_PATH);
  try("no empty path", file, "", 0);
  try("script", here, "script", 0);
  try("script, open", script, "", AT_EMPTY_PATH);
  try("script, closing", scriptClosing, "", AT_EMPTY_PATH);
  try("script, closing folder", closingFolder, "script", 0);
  try("link", here, "link", 0);
  try("link itself", here, "link", AT_SYMLINK_NOFOLLOW);
  try("link in the way", here, "folderlink/copy", AT_SYMLINK_NOFOLLOW);
  try("flags", here, "sub/copy", 1);
  try("no descriptor", 99, "sub/copy", 0);
  try("no descriptor, empty", 99, "", AT_EMPTY_PATH);
  try("a file as folder", file, "copy", 0);
  try("a folder", sub, "", AT_EMPTY_PATH);
  try("nothing", here, "nothing", 0);
  try("not to be executed", here, "plain", 0);
  try("not to be executed, open", plain, "", AT_EMPTY_PATH);
  try("current, empty", AT_FDCWD, "", AT_EMPTY_PATH);
  try("bad pointer", here, (char *)8, 0);
  return 0;
}
