// Instructions of 32-bit programs that trap, those that the kernel performs, and the helpers at
// fixed addresses.
#define _GNU_SOURCE
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

static sigjmp_buf back;
static uintptr_t base;

static void handler(int signal, siginfo_t *info, void *context) {
  ucontext_t *u = context;
  uintptr_t at = (uintptr_t)info->si_addr;
  printf("    %s code %d addr %s%lx error %lx fault %s thumb %d\n", sigabbrev_np(signal),
         info->si_code, at >= base && at < base + 65536 ? "base+" : "",
         (unsigned long)(at >= base && at < base + 65536 ? at - base
                                      : info->si_signo == SIGILL ? 0 : at),
         u->uc_mcontext.error_code,
         u->uc_mcontext.fault_address >= base && u->uc_mcontext.fault_address < base + 65536
             ? "in base" : u->uc_mcontext.fault_address ? "elsewhere" : "0",
         (u->uc_mcontext.arm_cpsr & 0x20) != 0);
  siglongjmp(back, 1);
}
#define TRY(what, ...)              \
  do {                              \
    printf("%s\n", what);           \
    if (!sigsetjmp(back, 1)) {      \
      __VA_ARGS__;                  \
      printf("    goes on\n");      \
    }                               \
  } while (0)

__attribute__((naked, noinline, target("arm"))) static uint32_t a32(uint32_t *code, uint32_t r1) {
  asm volatile("push {r4-r11, lr}\n blx r0\n pop {r4-r11, pc}");
}
static uint32_t run(const uint32_t *words, int count, uint32_t argument) {
  static uint32_t *page;
  if (!page) {
    page = mmap(0, 4096, 7, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  }
  memcpy(page, words, count * 4);
  page[count] = 0xe12fff1e;  // bx lr
  __builtin___clear_cache((char *)page, (char *)(page + count + 1));
  base = (uintptr_t)page;
  return a32(page, argument);
}
#define RUN(argument, ...) \
  run((uint32_t[]){__VA_ARGS__}, sizeof(uint32_t[]){__VA_ARGS__} / 4, (uint32_t)(argument))

int main(void) {
  struct sigaction action = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO};
  int signals[] = {SIGSEGV, SIGBUS, SIGILL, SIGTRAP, SIGFPE, SIGSYS};
  for (int i = 0; i < 6; i++) sigaction(signals[i], &action, 0);
  setvbuf(stdout, 0, _IOFBF, 1 << 16);
  char *page = mmap(0, 65536, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

  printf("helpers version %d\n", *(int *)0xffff0ffc);
  int word = 5;
  int (*cmpxchg)(int, int, volatile int *) = (void *)0xffff0fc0;
  int r = cmpxchg(5, 9, &word);
  printf("cmpxchg %d -> %d\n", r, word);
  r = cmpxchg(5, 7, &word) != 0;
  printf("cmpxchg %d -> %d\n", r, word);
  static int64_t wide __attribute__((aligned(8))) = 0x100000005, was = 0x100000005, new = 0x700000009;
  int (*cmpxchg64)(const int64_t *, const int64_t *, volatile int64_t *) = (void *)0xffff0f60;
  r = cmpxchg64(&was, &new, &wide);
  printf("cmpxchg64 %d -> %llx\n", r, wide);
  r = cmpxchg64(&was, &new, &wide) != 0;
  printf("cmpxchg64 %d -> %llx\n", r, wide);
  ((void (*)(void))0xffff0fa0)();
  printf("get_tls %d\n", ((void *(*)(void))0xffff0fe0)() == __builtin_thread_pointer());

  base = (uintptr_t)page;
  TRY("read 0", (void)*(volatile int *)0);
  TRY("write 10", *(volatile int *)16 = 1);
  TRY("read fffff000", (void)*(volatile int *)0xfffff000);
  TRY("read fffffffe", (void)*(volatile short *)0xfffffffe);
  TRY("write vectors", *(volatile int *)0xffff0000 = 1);
  mprotect(page + 4096, 4096, PROT_READ);
  mprotect(page + 8192, 4096, PROT_NONE);
  TRY("write read-only", page[4097] = 1);
  TRY("read none", (void)*(volatile char *)(page + 8200));
  TRY("execute data", ((void (*)(void))page)());
  TRY("execute 40", ((void (*)(void))0x40)());
  TRY("execute 41", ((void (*)(void))0x41)());
  munmap(page + 12288, 4096);
  TRY("read gone", (void)*(volatile char *)(page + 12289));

  TRY("undefined", RUN(0, 0xe7f000f0));
  TRY("break", RUN(0, 0xe7f001f0));
  TRY("bkpt", RUN(0, 0xe1200070));
  TRY("privileged", RUN(0, 0xee110f10));               // mrc p15, 0, r0, c1, c0, 0
  TRY("cp14", RUN(0, 0xee100e11));                      // mrc p14, 0, r0, c0, c1, 0
  TRY("swp", RUN(&word, 0xe1010090));                   // swp r0, r0, [r1]
  TRY("cp15 dmb", RUN(0, 0xee070fba));
  TRY("cp15 dsb", RUN(0, 0xee070f9a));
  TRY("cp15 isb", RUN(0, 0xee070f95));
  TRY("setend", {
    static uint32_t x = 0x11223344;
    printf("    %08x\n", RUN(&x, 0xf1010200, 0xe5910000, 0xf1010000));  // setend be; ldr; setend le
  });
  TRY("counter", RUN(0, 0xec510f1e));                   // mrrc p15, 1, r0, r1, c14
  TRY("frequency", printf("    %u\n", RUN(0, 0xee1e0f10)));  // mrc p15, 0, r0, c14, c0, 0
  TRY("udiv by 0", printf("    %u\n", RUN(0, 0xe730f110)));
  for (int i = 0; i < 64; i++) page[i] = i;
  TRY("ldr unaligned", printf("    %08x\n", RUN(page + 1, 0xe5910000)));
  TRY("ldm unaligned", printf("    %08x\n", RUN(page + 2, 0xe891000d, 0xe0800002, 0xe0800003)));
  TRY("ldmdb writeback", printf("    %d\n", RUN(page + 18, 0xe931000d, 0xe1a00001) - (int)page));
  TRY("ldrd unaligned", printf("    %08x\n", RUN(page + 3, 0xe1c120d0, 0xe0820003)));
  TRY("ldrd post", printf("    %d\n", RUN(page + 5, 0xe0c120d8, 0xe1a00001) - (int)page));
  TRY("stm unaligned", {
    RUN(page + 1, 0xe3a00007, 0xe3a02009, 0xe8a10005);  // mov r0, #7; mov r2, #9; stmia r1!, {r0, r2}
    printf("    %x %x\n", *(int *)(page + 1), *(int *)(page + 5));
  });
  TRY("ldm at the edge", RUN(page + 12286, 0xe891000d));
  TRY("ldrex unaligned", RUN(page + 1, 0xe1910f9f));
  TRY("call f0800", printf("    %ld\n", syscall(0xf0800)));
  errno = 0;
  long none = syscall(0xf0009);
  printf("call f0009 %ld %s\n", none, strerrorname_np(errno));
  none = syscall(460);
  printf("call 460 %ld %s\n", none, strerrorname_np(errno));
  none = syscall(0xf0002, page, page - 1, 0);
  printf("cacheflush backwards %ld %s\n", none, strerrorname_np(errno));
  none = syscall(0xf0002, page + 12288, page + 12300, 0);
  printf("cacheflush of nothing %ld %s\n", none, strerrorname_np(errno));
  return 0;
}
