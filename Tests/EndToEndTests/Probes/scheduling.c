/* What the scheduler is asked and told. */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static const char *shown(long value) {
  static char texts[8][32];
  static int next;
  char *text = texts[next++ & 7];
  if (value >= 0) snprintf(text, 32, "%ld", value);
  else snprintf(text, 32, "%s", strerrorname_np(errno));
  return text;
}
#define CALL(name, ...) shown(syscall(SYS_##name, ##__VA_ARGS__))

static void policies(const char *who) {
  struct sched_param zero = {0}, one = {1}, most = {99}, over = {100}, under = {-1};
  printf("-- %s\n", who);
  printf("now: %s, parameters %s\n", CALL(sched_getscheduler, 0), CALL(sched_getparam, 0, &zero));
  for (int policy = -1; policy < 9; policy++) {
    printf("policy %d: 0 %s, 1 %s, 99 %s, 100 %s, -1 %s\n", policy, CALL(sched_setscheduler, 0, policy, &zero),
           CALL(sched_setscheduler, 0, policy, &one), CALL(sched_setscheduler, 0, policy, &most),
           CALL(sched_setscheduler, 0, policy, &over), CALL(sched_setscheduler, 0, policy, &under));
    struct timespec turn = {9, 9};
    struct sched_param now;
    CALL(sched_getparam, 0, &now);
    CALL(sched_rr_get_interval, 0, &turn);
    printf("  is %s with %d, turn %ld %ld\n", CALL(sched_getscheduler, 0), now.sched_priority, (long)turn.tv_sec, turn.tv_nsec);
  }
  printf("back: %s", CALL(sched_setscheduler, 0, SCHED_RR, &one));
  printf(" %s", CALL(sched_setparam, 0, &most));
  printf(" %s", CALL(sched_setparam, 0, &zero));
  printf(" %s", CALL(sched_setscheduler, 0, SCHED_RR | SCHED_RESET_ON_FORK, &one));
  printf(" %s", CALL(sched_getscheduler, 0));
  fflush(stdout);
  pid_t pid = fork();
  if (pid == 0) {
    printf(" child %s", CALL(sched_getscheduler, 0));
    exit(0);
  }
  wait(0);
  printf(" %s\n", CALL(sched_setscheduler, 0, SCHED_OTHER, &zero));
}

static void nice_values(const char *who) {
  printf("nice, %s: %s", who, CALL(getpriority, PRIO_PROCESS, 0));
  printf(" set 5 %s %s", CALL(setpriority, PRIO_PROCESS, 0, 5), CALL(getpriority, PRIO_PROCESS, 0));
  printf(" set 3 %s %s", CALL(setpriority, PRIO_PROCESS, 0, 3), CALL(getpriority, PRIO_PROCESS, 0));
  printf(" set 100 %s %s", CALL(setpriority, PRIO_PROCESS, 0, 100), CALL(getpriority, PRIO_PROCESS, 0));
  printf(" set -100 %s %s", CALL(setpriority, PRIO_PROCESS, 0, -100), CALL(getpriority, PRIO_PROCESS, 0));
  printf(" set 0 %s %s\n", CALL(setpriority, PRIO_PROCESS, 0, 0), CALL(getpriority, PRIO_PROCESS, 0));
}

static void *nicer(void *argument) {
  CALL(setpriority, PRIO_PROCESS, 0, 7);
  return (void *)syscall(SYS_getpriority, PRIO_PROCESS, 0);
}

int main(void) {
  setvbuf(stdout, 0, _IOFBF, 65536);
  policies("root");
  printf("nobody: %s %s %s\n", CALL(sched_getscheduler, 999999), CALL(sched_getparam, 999999, &(struct sched_param){0}), CALL(sched_rr_get_interval, 999999, &(struct timespec){0}));
  printf("negative: %s %s %s\n", CALL(sched_getscheduler, -1), CALL(sched_getparam, -1, &(struct sched_param){0}), CALL(sched_rr_get_interval, -1, &(struct timespec){0}));
  printf("no place: %s %s %s %s\n", CALL(sched_getparam, 0, 0), CALL(sched_setparam, 0, 0), CALL(sched_setscheduler, 0, 0, 0), CALL(sched_rr_get_interval, 0, 0));
  printf("bad place: %s %s\n", CALL(sched_getparam, 0, 1), CALL(sched_setparam, 0, 1));
  for (int policy = -1; policy < 9; policy++)
    printf("bounds %d: %s %s\n", policy, CALL(sched_get_priority_min, policy), CALL(sched_get_priority_max, policy));
  nice_values("root");
  printf("priority which 3: %s %s\n", CALL(getpriority, 3, 0), CALL(setpriority, 3, 0, 0));
  printf("priority nobody: %s %s\n", CALL(getpriority, 0, 999999), CALL(setpriority, 0, 999999, 0));
  printf("priority of no group: %s\n", CALL(getpriority, 1, 999999));
  printf("priority of no user: %s\n", CALL(getpriority, 2, 4321));
  pthread_t thread;
  void *value;
  pthread_create(&thread, 0, nicer, 0);
  pthread_join(thread, &value);
  printf("a thread's own: %ld, leader's %s\n", (long)value, CALL(getpriority, PRIO_PROCESS, 0));
  printf("group's: %s", CALL(setpriority, PRIO_PGRP, 0, 4));
  printf(" %s\n", CALL(getpriority, PRIO_PGRP, 0));
  CALL(setpriority, PRIO_PROCESS, 0, 0);

  unsigned long mask[16] = {0};
  printf("affinity: %s", CALL(sched_getaffinity, 0, sizeof mask, mask));
  printf(" mask %lx, size 4 %s, 9 %s, 0 %s\n", mask[0], CALL(sched_getaffinity, 0, 4, mask), CALL(sched_getaffinity, 0, 9, mask), CALL(sched_getaffinity, 0, 0, mask));
  printf("affinity nobody: %s, nowhere %s\n", CALL(sched_getaffinity, 999999, 8, mask), CALL(sched_getaffinity, 0, 8, 1));
  mask[0] = 1;
  printf("set 1: %s", CALL(sched_setaffinity, 0, 8, mask));
  mask[0] = 2;
  printf(" 2: %s", CALL(sched_setaffinity, 0, 8, mask));
  mask[0] = 3;
  printf(" 3: %s size 0: %s", CALL(sched_setaffinity, 0, 8, mask), CALL(sched_setaffinity, 0, 0, mask));
  printf(" size 1: %s size 128: %s nobody %s nowhere %s\n", CALL(sched_setaffinity, 0, 1, mask), CALL(sched_setaffinity, 0, 128, mask), CALL(sched_setaffinity, 999999, 8, mask), CALL(sched_setaffinity, 0, 8, 1));
  unsigned cpu = 9, node = 9;
  printf("getcpu: %s", CALL(getcpu, &cpu, &node, 0));
  printf(" %u %u, none %s, nowhere %s\n", cpu, node, CALL(getcpu, 0, 0, 0), CALL(getcpu, 1, 0, 0));
  printf("yield: %s\n", CALL(sched_yield));
  fflush(stdout);
  pid_t pid = fork();
  if (pid == 0) {
    setresuid(1000, 1000, 1000);
    policies("another");
    nice_values("another");
    printf("of root's: %s %s %s\n", CALL(setpriority, 0, getppid(), 1), CALL(sched_setscheduler, getppid(), 0, &(struct sched_param){0}), CALL(sched_setaffinity, getppid(), 8, mask));
    exit(0);
  }
  wait(0);
  return 0;
}
