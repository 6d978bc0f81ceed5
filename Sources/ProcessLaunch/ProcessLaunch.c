#define _GNU_SOURCE
#include "ProcessLaunch.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

// In the child: tells the parent why, and ends.
static void fail(int report) {
  int error = errno;
  ssize_t written = write(report, &error, sizeof error);
  (void)written;
  _exit(127);
}

static void become(const char *path, char *const argv[], const int descriptors[], int count,
                   int report, pid_t parent) {
  // The order matters: first ask for the signal, then look whether the parent is already gone.
  if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0) fail(report);
  if (getppid() != parent) _exit(127);
  if (setpgid(0, 0) != 0) fail(report);

  // Two steps, so that no descriptor is overwritten that is still to be copied: first all of them
  // above the numbers they are to have, then down.
  int above[64];
  if (count > 62) { errno = EINVAL; fail(report); }
  above[count] = fcntl(report, F_DUPFD_CLOEXEC, count + 1);
  for (int i = 0; i < count; i++) {
    above[i] = fcntl(descriptors[i], F_DUPFD_CLOEXEC, count + 1);
    if (above[i] < 0) fail(report);
  }
  report = dup3(above[count], count, O_CLOEXEC);
  for (int i = 0; i < count; i++)
    if (dup2(above[i], i) < 0) fail(report);
  // The report pipe stays, at `count`, and closes itself on exec.
  if (syscall(SYS_close_range, count + 1, ~0U, 0) != 0)
    for (int i = count + 1; i < 1024; i++) close(i);

  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, NULL);
  signal(SIGPIPE, SIG_DFL);
  execv(path, argv);
  fail(report);
}

pid_t kilburn_launch(const char *path, char *const argv[], const int descriptors[], int count) {
  int report[2];
  if (pipe2(report, O_CLOEXEC) != 0) return -errno;
  pid_t parent = getpid();
  pid_t child = fork();
  if (child < 0) {
    int error = errno;
    close(report[0]);
    close(report[1]);
    return -error;
  }
  if (child == 0) become(path, argv, descriptors, count, report[1], parent);
  close(report[1]);
  int error = 0;
  ssize_t got;
  do got = read(report[0], &error, sizeof error);
  while (got < 0 && errno == EINTR);
  close(report[0]);
  if (got == sizeof error) {
    kilburn_wait(child);
    return -error;
  }
  return child;
}

int kilburn_catch_signals(void) {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGINT);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGHUP);
  sigaddset(&set, SIGQUIT);
  signal(SIGPIPE, SIG_IGN);
  if (sigprocmask(SIG_BLOCK, &set, NULL) != 0) return -errno;
  int descriptor = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
  return descriptor < 0 ? -errno : descriptor;
}

int kilburn_next_signal(int descriptor) {
  struct signalfd_siginfo info;
  return read(descriptor, &info, sizeof info) == sizeof info ? (int)info.ssi_signo : 0;
}

int kilburn_anonymous_file(const char *name, uint64_t size) {
  int file = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
  if (file < 0) return -errno;
  // Sealed, so that neither side can shrink it under the other's mapping.
  if (ftruncate(file, (off_t)size) != 0 ||
      fcntl(file, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) != 0) {
    int error = errno;
    close(file);
    return -error;
  }
  return file;
}

int kilburn_memory_file(const char *name) {
  int file = memfd_create(name, MFD_CLOEXEC);
  return file < 0 ? -errno : file;
}

int kilburn_wait(pid_t child) {
  int status = 0;
  pid_t got;
  do got = waitpid(child, &status, 0);
  while (got < 0 && errno == EINTR);
  return got < 0 ? -errno : status;
}

int kilburn_pipe(int ends[2]) { return pipe2(ends, O_CLOEXEC); }
