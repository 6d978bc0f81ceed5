/* Timers: setitimer, POSIX timers, timerfd, sleeping; what they refuse and what they tell. */
#include "signals.h"
#include <poll.h>
#include <sys/time.h>
#include <sys/timerfd.h>

static volatile int fired, fired_code, fired_value, fired_overrun, fired_id;
static void on(int sig, siginfo_t *info, void *context) {
  fired++;
  fired_code = info->si_code;
  fired_value = info->si_value.sival_int;
  fired_overrun = info->si_overrun;
  fired_id = info->si_timerid;
}

static void set(int sig) {
  struct action action = {on, SA_SIGINFO, 0, 0};
  sigaction_raw(sig, &action, 0);
}

static const char *between(long value, long low, long high) {
  return value < low ? "less" : value > high ? "more" : "fits";
}

static long microseconds(struct timeval *value) { return value->tv_sec * 1000000 + value->tv_usec; }

static void burn(int millions) {
  for (volatile int i = 0; i < millions * 200000; i++) {}
}

static void intervals(void) {
  say("-- setitimer\n");
  int sigs[] = {SIGALRM, SIGVTALRM, SIGPROF};
  struct itimerval value, old;
  for (int which = 0; which < 3; which++) {
    set(sigs[which]);
    memset(&value, 0, sizeof value);
    say("off %s ", result(getitimer(which, &old)));
    say("%ld %ld\n", microseconds(&old.it_value), microseconds(&old.it_interval));
    value.it_value.tv_usec = 20000;
    value.it_interval.tv_usec = 20000;
    fired = 0;
    say("set %s\n", result(setitimer(which, &value, 0)));
    /* The program computes; nothing but the timer interrupts it. */
    while (fired < 3) burn(1);
    getitimer(which, &old);
    say("fired, code %d value %d, left %s interval %ld\n", fired_code, fired_value,
        between(microseconds(&old.it_value), 1, 24000), microseconds(&old.it_interval));
    memset(&value, 0, sizeof value);
    say("stop %s ", result(setitimer(which, &value, &old)));
    say("old %s %ld\n", between(microseconds(&old.it_value), 1, 24000),
        microseconds(&old.it_interval));
    getitimer(which, &old);
    say("off %ld %ld\n", microseconds(&old.it_value), microseconds(&old.it_interval));
  }
  memset(&value, 0, sizeof value);
  say("which 3: %s %s\n", result(setitimer(3, &value, 0)), result(getitimer(3, &old)));
  value.it_value.tv_usec = 1000000;
  say("a whole second of microseconds: %s\n", result(setitimer(0, &value, 0)));
  value.it_value.tv_usec = -1;
  say("negative: %s\n", result(setitimer(0, &value, 0)));
  value.it_value.tv_usec = 0;
  value.it_value.tv_sec = -1;
  say("negative seconds: %s\n", result(setitimer(0, &value, 0)));
  value.it_value.tv_sec = 0x7fffffffffffffff;
  say("for ever: %s\n", result(setitimer(0, &value, 0)));
  getitimer(0, &old);
  say("left: more than 100 years %d\n", old.it_value.tv_sec > 3153600000l);
  say("null: %s\n", result(syscall(SYS_setitimer, 0, 0, &old)));
  say("bad pointers: %s %s %s\n", result(syscall(SYS_setitimer, 0, 8, 0)),
      result(syscall(SYS_getitimer, 0, 8)), result(syscall(SYS_getitimer, 0, 0)));
  say("alarm: %u %u", alarm(100), alarm(0));
  say(" %u\n", alarm(0));
  fired = 0;
  memset(&value, 0, sizeof value);
  value.it_value.tv_usec = 10000;
  setitimer(0, &value, 0);
  say("pause %s, fired %d code %d\n", result(pause()), fired, fired_code);
  value.it_value.tv_usec = 500000;
  setitimer(0, &value, 0);
  if (fork() == 0) {
    getitimer(0, &old);
    say("a child has none: %ld\n", microseconds(&old.it_value));
    _exit(0);
  }
  wait(0);
  value.it_value.tv_usec = 0;
  setitimer(0, &value, 0);
}

static long create(int clock, struct sigevent *event, int *id) {
  return syscall(SYS_timer_create, clock, event, id);
}

