// What a stream records of the C library it is linked with: calls of malloc functions, the system
// calls that they make, and how the program died if the library ended it.
//
// Each system call that an allocator makes is trapped by a seccomp filter; the SIGSYS handler makes
// it from one place that the filter lets through, and records it. The handler can refuse calls, too.
// With WRAPPED, for kernels without seccomp, a static program has its library's own functions for
// these calls replaced (ld --wrap).
#include "stream.h"

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <malloc.h>
#include <semaphore.h>
#include <signal.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <ucontext.h>

#define lib_malloc malloc
#define lib_free free
#define lib_calloc calloc
#define lib_realloc realloc
#define lib_reallocarray reallocarray
#define lib_memalign memalign
#define lib_aligned_alloc aligned_alloc
#define lib_posix_memalign posix_memalign
#define lib_valloc valloc
#define lib_pvalloc pvalloc
#define lib_usable malloc_usable_size
#define lib_mallopt mallopt
#define lib_trim malloc_trim
#define lib_sbrk sbrk

// Before 2.33 there are only the fields of 32 bits.
#ifdef HAS_MALLINFO2
#define lib_mallinfo mallinfo2
typedef struct mallinfo2 figures;
#define FIGURE(x) (x)
#else
#define lib_mallinfo mallinfo
typedef struct mallinfo figures;
#define FIGURE(x) ((uint32_t)(x))
#endif

// Whole records, or, where they go over a console, lines: the system calls, the first calls, and a
// digest of every 256 records.
static struct record buffer[4096];
static int buffered, output = 1;
static uint32_t sequence;
static int64_t whole_calls = -1;   // -1: records; else how many calls are lines of their own
static uint64_t digest;

static void put(const void *start, size_t left) {
  const char *bytes = start;
  while (left) {
    ssize_t n = write(output, bytes, left);
    if (n <= 0) _exit(3);
    bytes += n;
    left -= n;
  }
}

static void flush(void) {
  if (whole_calls < 0) put(buffer, buffered * sizeof *buffer);
  buffered = 0;
}

static void line(char type, const struct record *r) {
  char text[200];
  uint64_t words[] = {r->kind, r->thread, r->error, r->a, r->b, r->c, r->d, r->result};
  int length = 0;
  text[length++] = type;
  for (int i = 0; i < 8; i++) {
    char digits[16];
    int count = 0;
    for (uint64_t left = words[i]; left; left >>= 4) digits[count++] = "0123456789abcdef"[left & 15];
    text[length++] = ' ';
    while (count) text[length++] = digits[--count];
  }
  text[length++] = '\n';
  put(text, length);
}

static void record(int kind, int thread, int error, uint64_t a, uint64_t b, uint64_t c, uint64_t d,
                   uint64_t result) {
  struct record r = {kind, thread, error, sequence++, a, b, c, d, result};
  if (whole_calls < 0) {
    buffer[buffered++] = r;
    if (buffered == 4096) flush();
    return;
  }
  if (kind != START) digest = digest_of_record(digest, &r);
  if (kind >= CALL_BRK) {
    line('s', &r);
  } else if (whole_calls > 0) {
    whole_calls--;
    line('c', &r);
  }
  if (sequence % 256 == 0 || kind == END || kind == DEATH)
    line('d', &(struct record){.a = sequence, .result = digest});
}

// What a call that does not return was.
static struct record now;
static void begin(int kind, int thread, uint64_t a, uint64_t b) {
  now = (struct record){.kind = kind, .thread = thread, .a = a, .b = b};
}

static void died(int signal, siginfo_t *info, void *context) {
  (void)context;
  uint64_t address = signal == SIGABRT ? 0 : (uint64_t)info->si_addr;
  record(DEATH, now.thread, 0, now.a, now.b, now.kind, signal, address);
  flush();
  _exit(0);
}

// What the library wrote to a file since it was last looked at.
static char text[1 << 20];
static uint64_t digest_of_file(int file) {
  static off_t seen[5];
  size_t length = 0;
  ssize_t n;
  while ((n = pread(file, text + length, sizeof text - length, seen[file])) > 0) {
    length += n;
    seen[file] += n;
  }
  return digest_of_text(text, length);
}

static uint64_t lib_text_info(void) {
  malloc_info(0, stdout);
  fflush(stdout);
  return digest_of_file(3);
}

static uint64_t lib_text_stats(void) {
  malloc_stats();
  return digest_of_file(4);
}

static void lib_limit(uint64_t bytes) {
  struct rlimit limit = {bytes ? bytes : RLIM_INFINITY, RLIM_INFINITY};
  setrlimit(bytes & 1 ? RLIMIT_DATA : RLIMIT_AS, &limit);
}

