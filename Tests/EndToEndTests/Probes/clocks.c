// Setting the time of day, what waits for it, adjtimex, sleeping on executed time, and the names that
// are set.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timex.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define TELL(call)                                                                    \
  do {                                                                                \
    errno = 0;                                                                        \
    long result = (call);                                                             \
    printf(#call " = %ld %s\n", result, result < 0 ? strerrorname_np(errno) : "");    \
    fflush(stdout);                                                                   \
  } while (0)

static long raw_settime(int clock, long seconds, long nanoseconds) {
  struct timespec time = {seconds, nanoseconds};
  return syscall(SYS_clock_settime, clock, &time);
}
static long raw_setday(long seconds, long micro, int west, int both) {
  struct timeval time = {seconds, micro};
  struct timezone zone = {west, 0};
  return syscall(SYS_settimeofday, both & 1 ? &time : 0, both & 2 ? &zone : 0);
}
static void show(const char *what) {
  struct timespec now, coarse, tai, raw;
  struct timeval day;
  clock_gettime(CLOCK_REALTIME, &now);
  gettimeofday(&day, 0);
  clock_gettime(CLOCK_REALTIME_COARSE, &coarse);
  clock_gettime(CLOCK_TAI, &tai);
  syscall(SYS_clock_gettime, CLOCK_REALTIME, &raw);
  printf("%s: %ld.%01ld %ld.%01ld %ld %ld %ld.%01ld\n", what, now.tv_sec, now.tv_nsec / 100000000,
         day.tv_sec, day.tv_usec / 100000, coarse.tv_sec, tai.tv_sec, raw.tv_sec,
         raw.tv_nsec / 100000000);
}
static double monotonic(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec + now.tv_nsec / 1e9;
}
static volatile int caught;
static void catch(int number) { caught = number; }
static double executed(clockid_t clock) {
  struct timespec now;
  clock_gettime(clock, &now);
  return now.tv_sec + now.tv_nsec / 1e9;
}
static void *spin(void *stop) {
  while (!*(volatile int *)stop) continue;
  return 0;
}
static void *setter(void *unused) {
  struct timespec time = {0, 200000000};
  nanosleep(&time, 0);
  raw_settime(CLOCK_REALTIME, 2000005000, 0);
  return unused;
}
static void text(const char *path) {
  char line[200] = "";
  int file = open(path, O_RDONLY);
  long length = read(file, line, sizeof line - 1);
  close(file);
  printf("%s: %ld %s", path, length, line);
}
static long put(const char *path, const char *what) {
  int file = open(path, O_WRONLY);
  if (file < 0) return -1;
  long result = write(file, what, strlen(what));
  int error = errno;
  close(file);
  errno = error;
  return result;
}
static void figures(const char *what, struct timex *t, int result) {
  printf("%s: %d modes %x offset %ld freq %ld maxerror %s esterror %ld status %x constant %ld "
         "precision %ld tolerance %ld tick %ld tai %d\n",
         what, result, t->modes, t->offset, t->freq, t->maxerror >= 16000000 ? "most" : "less",
         t->esterror, t->status, t->constant, t->precision, t->tolerance, t->tick, t->tai);
}
static void adjust(const char *what, struct timex t) {
  errno = 0;
  int result = syscall(SYS_adjtimex, &t);
  if (result < 0)
    printf("%s: %s\n", what, strerrorname_np(errno));
  else
    figures(what, &t, result);
}

int main(void) {
  setvbuf(stdout, 0, _IOLBF, 0);
  TELL(raw_settime(CLOCK_REALTIME, -1, 0));
  TELL(raw_settime(CLOCK_REALTIME, 1, 1000000000));
  TELL(raw_settime(CLOCK_REALTIME, 1, -1));
  TELL(raw_settime(CLOCK_REALTIME, 0, 0));
  TELL(raw_settime(CLOCK_REALTIME, 8277292036, 0));
  TELL(raw_settime(CLOCK_MONOTONIC, 1, 0));
  TELL(raw_settime(CLOCK_PROCESS_CPUTIME_ID, 1, 0));
  TELL(raw_settime(CLOCK_BOOTTIME, 1, 0));
  TELL(raw_settime(CLOCK_TAI, 1, 0));
  TELL(raw_settime(77, 1, 0));
  TELL(raw_settime(-6, 1, 0));
  TELL(raw_settime(-2, 1, 0));
  TELL(syscall(SYS_clock_settime, CLOCK_REALTIME, 8));
  TELL(syscall(SYS_settimeofday, 8, 0));
  TELL(syscall(SYS_settimeofday, 0, 8));
  TELL(syscall(SYS_settimeofday, 0, 0));
  TELL(raw_setday(1, 1000000, 0, 1));
  TELL(raw_setday(1, -1, 0, 1));
  TELL(raw_setday(-1, 0, 0, 1));
  TELL(raw_setday(0, 0, 901, 2));
  TELL(raw_setday(0, 0, -901, 2));
  TELL(raw_settime(CLOCK_REALTIME, 2000000000, 700000000));
  show("set");
  TELL(raw_setday(2000001000, 400000, 0, 1));
  show("set day");
  if (!fork()) {
    setuid(1000);
    TELL(raw_settime(CLOCK_REALTIME, 1, 0));
    TELL(raw_settime(CLOCK_REALTIME, -1, 0));
    TELL(raw_setday(1, 0, 0, 1));
    TELL(raw_setday(0, 0, 901, 2));
    TELL(sethostname("a", 1));
    TELL(setdomainname("a", 1));
    adjust("user, read", (struct timex){});
    adjust("user, adjtime read", (struct timex){.modes = 0xa001});
    adjust("user, adjtime", (struct timex){.modes = 0x8001});
    adjust("user, tick", (struct timex){.modes = ADJ_TICK, .tick = 10000});
    TELL(put("/proc/sys/kernel/hostname", "x"));
    _exit(0);
  }
  wait(0);

  // A timer and a sleep at a time of day, which comes sooner because it is set.
  raw_settime(CLOCK_REALTIME, 2000002000, 0);
  signal(SIGALRM, catch);
  struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGALRM};
  timer_t timer, relative;
  timer_create(CLOCK_REALTIME, &event, &timer);
  struct itimerspec spec = {.it_value = {2000003000, 0}};
  timer_settime(timer, TIMER_ABSTIME, &spec, 0);
  timer_gettime(timer, &spec);
  printf("left %ld\n", spec.it_value.tv_sec + (spec.it_value.tv_nsec > 500000000));
  raw_settime(CLOCK_REALTIME, 2000002990, 0);
  timer_gettime(timer, &spec);
  printf("left %ld, caught %d\n", spec.it_value.tv_sec + (spec.it_value.tv_nsec > 500000000), caught);
  raw_settime(CLOCK_REALTIME, 2000003001, 0);
  for (double from = monotonic(); !caught && monotonic() < from + 0.5;) continue;
  printf("caught %d\n", caught == SIGALRM);
  event.sigev_notify = SIGEV_NONE;
  timer_create(CLOCK_REALTIME, &event, &relative);
  spec = (struct itimerspec){.it_value = {100, 0}};
  timer_settime(relative, 0, &spec, 0);
  raw_settime(CLOCK_REALTIME, 2000004000, 0);
  timer_gettime(relative, &spec);
  printf("relative left %ld\n", spec.it_value.tv_sec + (spec.it_value.tv_nsec > 500000000));
  pthread_t thread;
  pthread_create(&thread, 0, setter, 0);
  double before = monotonic();
  struct timespec until = {2000005000, 0};
  int result = clock_nanosleep(CLOCK_REALTIME, TIMER_ABSTIME, &until, 0);
  printf("slept %d, %.1f s\n", result, monotonic() - before);
  pthread_join(thread, 0);

  // Executed time.
  struct timespec tenth = {0, 100000000}, left = {7, 7};
  TELL(syscall(SYS_clock_nanosleep, CLOCK_THREAD_CPUTIME_ID, 0, &tenth, 0));
  TELL(syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC_RAW, 0, &tenth, 0));
  TELL(syscall(SYS_clock_nanosleep, CLOCK_REALTIME_COARSE, 0, &tenth, 0));
  TELL(syscall(SYS_clock_nanosleep, 77, 0, &tenth, 0));
  TELL(syscall(SYS_clock_nanosleep, -1, 0, &tenth, 0));
  TELL(syscall(SYS_clock_nanosleep, -2, 0, &tenth, 0));
  TELL(syscall(SYS_clock_nanosleep, CLOCK_PROCESS_CPUTIME_ID, 0, 8, 0));
  int stop = 0;
  pthread_create(&thread, 0, spin, &stop);
  double start = executed(CLOCK_PROCESS_CPUTIME_ID);
  TELL(syscall(SYS_clock_nanosleep, CLOCK_PROCESS_CPUTIME_ID, 0, &tenth, 0));
  double spent = executed(CLOCK_PROCESS_CPUTIME_ID) - start;
  printf("executed %s\n", spent >= 0.1 && spent < 0.15 ? "a tenth" : "something else");
  clockid_t other;
  pthread_getcpuclockid(thread, &other);
  start = executed(other);
  TELL(syscall(SYS_clock_nanosleep, other, 0, &tenth, 0));
  spent = executed(other) - start;
  printf("executed %s\n", spent >= 0.1 && spent < 0.15 ? "a tenth" : "something else");
  until = (struct timespec){0, 0};
  TELL(syscall(SYS_clock_nanosleep, CLOCK_PROCESS_CPUTIME_ID, TIMER_ABSTIME, &until, 0));
  struct itimerval soon = {.it_value = {0, 50000}};
  caught = 0;
  setitimer(ITIMER_REAL, &soon, 0);
  struct timespec ten = {10, 0};
  TELL(syscall(SYS_clock_nanosleep, CLOCK_PROCESS_CPUTIME_ID, 0, &ten, &left));
  printf("left %s, caught %d\n", left.tv_sec == 9 ? "most" : "something else", caught == SIGALRM);
  stop = 1;
  pthread_join(thread, 0);
  int child = fork();
  if (!child) {
    for (;;) continue;
  }
  clock_getcpuclockid(child, &other);
  start = executed(other);
  TELL(syscall(SYS_clock_nanosleep, other, 0, &tenth, 0));
  spent = executed(other) - start;
  printf("executed %s\n", spent >= 0.1 && spent < 0.15 ? "a tenth" : "something else");
  kill(child, SIGKILL);
  wait(0);
  TELL(syscall(SYS_clock_nanosleep, other, 0, &tenth, 0));

  // What is told of the clock.
  adjust("read", (struct timex){});
  adjust("tick 8999", (struct timex){.modes = ADJ_TICK, .tick = 8999});
  adjust("tick 11001", (struct timex){.modes = ADJ_TICK, .tick = 11001});
  adjust("status", (struct timex){.modes = ADJ_STATUS, .status = STA_PLL});
  adjust("maxerror", (struct timex){.modes = ADJ_MAXERROR | ADJ_ESTERROR, .maxerror = 5, .esterror = 6});
  adjust("constant", (struct timex){.modes = ADJ_TIMECONST, .constant = 3});
  adjust("constant 20", (struct timex){.modes = ADJ_TIMECONST, .constant = 20});
  adjust("nano", (struct timex){.modes = ADJ_NANO});
  adjust("constant nano", (struct timex){.modes = ADJ_TIMECONST, .constant = 3});
  adjust("micro", (struct timex){.modes = ADJ_MICRO});
  adjust("tai", (struct timex){.modes = ADJ_TAI, .constant = 37});
  show("tai");
  adjust("tai -1", (struct timex){.modes = ADJ_TAI, .constant = -1});
  adjust("adjtime alone", (struct timex){.modes = 0x8000});
  adjust("adjtime read", (struct timex){.modes = 0xa001});
  adjust("frequency", (struct timex){.modes = ADJ_FREQUENCY, .freq = 65536});
  adjust("frequency back", (struct timex){.modes = ADJ_FREQUENCY, .freq = 0});
  adjust("frequency too much", (struct timex){.modes = ADJ_FREQUENCY, .freq = 1l << 62});
  adjust("status back", (struct timex){.modes = ADJ_STATUS, .status = STA_UNSYNC});
  raw_settime(CLOCK_REALTIME, 2000006000, 0);
  struct timex move = {.modes = ADJ_SETOFFSET, .time = {100, 500000}};
  printf("moved %d\n", (int)syscall(SYS_clock_adjtime, CLOCK_REALTIME, &move));
  show("moved");
  move = (struct timex){.modes = ADJ_SETOFFSET, .time = {0, 1000000}};
  TELL(syscall(SYS_clock_adjtime, CLOCK_REALTIME, &move));
  move = (struct timex){};
  TELL(syscall(SYS_clock_adjtime, CLOCK_MONOTONIC, &move));
  TELL(syscall(SYS_clock_adjtime, CLOCK_PROCESS_CPUTIME_ID, &move));
  TELL(syscall(SYS_clock_adjtime, 77, &move));
  TELL(syscall(SYS_adjtimex, 8));

  // Names.
  struct utsname name;
  TELL(sethostname("machine", 7));
  TELL(sethostname("machine", 65));
  TELL(sethostname("machine", -1));
  TELL(syscall(SYS_sethostname, 8, 2));
  TELL(setdomainname("domain", 3));
  uname(&name);
  printf("%s %s\n", name.nodename, name.domainname);
  text("/proc/sys/kernel/hostname");
  text("/proc/sys/kernel/domainname");
  TELL(put("/proc/sys/kernel/hostname", "other\nmore"));
  TELL(put("/proc/sys/kernel/domainname", ""));
  TELL(put("/proc/sys/kernel/core_pattern", "/tmp/core.%p"));
  uname(&name);
  printf("%s %s\n", name.nodename, name.domainname);
  text("/proc/sys/kernel/hostname");
  text("/proc/sys/kernel/domainname");
  text("/proc/sys/kernel/core_pattern");
  char length[80];
  memset(length, 'l', 79);
  length[79] = 0;
  TELL(put("/proc/sys/kernel/hostname", length));
  text("/proc/sys/kernel/hostname");
  TELL(put("/proc/sys/kernel/ostype", "Other"));
  TELL(sethostname("", 0));
  text("/proc/sys/kernel/hostname");
  return 0;
}
