/* futex: every operation, its results and errors. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static int word, other;
static volatile int awake;

static const char *shown(long value) {
  static char texts[8][32];
  static int next;
  char *text = texts[next++ & 7];
  if (value >= 0) snprintf(text, 32, "%ld", value);
  else snprintf(text, 32, "%s", strerrorname_np(errno));
  return text;
}

#define FUTEX(...) shown(syscall(SYS_futex, __VA_ARGS__))

struct job {
  int *word, operation, value, bits;
  long result;
  int error;
};

static void *waiting(void *argument) {
  struct job *job = argument;
  job->result = syscall(SYS_futex, job->word, job->operation, job->value, 0, 0, job->bits);
  job->error = errno;
  __atomic_fetch_add(&awake, 1, __ATOMIC_SEQ_CST);
  return 0;
}

static pthread_t threads[8];
static struct job jobs[8];

static void start(int count, int *place, int operation) {
  awake = 0;
  for (int n = 0; n < count; n++) {
    jobs[n] = (struct job){place, operation, *place, 1 << n};
    pthread_create(&threads[n], 0, waiting, &jobs[n]);
    usleep(2000);
  }
}

static void join(int count) {
  for (int n = 0; n < count; n++) pthread_join(threads[n], 0);
}

static int settled(void) {
  usleep(5000);
  return awake;
}

int main(void) {
  struct timespec soon = {0, 1000000}, bad = {0, 1000000000}, negative = {-1, 0}, past = {0, 0};
  setvbuf(stdout, 0, _IOLBF, 0);
  printf("wait, other value: %s\n", FUTEX(&word, FUTEX_WAIT, 1, 0, 0, 0));
  printf("wait, unaligned: %s\n", FUTEX((char *)&word + 1, FUTEX_WAIT, 0, 0, 0, 0));
  printf("wait, nowhere: %s\n", FUTEX(0, FUTEX_WAIT, 0, 0, 0, 0));
  printf("wait private, nowhere: %s\n", FUTEX(0, FUTEX_WAIT_PRIVATE, 0, 0, 0, 0));
  printf("wait, kernel: %s\n", FUTEX(-4096l, FUTEX_WAIT_PRIVATE, 0, 0, 0, 0));
  printf("wait, time over: %s\n", FUTEX(&word, FUTEX_WAIT, 0, &soon, 0, 0));
  printf("wait private, time over: %s\n", FUTEX(&word, FUTEX_WAIT_PRIVATE, 0, &soon, 0, 0));
  printf("wait, bad time: %s %s\n", FUTEX(&word, FUTEX_WAIT, 0, &bad, 0, 0), FUTEX(&word, FUTEX_WAIT, 0, &negative, 0, 0));
  printf("wait, time nowhere: %s\n", FUTEX(&word, FUTEX_WAIT, 0, 1, 0, 0));
  printf("wait, other value and bad time: %s\n", FUTEX(&word, FUTEX_WAIT, 1, &bad, 0, 0));
  printf("wait real time: %s\n", FUTEX(&word, FUTEX_WAIT | FUTEX_CLOCK_REALTIME, 0, &soon, 0, 0));
  printf("wait bits 0: %s\n", FUTEX(&word, FUTEX_WAIT_BITSET, 0, &soon, 0, 0));
  printf("wait bits, past: %s\n", FUTEX(&word, FUTEX_WAIT_BITSET, 0, &past, 0, -1));
  printf("wait bits real time, past: %s\n", FUTEX(&word, FUTEX_WAIT_BITSET | FUTEX_CLOCK_REALTIME, 0, &soon, 0, -1));
  struct timespec absolute;
  clock_gettime(CLOCK_REALTIME, &absolute);
  absolute.tv_sec += absolute.tv_nsec > 990000000;
  absolute.tv_nsec = (absolute.tv_nsec + 3000000) % 1000000000;
  printf("wait bits real time: %s\n", FUTEX(&word, FUTEX_WAIT_BITSET | FUTEX_CLOCK_REALTIME, 0, &absolute, 0, -1));
  clock_gettime(CLOCK_MONOTONIC, &absolute);
  absolute.tv_sec += absolute.tv_nsec > 990000000;
  absolute.tv_nsec = (absolute.tv_nsec + 3000000) % 1000000000;
  printf("wait bits monotonic: %s\n", FUTEX(&word, FUTEX_WAIT_BITSET, 0, &absolute, 0, -1));
  printf("wake nobody: %s %s\n", FUTEX(&word, FUTEX_WAKE, 1, 0, 0, 0), FUTEX(&word, FUTEX_WAKE_PRIVATE, 1, 0, 0, 0));
  printf("wake unaligned: %s\n", FUTEX((char *)&word + 2, FUTEX_WAKE, 1, 0, 0, 0));
  printf("wake nowhere: %s, private %s\n", FUTEX(0, FUTEX_WAKE, 1, 0, 0, 0), FUTEX(0, FUTEX_WAKE_PRIVATE, 1, 0, 0, 0));
  printf("wake bits 0: %s\n", FUTEX(&word, FUTEX_WAKE_BITSET, 1, 0, 0, 0));
  printf("wake real time: %s\n", FUTEX(&word, FUTEX_WAKE | FUTEX_CLOCK_REALTIME, 1, 0, 0, 0));
  printf("unknown: %s %s %s\n", FUTEX(&word, 2, 1, 0, 0, 0), FUTEX(&word, 14, 1, 0, 0, 0), FUTEX(&word, 1 << 20, 1, 0, 0, 0));
  printf("requeue, negative: %s %s\n", FUTEX(&word, FUTEX_REQUEUE, -1, 1, &other, 0), FUTEX(&word, FUTEX_REQUEUE, 1, -1, &other, 0));
  printf("requeue, other value: %s\n", FUTEX(&word, FUTEX_CMP_REQUEUE, 1, 1, &other, 5));
  printf("requeue, second unaligned: %s\n", FUTEX(&word, FUTEX_CMP_REQUEUE, 1, 1, (char *)&other + 1, 0));
  printf("requeue, second nowhere: %s\n", FUTEX(&word, FUTEX_CMP_REQUEUE, 1, 1, 0, 0));

  start(3, &word, FUTEX_WAIT_PRIVATE);
  printf("three wait, awake %d\n", settled());
  printf("wake 1 shared: %s, awake %d\n", FUTEX(&word, FUTEX_WAKE, 1, 0, 0, 0), settled());
  printf("wake 0 private: %s, awake %d\n", FUTEX(&word, FUTEX_WAKE_PRIVATE, 0, 0, 0, 0), settled());
  printf("wake 5 private: %s, awake %d\n", FUTEX(&word, FUTEX_WAKE_PRIVATE, 5, 0, 0, 0), settled());
  FUTEX(&word, FUTEX_WAKE, 100, 0, 0, 0);
  join(3);

  start(4, &word, FUTEX_WAIT_BITSET_PRIVATE);
  printf("wake bits 4: %s, awake %d\n", FUTEX(&word, FUTEX_WAKE_BITSET_PRIVATE, 100, 0, 0, 4), settled());
  printf("wake bits 3: %s, awake %d\n", FUTEX(&word, FUTEX_WAKE_BITSET_PRIVATE, 100, 0, 0, 3), settled());
  printf("wake: %s, awake %d\n", FUTEX(&word, FUTEX_WAKE_PRIVATE, 100, 0, 0, 0), settled());
  join(4);

  start(6, &word, FUTEX_WAIT_PRIVATE);
  printf("requeue 1 and 3: %s, awake %d\n", FUTEX(&word, FUTEX_CMP_REQUEUE_PRIVATE, 1, 3, &other, 0), settled());
  printf("wake second: %s, awake %d\n", FUTEX(&other, FUTEX_WAKE_PRIVATE, 2, 0, 0, 0), settled());
  printf("requeue 0 and many to itself: %s, awake %d\n", FUTEX(&word, FUTEX_REQUEUE_PRIVATE, 0, 100, &word, 0), settled());
  printf("wake first: %s, awake %d\n", FUTEX(&word, FUTEX_WAKE_PRIVATE, 100, 0, 0, 0), settled());
  printf("wake second: %s, awake %d\n", FUTEX(&other, FUTEX_WAKE_PRIVATE, 100, 0, 0, 0), settled());
  join(6);

  start(2, &word, FUTEX_WAIT_PRIVATE);
  pthread_t kept[2] = {threads[0], threads[1]};
  pthread_t extra;
  struct job second = {&other, FUTEX_WAIT_PRIVATE, 0, 0};
  pthread_create(&extra, 0, waiting, &second);
  usleep(3000);
  /* other = other + 5; was it 0? */
  printf("wake op: %s, awake %d, other %d\n", FUTEX(&word, FUTEX_WAKE_OP_PRIVATE, 1, 1, &other, FUTEX_OP(FUTEX_OP_ADD, 5, FUTEX_OP_CMP_EQ, 0)), settled(), other);
  printf("wake op, not so: %s, awake %d, other %d\n", FUTEX(&word, FUTEX_WAKE_OP_PRIVATE, 1, 1, &other, FUTEX_OP(FUTEX_OP_ANDN, 1, FUTEX_OP_CMP_GT, 9)), settled(), other);
  pthread_join(kept[0], 0), pthread_join(kept[1], 0), pthread_join(extra, 0);
  const int comparisons[] = {FUTEX_OP_CMP_EQ, FUTEX_OP_CMP_NE, FUTEX_OP_CMP_LT, FUTEX_OP_CMP_LE, FUTEX_OP_CMP_GT, FUTEX_OP_CMP_GE, 6};
  for (int n = 0; n < 7; n++) {
    other = -3;
    printf("comparison %d: %s\n", n, FUTEX(&word, FUTEX_WAKE_OP, 1, 1, &other, FUTEX_OP(FUTEX_OP_XOR, 0xfff, comparisons[n], 0xffe)));
  }
  other = 8;
  for (int n = 0; n < 6; n++) {
    const char *text = FUTEX(&word, FUTEX_WAKE_OP, 1, 1, &other, FUTEX_OP(n | (n & 1 ? FUTEX_OP_OPARG_SHIFT : 0), 4, 0, 0));
    printf("operation %d: %s, %d\n", n, text, other);
  }
  printf("wake op nowhere: %s\n", FUTEX(&word, FUTEX_WAKE_OP, 1, 1, 0, 0));

  /* Shared words, by what holds them. */
  long page = sysconf(_SC_PAGESIZE);
  int *both = mmap(0, page, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  int file = memfd_create("words", 0);
  if (file < 0) file = open("/tmp/words", O_RDWR | O_CREAT, 0600);
  ftruncate(file, 2 * page);
  int *one = mmap(0, 2 * page, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  int *two = mmap(0, page, PROT_READ, MAP_SHARED, file, page);
  int *copy = mmap(0, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE, file, 0);
  int *fixed = mmap(0, page, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  int pid = fork();
  if (pid == 0) {
    long first = syscall(SYS_futex, both, FUTEX_WAIT, 0, 0, 0, 0);
    long last = syscall(SYS_futex, one + page / 4, FUTEX_WAIT, 0, 0, 0, 0);
    _exit(first == 0 && last == 0 ? 0 : 1);
  }
  usleep(5000);
  printf("child at shared memory: private %s, shared %s\n", FUTEX(both, FUTEX_WAKE_PRIVATE, 1, 0, 0, 0), FUTEX(both, FUTEX_WAKE, 1, 0, 0, 0));
  usleep(5000);
  printf("child at file: copy %s, read-only view %s\n", FUTEX(copy + page / 4, FUTEX_WAKE, 1, 0, 0, 0), FUTEX(two, FUTEX_WAKE, 1, 0, 0, 0));
  int status;
  waitpid(pid, &status, 0);
  printf("child %x\n", status);
  printf("read-only private: wake %s, wait %s\n", FUTEX(fixed, FUTEX_WAKE, 1, 0, 0, 0), FUTEX(fixed, FUTEX_WAIT, 1, 0, 0, 0));
  printf("read-only view: wake op %s\n", FUTEX(&word, FUTEX_WAKE_OP, 1, 1, two, 0));

  printf("robust list: %s %s\n", shown(syscall(SYS_set_robust_list, &word, 24)), shown(syscall(SYS_set_robust_list, &word, 16)));
  void *head = 0;
  size_t length = 0;
  printf("its place: %s", shown(syscall(SYS_get_robust_list, 0, &head, &length)));
  printf(" %d %zu\n", head == &word, length);
  printf("others': %s %s\n", shown(syscall(SYS_get_robust_list, 999999, &head, &length)), shown(syscall(SYS_get_robust_list, 0, 1, &length)));
  syscall(SYS_set_robust_list, 0, 24);
  return 0;
}
