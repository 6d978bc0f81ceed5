// Who may do what with files: users, groups, sticky folders, masks, links, noexec, read-only.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/mount.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <utime.h>
#include <unistd.h>

static const char *name(int error) { return error ? strerrorname_np(error) : "ok"; }
#define SAY(what, call)                                                                                    \
  do {                                                                                                     \
    errno = 0;                                                                                             \
    long result = (long)(call);                                                                            \
    printf("  %s: %s\n", what, result < 0 ? name(errno) : "ok");                                           \
  } while (0)

static void say_mode(const char *path) {
  struct stat status;
  if (lstat(path, &status)) printf("  %s: %s\n", path, name(errno));
  else printf("  %s: %o owner %d group %d links %d\n", path, status.st_mode, status.st_uid, status.st_gid, (int)status.st_nlink);
}

static void as(int user, int group, int extra, void (*body)(void)) {
  printf("as %d:%d+%d\n", user, group, extra);
  fflush(stdout);
  int child = fork();
  if (child == 0) {
    gid_t groups[1] = {extra};
    setgroups(extra ? 1 : 0, groups);
    setresgid(group, group, group);
    setresuid(user, user, user);
    body();
    fflush(stdout);
    _exit(0);
  }
  waitpid(child, 0, 0);
}

static void use(void) {
  static const char *files[] = {"u600", "u640", "u604", "u060", "u700", "r600", "r644", "r755"};
  for (int i = 0; i < 8; i++) {
    char path[64];
    snprintf(path, sizeof path, "/tmp/rights/%s", files[i]);
    errno = 0;
    int reads = open(path, O_RDONLY);
    int first = errno;
    errno = 0;
    int writes = open(path, O_WRONLY);
    int second = errno;
    printf("  %s: read %s write %s access", files[i], name(reads < 0 ? first : 0), name(writes < 0 ? second : 0));
    for (int mode = 1; mode <= 4; mode *= 2) {
      errno = 0;
      printf(" %s", name(access(path, mode) ? errno : 0));
    }
    puts("");
    close(reads);
    close(writes);
  }
  SAY("chmod u600", chmod("/tmp/rights/u600", 0600));
  SAY("chmod r600", chmod("/tmp/rights/r600", 0600));
  SAY("chown u600 to self", chown("/tmp/rights/u600", -1, getgid()));
  SAY("chown u600 away", chown("/tmp/rights/u600", 7, -1));
  SAY("chgrp u600 to 77", chown("/tmp/rights/u600", -1, 77));
  SAY("touch r644 now", utimensat(AT_FDCWD, "/tmp/rights/r644", 0, 0));
  struct timespec times[2] = {{1, 0}, {2, 0}};
  SAY("touch u600 then", utimensat(AT_FDCWD, "/tmp/rights/u600", times, 0));
  SAY("touch r644 then", utimensat(AT_FDCWD, "/tmp/rights/r644", times, 0));
  SAY("truncate r644", truncate("/tmp/rights/r644", 0));
  SAY("make in closed", open("/tmp/rights/closed/new", O_CREAT | O_WRONLY, 0644));
  SAY("look into closed", open("/tmp/rights/closed/there", O_RDONLY));
  SAY("list closed", open("/tmp/rights/closed", O_RDONLY | O_DIRECTORY));
  SAY("look into unlisted", open("/tmp/rights/unlisted/there", O_RDONLY));
  SAY("list unlisted", open("/tmp/rights/unlisted", O_RDONLY | O_DIRECTORY));
  SAY("list but not search", open("/tmp/rights/listed", O_RDONLY | O_DIRECTORY));
  SAY("look into listed", open("/tmp/rights/listed/there", O_RDONLY));
  SAY("chdir unlisted", chdir("/tmp/rights/unlisted"));
  SAY("chdir listed", chdir("/tmp/rights/listed"));
  SAY("remove in sticky", unlink("/tmp/rights/sticky/root's"));
  SAY("rename in sticky", rename("/tmp/rights/sticky/root's", "/tmp/rights/sticky/mine"));
  SAY("remove u's in sticky", unlink("/tmp/rights/sticky/u's"));
  SAY("make in sticky", open("/tmp/rights/sticky/new", O_CREAT | O_RDWR, 0666));
  SAY("rmdir another's", rmdir("/tmp/rights/sticky/folder"));
  SAY("hard link to r644", link("/tmp/rights/r644", "/tmp/rights/sticky/link"));
  SAY("symlink", symlink("nowhere", "/tmp/rights/sticky/symlink"));
  SAY("mknod fifo", mknod("/tmp/rights/sticky/fifo", S_IFIFO | 0644, 0));
  SAY("mknod null", mknod("/tmp/rights/sticky/null", S_IFCHR | 0644, 0x103));
  SAY("chroot", chroot("/tmp"));
  SAY("mount", mount("none", "/tmp/rights", "tmpfs", 0, 0));
  SAY("exec of no execute bit", execl("/tmp/rights/u600", "x", (char *)0));
  SAY("exec of a folder", execl("/tmp/rights", "x", (char *)0));
  SAY("O_NOATIME on r644", open("/tmp/rights/r644", O_RDONLY | O_NOATIME));
  SAY("setuid back", setuid(0));
  system("true");
  unlink("/tmp/rights/sticky/new");
  unlink("/tmp/rights/sticky/link");
  unlink("/tmp/rights/sticky/symlink");
  unlink("/tmp/rights/sticky/fifo");
}