static uint64_t refusals;          // state of the generator that refuses calls; 0 for never

static int refuses(int kind) {
  if (!refusals) return 0;
  refusals ^= refusals << 13, refusals ^= refusals >> 7, refusals ^= refusals << 17;
  if (kind == CALL_MUNMAP || kind == CALL_MADVISE) return 0;
  return (refusals >> 20) % 5 == 0;
}

// On stacks of our own the library makes a thread without a system call of those recorded, and
// without blocking the signal that records; its vector of thread-local storage is allocated by
// pthread_create and freed by pthread_join. What 2.31 says of a stack at a thread's end is not
// malloc's.
#define THREADS 64
static char stacks[THREADS][1 << 18] __attribute__((aligned(65536)));

static int is_tracing;

long kept_call(long number, long a, long b, long c, long d, long e, long f);

// Makes a call of the library, or refuses it, and records it; the kernel's answer.
static long traced(int kind, long number, const long *a) {
  long result;
  if (refuses(kind))
    result = number == __NR_brk ? kept_call(__NR_brk, 0, 0, 0, 0, 0, 0) : -ENOMEM;
  else
    result = kept_call(number, a[0], a[1], a[2], a[3], a[4], a[5]);
  int is_stack = (char *)a[0] >= stacks[0] && (char *)a[0] < stacks[THREADS];
  if (is_tracing && !is_stack) record(kind, active_thread, 0, a[0], a[1], a[2], a[3], result);
  return result;
}

static void catch_deaths(void) {
  // Whoever started this may have had signals blocked.
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, 0);
  struct sigaction action = {.sa_sigaction = died, .sa_flags = SA_SIGINFO | SA_NODEFER};
  sigaction(SIGABRT, &action, 0);
  sigaction(SIGSEGV, &action, 0);
  sigaction(SIGBUS, &action, 0);
  is_tracing = 1;
}

#ifdef WRAPPED
long kept_call(long number, long a, long b, long c, long d, long e, long f) {
  long result = syscall(number, a, b, c, d, e, f);
  return result == -1 && number != __NR_brk ? -errno : result;
}

static long answer(long result) {
  if ((unsigned long)result <= -4096ul) return result;
  errno = -result;
  return -1;
}

extern void *__curbrk;
int __wrap___brk(void *end) {
  __curbrk = (void *)traced(CALL_BRK, __NR_brk, (long[6]){(long)end});
  if (__curbrk >= end) return 0;
  errno = ENOMEM;
  return -1;
}
void *__wrap___mmap(void *at, size_t size, int protection, int bits, int file, long offset) {
  long arguments[6] = {(long)at, size, protection, bits, file, offset};
  return (void *)answer(traced(CALL_MMAP, __NR_mmap, arguments));
}
int __wrap___munmap(void *at, size_t size) {
  return answer(traced(CALL_MUNMAP, __NR_munmap, (long[6]){(long)at, size}));
}
void *__wrap___mremap(void *at, size_t size, size_t length, int bits) {
  return (void *)answer(traced(CALL_MREMAP, __NR_mremap, (long[6]){(long)at, size, length, bits}));
}
int __wrap___mprotect(void *at, size_t size, int protection) {
  return answer(traced(CALL_MPROTECT, __NR_mprotect, (long[6]){(long)at, size, protection}));
}
int __wrap___madvise(void *at, size_t size, int advice) {
  return answer(traced(CALL_MADVISE, __NR_madvise, (long[6]){(long)at, size, advice}));
}

// Makes paths for dlopen(), which is a use of malloc before main().
void __wrap__dl_non_dynamic_init(void) {}

static void trap_system_calls(void) { catch_deaths(); }
#else
// The one place that system calls may come from.
extern char kept_return[];
#if defined __x86_64__
__asm__(".globl kept_call, kept_return\nkept_call: mov %rdi, %rax\nmov %rsi, %rdi\nmov %rdx, %rsi\n"
        "mov %rcx, %rdx\nmov %r8, %r10\nmov %r9, %r8\nmov 8(%rsp), %r9\nsyscall\nkept_return: ret\n");
#define ARGUMENT(u, n) ((u)->uc_mcontext.gregs[(int[]){REG_RDI, REG_RSI, REG_RDX, REG_R10, REG_R8, REG_R9}[n]])
#define RESULT(u) ((u)->uc_mcontext.gregs[REG_RAX])
#else
__asm__(".globl kept_call, kept_return\nkept_call: mov x8, x0\nmov x0, x1\nmov x1, x2\nmov x2, x3\n"
        "mov x3, x4\nmov x4, x5\nmov x5, x6\nsvc #0\nkept_return: ret\n");