static void posix(void) {
  say("-- timer_create\n");
  int ids[8], clocks[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, -1, -6, 16};
  for (int i = 0; i < 16; i++) {
    long value = create(clocks[i], 0, &ids[0]);
    say("clock %d: %s\n", clocks[i], result(value));
    if (value == 0) syscall(SYS_timer_delete, ids[0]);
  }
  struct sigevent event;
  int kinds[] = {SIGEV_SIGNAL, SIGEV_NONE, SIGEV_THREAD, 3, SIGEV_THREAD_ID, 5, 8};
  for (int i = 0; i < 7; i++) {
    memset(&event, 0, sizeof event);
    event.sigev_notify = kinds[i];
    event.sigev_signo = 34;
    event._sigev_un._tid = gettid();
    say("notify %d: %s", kinds[i], result(create(1, &event, &ids[0])));
    event.sigev_signo = 0;
    say(" signal 0: %s", result(create(1, &event, &ids[0])));
    event.sigev_signo = 65;
    say(" signal 65: %s", result(create(1, &event, &ids[0])));
    event.sigev_signo = 34;
    event._sigev_un._tid = 1;
    say(" thread 1: %s\n", result(create(1, &event, &ids[0])));
  }
  say("bad pointers: %s %s\n", result(syscall(SYS_timer_create, 1, 8, ids)),
      result(syscall(SYS_timer_create, 1, 0, 8)));
  say("unknown: %s %s %s %s\n", result(syscall(SYS_timer_delete, 9999)),
      result(syscall(SYS_timer_gettime, 9999, &event)),
      result(syscall(SYS_timer_settime, 9999, 0, &event, 0)),
      result(syscall(SYS_timer_getoverrun, 9999)));
  struct itimerspec value, old;
  memset(&event, 0, sizeof event);
  event.sigev_notify = SIGEV_SIGNAL;
  event.sigev_signo = 40;
  event.sigev_value.sival_int = 4711;
  set(40);
  say("create %s\n", result(create(CLOCK_MONOTONIC, &event, &ids[1])));
  memset(&value, 0, sizeof value);
  value.it_value.tv_nsec = 1000000000;
  say("settime nsec: %s\n", result(syscall(SYS_timer_settime, ids[1], 0, &value, 0)));
  value.it_value.tv_nsec = 0;
  value.it_value.tv_sec = -1;
  say("settime negative: %s\n", result(syscall(SYS_timer_settime, ids[1], 0, &value, 0)));
  say("settime null: %s\n", result(syscall(SYS_timer_settime, ids[1], 0, 0, 0)));
  value.it_value.tv_sec = 0;
  value.it_value.tv_nsec = 10000000;
  fired = 0;
  say("settime %s\n", result(syscall(SYS_timer_settime, ids[1], 0, &value, &old)));
  say("was off: %ld %ld\n", old.it_value.tv_nsec, old.it_interval.tv_nsec);
  while (!fired) pause();
  say("code %d value %d overrun %d id %d\n", fired_code, fired_value, fired_overrun,
      fired_id == ids[1]);
  syscall(SYS_timer_gettime, ids[1], &old);
  say("off again: %ld %ld\n", old.it_value.tv_nsec, old.it_interval.tv_nsec);
  /* Overruns: the signal is blocked for a little over ten periods. */
  mask_raw(SIG_SETMASK, bit(40));
  value.it_value.tv_nsec = value.it_interval.tv_nsec = 10000000;
  fired = 0;
  syscall(SYS_timer_settime, ids[1], 0, &value, 0);
  struct timespec pause_time = {0, 105000000};
  nanosleep(&pause_time, 0);
  say("pending %lx fired %d\n", pending_now(), fired);
  mask_raw(SIG_SETMASK, 0);
  memset(&value, 0, sizeof value);
  int overrun = fired_overrun;
  long asked = syscall(SYS_timer_getoverrun, ids[1]);
  syscall(SYS_timer_settime, ids[1], 0, &value, &old);
  say("fired %d overrun %s asked %d left %s interval %ld\n", fired, between(overrun, 9, 10),
      asked == overrun, between(old.it_value.tv_nsec, 1, 10000000), old.it_interval.tv_nsec);
  /* Deleted while its signal waits. */
  mask_raw(SIG_SETMASK, bit(40));
  value.it_value.tv_nsec = 1000000;
  fired = 0;
  syscall(SYS_timer_settime, ids[1], 0, &value, 0);
  settle();
  say("pending %lx\n", pending_now());
  syscall(SYS_timer_delete, ids[1]);
  say("after delete %lx\n", pending_now());
  mask_raw(SIG_SETMASK, 0);
  say("fired %d code %d value %d\n", fired, fired_code, fired_value);
  /* Absolute, in the past; another clock; no signal; to a thread. */
  set(14);
  create(CLOCK_REALTIME, 0, &ids[2]);
  value.it_value.tv_sec = 0;
  value.it_value.tv_nsec = 1000;
  fired = 0;
  say("%s\n", result(syscall(SYS_timer_settime, ids[2], TIMER_ABSTIME, &value, 0)));
  settle();
  say("absolute, past: fired %d code %d value is id %d\n", fired, fired_code,
      fired_value == ids[2]);
  event.sigev_notify = SIGEV_NONE;
  create(CLOCK_MONOTONIC, &event, &ids[3]);
  value.it_value.tv_sec = 0;
  value.it_value.tv_nsec = value.it_interval.tv_nsec = 10000000;
  syscall(SYS_timer_settime, ids[3], 0, &value, 0);
  pause_time.tv_nsec = 25000000;
  nanosleep(&pause_time, 0);
  syscall(SYS_timer_gettime, ids[3], &old);
  say("no signal: left %s interval %ld overrun %s\n", between(old.it_value.tv_nsec, 1, 10000000),
      old.it_interval.tv_nsec, result(syscall(SYS_timer_getoverrun, ids[3])));
  event.sigev_notify = SIGEV_THREAD_ID | SIGEV_SIGNAL;
  event._sigev_un._tid = gettid();
  int cpu[] = {CLOCK_PROCESS_CPUTIME_ID, CLOCK_THREAD_CPUTIME_ID, CLOCK_BOOTTIME};
  for (int i = 0; i < 3; i++) {
    say("clock %d: %s ", cpu[i], result(create(cpu[i], &event, &ids[4])));
    fired = 0;
    memset(&value, 0, sizeof value);
    value.it_value.tv_nsec = 20000000;
    say("%s\n", result(syscall(SYS_timer_settime, ids[4], 0, &value, 0)));
    while (!fired) burn(1);
    say("fired %d code %d value %d\n", fired, fired_code, fired_value);
    say("delete %s, again %s\n", result(syscall(SYS_timer_delete, ids[4])),
        result(syscall(SYS_timer_delete, ids[4])));
  }
  fflush(0);
  if (fork() == 0) {
    say("a child has none: %s\n", result(syscall(SYS_timer_gettime, ids[3], &old)));
    _exit(0);
  }
  wait(0);
  /* Ids count up and are not used again at once. */
  int first, second;
  create(1, 0, &first);
  syscall(SYS_timer_delete, first);
  create(1, 0, &second);
  say("the next id: +%d\n", second - first);
}