static void make(const char *path, int mode, int user, int group) {
  char full[64];
  snprintf(full, sizeof full, "/tmp/rights/%s", path);
  int file = open(full, O_CREAT | O_RDWR, 0600);
  write(file, "text", 4);
  close(file);
  chown(full, user, group);
  chmod(full, mode);
}

int main(void) {
  setvbuf(stdout, 0, _IOLBF, 0);
  umask(0);
  mkdir("/tmp/rights", 0755);
  mount("none", "/tmp/rights", "tmpfs", 0, "mode=755,size=1M");
  make("u600", 0600, 1000, 1000);
  make("u640", 0640, 1000, 1000);
  make("u604", 0604, 1000, 1000);
  make("u060", 0060, 1000, 1000);
  make("u700", 0700, 1000, 1000);
  make("r600", 0600, 0, 0);
  make("r644", 0644, 0, 0);
  make("r755", 0755, 0, 0);
  mkdir("/tmp/rights/closed", 0700);
  mkdir("/tmp/rights/unlisted", 0711);
  mkdir("/tmp/rights/listed", 0744);
  mkdir("/tmp/rights/sticky", 01777);
  mkdir("/tmp/rights/sticky/folder", 0755);
  make("closed/there", 0644, 0, 0);
  make("unlisted/there", 0644, 0, 0);
  make("listed/there", 0644, 0, 0);
  make("sticky/root's", 0644, 0, 0);
  make("sticky/u's", 0644, 1000, 1000);
  as(0, 0, 0, use);
  make("sticky/root's", 0644, 0, 0);
  make("sticky/u's", 0644, 1000, 1000);
  mkdir("/tmp/rights/sticky/folder", 0755);
  as(1000, 1000, 0, use);
  make("sticky/u's", 0644, 1000, 1000);
  chown("/tmp/rights/u600", 1000, 1000);
  as(1001, 1000, 0, use);
  as(1001, 1001, 1000, use);
  as(1001, 1001, 0, use);

  puts("groups of folders");
  mkdir("/tmp/rights/shared", 0777);
  chown("/tmp/rights/shared", 0, 50);
  chmod("/tmp/rights/shared", 02777);
  close(open("/tmp/rights/shared/file", O_CREAT | O_RDWR, 0644));
  mkdir("/tmp/rights/shared/folder", 0755);
  say_mode("/tmp/rights/shared/file");
  say_mode("/tmp/rights/shared/folder");
  symlink("x", "/tmp/rights/shared/link");
  say_mode("/tmp/rights/shared/link");
  umask(027);
  close(open("/tmp/rights/masked", O_CREAT | O_RDWR, 0666));
  mkdir("/tmp/rights/masked folder", 0777);
  mknod("/tmp/rights/masked fifo", S_IFIFO | 0666, 0);
  say_mode("/tmp/rights/masked");
  say_mode("/tmp/rights/masked folder");
  say_mode("/tmp/rights/masked fifo");

  puts("file system users");
  setfsuid(1000);
  SAY("r600 as fsuid 1000", open("/tmp/rights/r600", O_RDONLY));
  SAY("access asks the real user", access("/tmp/rights/r600", R_OK));
  printf("  fsuid %d\n", setfsuid(0));
  if (fork() == 0) {
    setresuid(1000, 0, 0);
    SAY("access of the real user", access("/tmp/rights/r600", R_OK));
    SAY("eaccess", faccessat(AT_FDCWD, "/tmp/rights/r600", R_OK, AT_EACCESS));
    SAY("faccessat2 eaccess", syscall(439, AT_FDCWD, "/tmp/rights/r600", R_OK, AT_EACCESS));
    fflush(stdout);
    _exit(0);
  }
  wait(0);

  puts("no execution, read-only, no devices");
  SAY("remount", mount("none", "/tmp/rights", "tmpfs", MS_REMOUNT | MS_NOEXEC | MS_NODEV, "mode=755"));
  SAY("exec", execl("/tmp/rights/r755", "x", (char *)0));
  SAY("access x", access("/tmp/rights/r755", X_OK));
  int file = open("/tmp/rights/r755", O_RDWR);
  SAY("map for execution", (long)mmap(0, 4, PROT_READ | PROT_EXEC, MAP_PRIVATE, file, 0) == -1 ? -1 : 0);
  void *place = mmap(0, 4, PROT_READ, MAP_PRIVATE, file, 0);
  SAY("execution later", mprotect(place, 4, PROT_READ | PROT_EXEC));
  mknod("/tmp/rights/null", S_IFCHR | 0666, 0x103);
  SAY("open a device", open("/tmp/rights/null", O_RDWR));
  SAY("remount read-only while open", mount("none", "/tmp/rights", "tmpfs", MS_REMOUNT | MS_RDONLY, "mode=755"));
  close(file);
  munmap(place, 4);
  SAY("remount read-only", mount("none", "/tmp/rights", "tmpfs", MS_REMOUNT | MS_RDONLY, "mode=755"));
  SAY("write", open("/tmp/rights/r755", O_RDWR));
  SAY("read", open("/tmp/rights/r755", O_RDONLY));
  SAY("make", open("/tmp/rights/made", O_RDWR | O_CREAT, 0644));
  SAY("make what is there", open("/tmp/rights/r755", O_RDONLY | O_CREAT, 0644));
  SAY("unlink", unlink("/tmp/rights/r755"));
  SAY("unlink nothing", unlink("/tmp/rights/nothing"));
  SAY("mkdir", mkdir("/tmp/rights/folder", 0755));
  SAY("mkdir of what is there", mkdir("/tmp/rights/closed", 0755));
  SAY("rmdir", rmdir("/tmp/rights/closed"));
  SAY("rename", rename("/tmp/rights/r755", "/tmp/rights/r756"));
  SAY("chmod", chmod("/tmp/rights/r755", 0700));
  SAY("chown", chown("/tmp/rights/r755", 0, 0));
  SAY("touch", utimensat(AT_FDCWD, "/tmp/rights/r755", 0, 0));
  SAY("truncate", truncate("/tmp/rights/r755", 0));
  SAY("access w", access("/tmp/rights/r755", W_OK));
  SAY("access w of a device", access("/tmp/rights/null", W_OK));
  SAY("symlink", symlink("x", "/tmp/rights/symlink"));
  SAY("link", link("/tmp/rights/r755", "/tmp/rights/linked"));
  return 0;
}
