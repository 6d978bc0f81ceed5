// What both programs record: calls of malloc functions, and the system calls that they make.
//
// Each system call that an allocator makes is trapped by a seccomp filter; the SIGSYS handler makes
// it from one place that the filter lets through, and records it. The handler can refuse calls, too.
#define _GNU_SOURCE
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <malloc.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

enum kind {
  START, MALLOC, FREE, CALLOC, REALLOC, MEMALIGN, POSIX_MEMALIGN, VALLOC, PVALLOC, USABLE, MALLOPT,
  TRIM, INFO, SBRK, THREAD_START, THREAD_EXIT, INFO_REST, END,
  CALL_BRK = 32, CALL_MMAP, CALL_MUNMAP, CALL_MREMAP, CALL_MPROTECT, CALL_MADVISE
};

struct record {
  uint8_t kind, thread;
  uint16_t error;
  uint32_t sequence;
  uint64_t a, b, c, d, result;
};

static struct record buffer[4096];
static int buffered, output = 1;
static uint32_t sequence;

static void flush(void) {
  char *bytes = (char *)buffer;
  size_t left = buffered * sizeof *buffer;
  while (left) {
    ssize_t n = write(output, bytes, left);
    if (n <= 0) _exit(3);
    bytes += n;
    left -= n;
  }
  buffered = 0;
}

static void record(int kind, int thread, int error, uint64_t a, uint64_t b, uint64_t c, uint64_t d,
                   uint64_t result) {
  buffer[buffered++] = (struct record){kind, thread, error, sequence++, a, b, c, d, result};
  if (buffered == 4096) flush();
}

// The one place that system calls may come from.
long kept_call(long number, long a, long b, long c, long d, long e, long f);
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

static volatile int active_thread;
static uint64_t refusals;          // state of the generator that refuses calls; 0 for never

static int refuses(int kind) {
  if (!refusals) return 0;
  refusals ^= refusals << 13, refusals ^= refusals >> 7, refusals ^= refusals << 17;
  if (kind == CALL_MUNMAP || kind == CALL_MADVISE) return 0;
  return (refusals >> 20) % 5 == 0;
}

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
  long result;
  if (refuses(kind))
    result = number == __NR_brk ? kept_call(__NR_brk, 0, 0, 0, 0, 0, 0) : -ENOMEM;
  else
    result = kept_call(number, a[0], a[1], a[2], a[3], a[4], a[5]);
  record(kind, active_thread, 0, a[0], a[1], a[2], a[3], result);
  RESULT(u) = result;
}

static void trap_system_calls(void) {
  struct sigaction action = {.sa_sigaction = trapped, .sa_flags = SA_SIGINFO | SA_NODEFER};
  sigaction(SIGSYS, &action, 0);
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
