// What a thread may do and asks of the scheduler: policies, nice, I/O priorities, capabilities, and
// the calls that administer a machine as far as they refuse.
#define _GNU_SOURCE
#include <errno.h>
#include <linux/capability.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

static void say(const char *what, long result) {
  if (result < 0) printf("%s: %s\n", what, strerrorname_np(errno));
  else printf("%s: %ld\n", what, result);
}
#define SAY(call) say(#call, call)
#define in_child(...) do { fflush(stdout); pid_t p = fork(); \
  if (!p) { __VA_ARGS__; fflush(stdout); _exit(0); } int st; waitpid(p, &st, 0); \
  if (st) printf("child ended with %x\n", st); } while (0)

struct attributes { unsigned size, policy; unsigned long long flags; int nice; unsigned priority;
  unsigned long long runtime, deadline, period; unsigned low, high; };
static void attributes(void) {
  struct attributes a;
  memset(&a, 0x55, sizeof a);
  long r = syscall(SYS_sched_getattr, 0, &a, sizeof a, 0);
  printf("attributes %ld: size %u policy %u flags %llx nice %d priority %u runtime %llu high %u\n", r,
         a.size, a.policy, a.flags, a.nice, a.priority, a.runtime, a.high);
}
static void stat_line(void) {
  char b[2000];
  FILE *f = fopen("/proc/self/stat", "r");
  fgets(b, sizeof b, f);
  fclose(f);
  char *p = strrchr(b, ')');
  int n = 2;
  for (char *w = strtok(p + 1, " "); w; w = strtok(0, " ")) {
    n++;
    if (n == 18 || n == 19 || n == 40 || n == 41) printf("%s ", w);
  }
  printf("in stat\n");
}
static void capability_lines(void) {
  char b[200];
  FILE *f = fopen("/proc/self/status", "r");
  while (fgets(b, sizeof b, f)) if (!strncmp(b, "Cap", 3)) printf("%s", b);
  fclose(f);
}

static void scheduling(void) {
  struct sched_param p = {0};
  for (int policy = -1; policy < 8; policy++)
    printf("%d: %d %d\n", policy, sched_get_priority_min(policy), sched_get_priority_max(policy));
  SAY(sched_getscheduler(0));
  SAY(sched_getscheduler(getpid()));
  SAY(sched_getscheduler(30000));
  SAY(sched_getscheduler(-1));
  SAY(sched_getparam(0, 0));
  SAY(sched_getparam(0, &p));
  SAY(sched_setscheduler(0, SCHED_FIFO, &p));
  p.sched_priority = 100;
  SAY(sched_setscheduler(0, SCHED_FIFO, &p));
  p.sched_priority = 50;
  SAY(sched_setscheduler(0, SCHED_OTHER, &p));
  SAY(sched_setscheduler(0, 4, &p));
  SAY(sched_setscheduler(0, -1, &p));
  SAY(sched_setscheduler(30000, SCHED_RR, &p));
  SAY(sched_setscheduler(0, SCHED_RR, (void *)1));
  SAY(sched_setscheduler(0, SCHED_RR | SCHED_RESET_ON_FORK, &p));
  SAY(sched_getscheduler(0));
  attributes();
  stat_line();
  struct timespec t;
  SAY(sched_rr_get_interval(0, &t));
  printf("%ld ms\n", t.tv_nsec / 1000000);
  in_child(SAY(sched_getscheduler(0)); attributes());
  p.sched_priority = 0;
  SAY(sched_setparam(0, &p));
  p.sched_priority = 7;
  SAY(sched_setparam(0, &p));
  SAY(sched_getparam(0, &p));
  printf("priority %d\n", p.sched_priority);
  p.sched_priority = 0;
  SAY(sched_setscheduler(0, SCHED_IDLE, &p));
  stat_line();
  SAY(sched_setscheduler(0, SCHED_BATCH, &p));
  struct attributes a = {.size = 48, .policy = 0, .nice = -30};
  SAY(syscall(SYS_sched_setattr, 0, &a, 0));
  attributes();
  stat_line();
  a.flags = 1;
  SAY(syscall(SYS_sched_setattr, 0, &a, 0));
  in_child(attributes());
  a = (struct attributes){.size = 40};
  SAY(syscall(SYS_sched_setattr, 0, &a, 0));
  printf("size %u\n", a.size);
  a = (struct attributes){.size = 48, .policy = 77};
  SAY(syscall(SYS_sched_setattr, 0, &a, 0));
  a = (struct attributes){.size = 48, .flags = 0x100};
  SAY(syscall(SYS_sched_setattr, 0, &a, 0));
  a = (struct attributes){.size = 48, .nice = 3};
  SAY(syscall(SYS_sched_setattr, 0, &a, 1));
  SAY(syscall(SYS_sched_setattr, 0, &a, 0));
  a = (struct attributes){.size = 48, .policy = 1, .priority = 9, .flags = 8 | 16};
  SAY(syscall(SYS_sched_setattr, 0, &a, 0));
  attributes();
  SAY(syscall(SYS_sched_getattr, 0, &a, 47, 0));
  SAY(syscall(SYS_sched_getattr, 0, &a, 48, 1));
  unsigned long mask = 1;
  SAY(syscall(SYS_sched_setaffinity, 0, 8, &mask));
  SAY(syscall(SYS_sched_setaffinity, 30000, 8, &mask));
  SAY(syscall(SYS_sched_setaffinity, 0, 8, 0L));
  mask = 2;
  SAY(syscall(SYS_sched_setaffinity, 0, 8, &mask));
  SAY(syscall(SYS_sched_getaffinity, 0, 8, &mask));
  SAY(syscall(SYS_sched_getaffinity, 0, 7, &mask));
  SAY(syscall(SYS_sched_getaffinity, 30000, 8, &mask));
}