static void descriptors(void) {
  say("-- timerfd\n");
  int clocks[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 11, -1};
  for (int i = 0; i < 12; i++) {
    int fd = timerfd_create(clocks[i], 0);
    say("clock %d: %s\n", clocks[i], fd >= 0 ? "ok" : name(errno));
    if (fd >= 0) close(fd);
  }
  say("flags: %s %s\n", result(timerfd_create(1, 1)),
      timerfd_create(1, TFD_NONBLOCK | TFD_CLOEXEC) >= 0 ? "ok" : name(errno));
  int fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
  struct itimerspec value, old;
  uint64_t count = 0;
  memset(&value, 0, sizeof value);
  say("read, off: %s\n", result(read(fd, &count, 8)));
  say("read short: %s\n", result(read(fd, &count, 7)));
  say("write: %s lseek %s\n", result(write(fd, &count, 8)), result(lseek(fd, 0, 0)));
  value.it_value.tv_nsec = 10000000;
  value.it_interval.tv_nsec = 10000000;
  say("flags 4: %s\n", result(timerfd_settime(fd, 4, &value, 0)));
  say("bad nsec: ");
  value.it_interval.tv_nsec = -1;
  say("%s\n", result(timerfd_settime(fd, 0, &value, 0)));
  value.it_interval.tv_nsec = 10000000;
  say("no timer: %s %s\n", result(timerfd_settime(1, 0, &value, 0)),
      result(timerfd_gettime(99, &old)));
  say("set %s\n", result(timerfd_settime(fd, 0, &value, &old)));
  struct pollfd entry = {fd, POLLIN, 0};
  say("poll %s", result(poll(&entry, 1, 0)));
  say(" then %s", result(poll(&entry, 1, 1000)));
  say(" events %x\n", entry.revents);
  long got = read(fd, &count, 8);
  say("read %s count %lu\n", result(got), count);
  struct timespec pause_time = {0, 35000000};
  nanosleep(&pause_time, 0);
  got = read(fd, &count, 8);
  say("read %s count %s\n", result(got), between(count, 3, 4));
  timerfd_gettime(fd, &old);
  say("left %s interval %ld\n", between(old.it_value.tv_nsec, 1, 10000000), old.it_interval.tv_nsec);
  fcntl(fd, F_SETFL, 0);
  got = read(fd, &count, 8);
  say("waiting read %s count %lu\n", result(got), count);
  struct itimerval alarm_value = {{0, 0}, {0, 5000}};
  memset(&value, 0, sizeof value);
  timerfd_settime(fd, 0, &value, 0);
  set(14);
  setitimer(0, &alarm_value, 0);
  say("interrupted: %s\n", result(read(fd, &count, 8)));
  value.it_value.tv_sec = 1;
  say("absolute, past: %s", result(timerfd_settime(fd, TFD_TIMER_ABSTIME, &value, 0)));
  got = read(fd, &count, 8);
  say(" read %s count %lu\n", result(got), count);
}

