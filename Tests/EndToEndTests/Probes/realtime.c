// Real-time policies: who runs before whom, and who takes the CPU from whom.
#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static char *tale;
static void say(char letter) { tale[strlen(tale)] = letter; }
static void tell(const char *what) {
  printf("%s: %s\n", what, tale);
  memset(tale, 0, 4096);
}
static void become(int pid, int policy, int priority) {
  struct sched_param parameters = {priority};
  if (sched_setscheduler(pid, policy, &parameters)) perror("sched_setscheduler");
}
static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec + time.tv_nsec / 1e9;
}
static void work(double seconds) {
  for (double end = now() + seconds; now() < end;) continue;
}
static int child(int policy, int priority, char letter, int yields) {
  int pid = fork();
  if (pid) return pid;
  become(0, policy, priority);
  for (int i = 0; i < 3; i++) {
    say(letter);
    if (yields) sched_yield();
  }
  _exit(0);
}
static void all(void) {
  while (wait(0) > 0) continue;
}
static int ends[2];
static void *reader(void *letter) {
  char byte;
  struct sched_param parameters = {*(char *)letter == 'h' ? 60 : *(char *)letter == 'l' ? 40 : 50};
  pthread_setschedparam(pthread_self(), SCHED_FIFO, &parameters);
  read(ends[0], &byte, 1);
  say(*(char *)letter);
  return 0;
}

int main(void) {
  tale = mmap(0, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  setvbuf(stdout, 0, _IOLBF, 0);
  // Whoever is made at a lower rank waits until its maker does.
  become(0, SCHED_FIFO, 50);
  child(SCHED_FIFO, 10, 'a', 0);
  child(SCHED_FIFO, 30, 'b', 0);
  child(SCHED_FIFO, 20, 'c', 0);
  say('M');
  all();
  tell("they begin as their maker");

  // The policy is set from outside.
  int a = fork();
  if (!a) {
    for (int i = 0; i < 3; i++) say('a');
    _exit(0);
  }
  int b = fork();
  if (!b) {
    for (int i = 0; i < 3; i++) say('b');
    _exit(0);
  }
  int c = fork();
  if (!c) {
    for (int i = 0; i < 3; i++) say('c');
    _exit(0);
  }
  become(a, SCHED_OTHER, 0);
  become(b, SCHED_FIFO, 10);
  say('M');
  become(c, SCHED_FIFO, 60);
  say('M');
  all();
  tell("the highest at once");

  // Giving way goes to one's own rank alone.
  child(SCHED_FIFO, 50, 'a', 1);
  child(SCHED_FIFO, 50, 'b', 1);
  child(SCHED_FIFO, 40, 'c', 1);
  child(SCHED_OTHER, 0, 'd', 0);
  all();
  tell("yield");

  // Waking a higher one is being preempted; a lower one waits.
  pthread_t threads[3];
  pipe(ends);
  become(0, SCHED_FIFO, 45);
  pthread_create(&threads[0], 0, reader, "h");
  pthread_create(&threads[1], 0, reader, "e");
  say('1');
  write(ends[1], "x", 1);
  say('2');
  write(ends[1], "x", 1);
  say('3');
  pthread_join(threads[0], 0);
  pthread_join(threads[1], 0);
  tell("woken above");
  pthread_create(&threads[0], 0, reader, "l");
  struct timespec moment = {0, 10000000};
  nanosleep(&moment, 0);
  write(ends[1], "x", 1);
  say('1');
  pthread_join(threads[0], 0);
  tell("woken below");

  // A first in, first out task keeps the CPU from its own rank; in turn it does not.
  int first = fork();
  if (!first) {
    work(0.3);
    say('a');
    _exit(0);
  }
  int second = fork();
  if (!second) {
    say('b');
    _exit(0);
  }
  all();
  tell("first in, first out");
  become(0, SCHED_RR, 45);
  first = fork();
  if (!first) {
    work(1);
    say('a');
    _exit(0);
  }
  second = fork();
  if (!second) {
    say('b');
    _exit(0);
  }
  all();
  tell("in turn");

  // A sleeper of higher rank takes the CPU when its time has come.
  become(0, SCHED_FIFO, 45);
  first = fork();
  if (!first) {
    become(0, SCHED_FIFO, 60);
    moment = (struct timespec){0, 50000000};
    nanosleep(&moment, 0);
    say('s');
    _exit(0);
  }
  nanosleep(&(struct timespec){0, 1000000}, 0);
  work(0.2);
  say('M');
  all();
  tell("sleeper");

  // Others get a little of each second.
  volatile int *stop = (int *)(tale + 2048);
  *stop = 0;
  first = fork();
  if (!first) {
    say('o');
    *stop = 1;
    _exit(0);
  }
  become(first, SCHED_OTHER, 0);
  double begin = now();
  while (!*stop && now() < begin + 5) continue;
  printf("throttled %d\n", *stop);
  all();
  tell("throttled");
  become(0, SCHED_OTHER, 0);
  first = fork();
  if (!first) {
    work(0.05);
    say('c');
    _exit(0);
  }
  become(first, SCHED_FIFO, 5);
  say('M');
  all();
  tell("above a normal one");
  return 0;
}