static void priorities(void) {
  SAY(syscall(SYS_getpriority, PRIO_PROCESS, 0));
  SAY(setpriority(PRIO_PROCESS, 0, 5));
  SAY(syscall(SYS_getpriority, PRIO_PROCESS, 0));
  SAY(setpriority(PRIO_PROCESS, 0, -100));
  SAY(syscall(SYS_getpriority, PRIO_PROCESS, getpid()));
  SAY(setpriority(PRIO_PROCESS, 0, 100));
  SAY(syscall(SYS_getpriority, PRIO_PGRP, 0));
  stat_line();
  in_child(SAY(syscall(SYS_getpriority, PRIO_PROCESS, 0)));
  SAY(setpriority(3, 0, 0));
  SAY(setpriority(PRIO_PROCESS, 30000, 0));
  SAY(setpriority(PRIO_PROCESS, -5, 0));
  SAY(syscall(SYS_getpriority, PRIO_PGRP, 30000));
  SAY(syscall(SYS_getpriority, PRIO_USER, 12345));
  SAY(setpriority(PRIO_PGRP, 0, 2));
  SAY(syscall(SYS_getpriority, PRIO_PROCESS, 0));
  SAY(syscall(SYS_ioprio_get, 1, 0));
  SAY(syscall(SYS_ioprio_get, 2, 0));
  SAY(syscall(SYS_ioprio_set, 1, 0, 2 << 13 | 6));
  SAY(syscall(SYS_ioprio_get, 1, 0));
  in_child(SAY(syscall(SYS_ioprio_get, 1, 0)));
  SAY(syscall(SYS_ioprio_set, 1, 0, 2 << 13 | 8));
  SAY(syscall(SYS_ioprio_set, 1, 0, 4 << 13));
  SAY(syscall(SYS_ioprio_set, 1, 0, 1));
  SAY(syscall(SYS_ioprio_set, 0, 0, 0));
  SAY(syscall(SYS_ioprio_set, 1, 30000, 0));
  SAY(syscall(SYS_ioprio_set, 1, 0, 3 << 13));
  SAY(syscall(SYS_ioprio_get, 1, 0));
}