static void sleeping(void) {
  say("-- sleeping and clocks\n");
  struct timespec time, left;
  int clocks[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, -1, -2};
  for (int i = 0; i < 15; i++) {
    time.tv_sec = 0;
    time.tv_nsec = 1000;
    const char *get = result(syscall(SYS_clock_gettime, clocks[i], &left));
    const char *resolution = result(syscall(SYS_clock_getres, clocks[i], &left));
    long nanoseconds = left.tv_nsec;
    time.tv_nsec = 1000000;
    const char *settime = clocks[i] == 0 ? "-" : result(syscall(SYS_clock_settime, clocks[i], &time));
    say("clock %d: get %s, resolution %s %ld, set %s\n", clocks[i], get, resolution, nanoseconds,
        settime);
    time.tv_nsec = 1000;
    /* The thread's own CPU clock never comes to its end in a sleep; it is refused. */
    if (clocks[i] != 2 && clocks[i] != -2)
      say("  sleep %s absolute, past %s\n",
          result(syscall(SYS_clock_nanosleep, clocks[i], 0, &time, 0)),
          result(syscall(SYS_clock_nanosleep, clocks[i], 1, &time, 0)));
  }
  time.tv_nsec = 1000000000;
  say("nsec: %s %s\n", result(syscall(SYS_nanosleep, &time, 0)),
      result(syscall(SYS_clock_nanosleep, 1, 0, &time, 0)));
  time.tv_nsec = 0;
  time.tv_sec = -1;
  say("negative: %s\n", result(syscall(SYS_nanosleep, &time, 0)));
  say("null: %s\n", result(syscall(SYS_nanosleep, 0, 0)));
  say("settime bad: %s\n", result(syscall(SYS_clock_settime, 0, &time)));
  if (fork() == 0) {
    if (setresuid(1000, 1000, 1000)) say("setresuid %s\n", name(errno));
    clock_gettime(0, &time);
    struct timeval day = {time.tv_sec, 0};
    say("settime as uid 1000: %s %s\n", result(syscall(SYS_clock_settime, 0, &time)),
        result(syscall(SYS_settimeofday, &day, 0)));
    _exit(0);
  }
  wait(0);
  set(14);
  struct itimerval alarm_value = {{0, 0}, {0, 10000}};
  setitimer(0, &alarm_value, 0);
  time.tv_sec = 100;
  time.tv_nsec = 0;
  say("interrupted: %s", result(syscall(SYS_nanosleep, &time, &left)));
  say(" left %ld\n", left.tv_sec);
  setitimer(0, &alarm_value, 0);
  clock_gettime(1, &time);
  time.tv_sec += 100;
  left.tv_sec = 77;
  say("absolute, interrupted: %s", result(syscall(SYS_clock_nanosleep, 1, 1, &time, &left)));
  say(" left %ld\n", left.tv_sec);
  clockid_t other;
  say("a process's clock: %s", result(clock_getcpuclockid(getpid(), &other)));
  say(" %s", result(clock_gettime(other, &time)));
  say(" init's %s nobody's %s\n", result(syscall(SYS_clock_gettime, (~1u << 3) | 2, &time)),
      result(syscall(SYS_clock_gettime, (int)((~999999u << 3) | 2), &time)));
}

static void limit(void) {
  struct rlimit limit = {1, 2};
  setrlimit(RLIMIT_CPU, &limit);
  for (;;) burn(1);
}

static volatile int xcpu;
static void count_xcpu(int sig) { xcpu++; }
static void limit_caught(void) {
  struct rlimit limit = {1, 2};
  signal(SIGXCPU, count_xcpu);
  setrlimit(RLIMIT_CPU, &limit);
  while (xcpu < 1) burn(1);
  getrlimit(RLIMIT_CPU, &limit);
  say("SIGXCPU, limit now %ld %ld\n", (long)limit.rlim_cur, (long)limit.rlim_max);
  for (;;) burn(1);
}

int main(void) {
  intervals();
  posix();
  descriptors();
  sleeping();
  say("-- RLIMIT_CPU\n");
  in_child("default", limit);
  in_child("caught", limit_caught);
  return 0;
}
