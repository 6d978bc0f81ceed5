// The kernel's half of the addresses, and the hole below it, touched by a program: reads, writes,
// fetches; and addresses of it given to system calls.
#define _GNU_SOURCE
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

static sigjmp_buf back;
static volatile int number, code;
static volatile unsigned long address, esr;
struct head { unsigned magic, size; };

static void caught(int n, siginfo_t *i, void *context) {
  number = n;
  code = i->si_code;
  address = (unsigned long)i->si_addr;
  ucontext_t *u = context;
  for (char *at = (char *)u->uc_mcontext.__reserved;;) {
    struct head *h = (struct head *)at;
    if (h->magic == 0x45535201) esr = *(unsigned long *)(h + 1);
    if (!h->magic || !h->size) break;
    at += h->size;
  }
  siglongjmp(back, 1);
}

static void touch(const char *how, unsigned long a) {
  number = 0;
  esr = 0;
  if (!sigsetjmp(back, 1)) {
    if (*how == 'r') (void)*(volatile char *)a;
    else if (*how == 'w') *(volatile char *)a = 1;
    else ((void (*)(void))a)();
  }
  printf("%s %lx: signal %d code %d at %lx esr %lx\n", how, a, number, code, address, esr);
}

int main(void) {
  struct sigaction action = {.sa_sigaction = caught, .sa_flags = SA_SIGINFO | SA_NODEFER};
  sigaction(SIGSEGV, &action, NULL);
  sigaction(SIGBUS, &action, NULL);
  unsigned long places[] = {
    0xffff000000000000, 0xffff000000200000, 0xffff000000400000, 0xffff800000000000,
    0xffff800008010000, 0xfffffe0008010000, 0xfffffc0000210000, 0xffffc00008010000,
    0xfffffc0000000000, 0xffffffff00000000, 0xfffffffffffff000, 0xfffffffffffffffc,
    0xfffe000000000000, 0x00ff000000000000, 0x0001000000000000, 0x00ff800000000000,
    0x8000000000000000, 0x7f00000000000000,
  };
  for (unsigned i = 0; i < sizeof places / sizeof *places; i++) {
    touch("read", places[i]);
    touch("write", places[i]);
    touch("execute", places[i]);
  }
  for (unsigned i = 0; i < 12; i++) {
    long written = syscall(SYS_write, 1, places[i], 1);
    printf("write from %lx: %s\n", places[i], written < 0 ? strerrorname_np(errno) : "done");
    long unmapped = munmap((void *)(places[i] & ~0xffffL), 0x10000);
    printf("munmap of %lx: %s\n", places[i], unmapped < 0 ? strerrorname_np(errno) : "done");
    void *mapped = mmap((void *)(places[i] & ~0xffffL), 0x10000, PROT_READ,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    printf("mmap at %lx: %s\n", places[i], mapped == MAP_FAILED ? strerrorname_np(errno) : "done");
  }
}