#define ARGUMENT(u, n) ((u)->uc_mcontext.regs[n])
#define RESULT(u) ((u)->uc_mcontext.regs[0])
#endif

static void trapped(int signal, siginfo_t *info, void *context) {
  (void)signal;
  ucontext_t *u = context;
  long a[6];
  for (int i = 0; i < 6; i++) a[i] = ARGUMENT(u, i);
  int number = info->si_syscall, kind = 0;
  switch (number) {
    case __NR_brk: kind = CALL_BRK; break;
    case __NR_mmap: kind = CALL_MMAP; break;
    case __NR_munmap: kind = CALL_MUNMAP; break;
    case __NR_mremap: kind = CALL_MREMAP; break;
    case __NR_mprotect: kind = CALL_MPROTECT; break;
    case __NR_madvise: kind = CALL_MADVISE; break;
  }
  RESULT(u) = traced(kind, number, a);
}

static void trap_system_calls(void) {
  struct sigaction action = {.sa_sigaction = trapped, .sa_flags = SA_SIGINFO | SA_NODEFER};
  sigaction(SIGSYS, &action, 0);
  catch_deaths();
  uint64_t kept = (uint64_t)kept_return;
#define LOAD(field) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, field))
#define IS(value, yes, no) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)(value), yes, no)
  struct sock_filter filter[] = {
      LOAD(nr),
      IS(__NR_brk, 6, 0), IS(__NR_mmap, 5, 0), IS(__NR_munmap, 4, 0), IS(__NR_mremap, 3, 0),
      IS(__NR_mprotect, 2, 0), IS(__NR_madvise, 1, 0),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
      LOAD(instruction_pointer), IS(kept, 0, 3),
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, instruction_pointer) + 4),
      IS(kept >> 32, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRAP),
  };
  struct sock_fprog program = {sizeof filter / sizeof *filter, filter};
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program)) {
    perror("seccomp");
    _exit(2);
  }
}
#endif

// Threads take turns: one runs at a time, for some calls.
static pthread_t handles[THREADS];
static sem_t wake[THREADS], done;
static int ends[THREADS];
static void turn(int thread);

static void *body(void *argument) {
  int thread = (int)(intptr_t)argument;
  for (;;) {
    while (sem_wait(&wake[thread])) {}
    if (ends[thread]) return 0;
    turn(thread);
    sem_post(&done);
  }
}

static int lib_start_thread(int thread) {
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setstack(&attributes, stacks[thread], sizeof stacks[thread]);
  sem_init(&wake[thread], 0, 0);
  ends[thread] = 0;
  active_thread = 0;
  return pthread_create(&handles[thread], &attributes, body, (void *)(intptr_t)thread) == 0;
}

static void lib_end_thread(int thread) {
  active_thread = thread;
  ends[thread] = 1;
  sem_post(&wake[thread]);
  pthread_join(handles[thread], 0);
}

static void lib_turn(int thread) {
  if (thread == 0) return turn(0);
  sem_post(&wake[thread]);
  while (sem_wait(&done)) {}
}

static void run(void);

// stream SEED CALLS PROFILE THREADS FLAGS [CALLS-WHOLE]
int main(int count, char **arguments) {
  if (count < 6) return 64;
  static char buffer[1 << 16];
  setvbuf(stdout, buffer, _IOFBF, sizeof buffer);
  state = strtoull(arguments[1], 0, 10) * 0x9e3779b97f4a7c15ull + 1;
  calls_left = strtoull(arguments[2], 0, 10);
  profile = atoi(arguments[3]);
  thread_limit = atoi(arguments[4]);
  flags = atoi(arguments[5]);
  if (count > 6) whole_calls = atol(arguments[6]);
  if (flags & REFUSALS) refusals = state ^ 0x5555;
  sem_init(&done, 0, 0);
  output = fcntl(1, F_DUPFD, 10);
  for (int file = 3; file <= 4; file++)
    if (fcntl(file, F_GETFD) < 0) dup2(memfd_create("text", 0), file);
  dup2(3, 1);
  dup2(4, 2);
  long page = sysconf(_SC_PAGESIZE), processors = sysconf(_SC_NPROCESSORS_ONLN);
  char *near = mmap(0, page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  struct record start = {START, 0, 0, 0, (uint64_t)sbrk(0), page, processors, (uint64_t)near, 0};
  if (whole_calls >= 0) line('h', &start);
  record(START, 0, 0, start.a, start.b, start.c, start.d, 0);
  trap_system_calls();
  run();
  flush();
  _exit(0);
}