static void capabilities(void) {
  struct __user_cap_header_struct h = {_LINUX_CAPABILITY_VERSION_3, 0};
  struct __user_cap_data_struct d[2] = {{0}};
  SAY(syscall(SYS_capget, &h, 0L));
  SAY(syscall(SYS_capget, &h, d));
  printf("%x %x %x, %x %x %x\n", d[0].effective, d[0].permitted, d[0].inheritable, d[1].effective,
         d[1].permitted, d[1].inheritable);
  h.version = 1;
  SAY(syscall(SYS_capget, &h, 0L));
  printf("version %x\n", h.version);
  h.version = 1;
  SAY(syscall(SYS_capget, &h, d));
  SAY(syscall(SYS_capset, &h, d));
  h.version = _LINUX_CAPABILITY_VERSION_1;
  SAY(syscall(SYS_capget, &h, d));
  printf("%x\n", d[0].effective);
  h.version = _LINUX_CAPABILITY_VERSION_3;
  h.pid = 30000;
  SAY(syscall(SYS_capget, &h, d));
  SAY(syscall(SYS_capset, &h, d));
  h.pid = -1;
  SAY(syscall(SYS_capget, &h, d));
  h.pid = 0;
  SAY(syscall(SYS_capset, &h, (void *)8));
  capability_lines();
  in_child(
    syscall(SYS_capget, &h, d);
    d[0].effective &= ~(1u << CAP_SYS_NICE | 1u << CAP_IPC_LOCK | 1u << CAP_SYS_RESOURCE);
    SAY(syscall(SYS_capset, &h, d));
    capability_lines();
    SAY(setpriority(PRIO_PROCESS, 0, -1));
    SAY(nice(1));
    struct sched_param p = {1};
    SAY(sched_setscheduler(0, SCHED_FIFO, &p));
    struct rlimit none = {0, 0};
    SAY(setrlimit(RLIMIT_MEMLOCK, &none));
    void *m = mmap(0, 65536, 3, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    SAY(mlock(m, 65536));
    d[0].permitted = 0;
    SAY(syscall(SYS_capset, &h, d));
    d[0].effective = d[1].effective = d[1].permitted = 0;
    SAY(syscall(SYS_capset, &h, d));
    d[0].permitted = d[0].effective = 1;
    SAY(syscall(SYS_capset, &h, d));
    capability_lines());
  in_child(SAY(seteuid(1000)); capability_lines(); SAY(seteuid(0)); capability_lines();
           SAY(setuid(1000)); capability_lines(); SAY(setpriority(PRIO_PROCESS, 0, -5));
           SAY(setpriority(PRIO_PROCESS, 0, 10)); SAY(setpriority(PRIO_PROCESS, 0, 5));
           SAY(setpriority(PRIO_PROCESS, getppid(), 5)));
}

static void administration(void) {
  char b[16];
  SAY(syscall(SYS_syslog, 3, 0L, 5));
  SAY(syscall(SYS_syslog, 3, b, -1));
  SAY(syscall(SYS_syslog, 99, b, 1));
  SAY(syscall(SYS_syslog, 8, 0L, 9));
  SAY(syscall(SYS_delete_module, "nothing", 0));
  SAY(syscall(SYS_delete_module, 1L, 0));
  SAY(syscall(SYS_init_module, b, 3, ""));
  SAY(syscall(SYS_finit_module, -1, "", 0));
  SAY(syscall(SYS_finit_module, 0, "", 100));
  SAY(syscall(SYS_swapon, "/nothing", 0));
  SAY(syscall(SYS_swapon, "/proc", 1 << 30));
  SAY(syscall(SYS_swapon, "/bin", 0));
  SAY(syscall(SYS_swapoff, "/nothing"));
  SAY(syscall(SYS_swapoff, "/bin"));
  SAY(syscall(SYS_reboot, 1, 2, 3, 0));
  SAY(syscall(SYS_reboot, 0xfee1dead, 672274793, 77, 0));
  SAY(syscall(SYS_reboot, 0xfee1dead, 672274793, 0, 0));
  SAY(syscall(SYS_vhangup));
  SAY(syscall(SYS_clock_settime, 1, b));
  SAY(syscall(SYS_clock_settime, 0, 1L));
  SAY(syscall(SYS_settimeofday, 0L, 0L));
  SAY(syscall(SYS_adjtimex, 1L));
  long x[26] = {0};
  SAY(syscall(SYS_adjtimex, x));
  printf("%ld %ld %lx %ld %ld %ld %ld\n", x[1], x[2], x[5], x[6], x[7], x[8], x[11]);
  SAY(syscall(SYS_clock_adjtime, 1, x));
}

static void extended(void) {
  char b[16], *path = "/bin/privileges", long_name[300];
  memset(long_name, 'a', 299);
  long_name[299] = 0;
  SAY(getxattr(path, "user.x", b, 16));
  SAY(getxattr(path, "user.x", 0, 0));
  SAY(getxattr("/nothing", "user.x", b, 16));
  SAY(getxattr("", "user.x", b, 16));
  SAY(getxattr(path, "", b, 16));
  SAY(getxattr(path, long_name, b, 16));
  SAY(getxattr(path, (void *)1, b, 16));
  SAY(getxattr((void *)1, "user.x", b, 16));
  SAY(lgetxattr("/proc/self", "security.selinux", b, 16));
  SAY(fgetxattr(99, "user.x", b, 16));
  SAY(fgetxattr(1, "user.x", b, 16));
  SAY(setxattr(path, "user.x", "y", 1, 0));
  SAY(setxattr(path, "user.x", "y", 1, 4));
  SAY(setxattr(path, "user.x", "y", 70000, 0));
  SAY(setxattr(path, "user.x", (void *)1, 5, 0));
  SAY(setxattr(path, "trusted.x", 0, 0, XATTR_CREATE));
  SAY(listxattr(path, b, 16));
  SAY(listxattr("/nothing", b, 16));
  SAY(flistxattr(99, b, 16));
  SAY(removexattr(path, "user.x"));
  SAY(removexattr("/nothing", "user.x"));
  SAY(fremovexattr(99, "user.x"));
}

int main(void) {
  in_child(scheduling());
  in_child(priorities());
  in_child(capabilities());
  in_child(administration());
  in_child(extended());
}
