/* What faults tell their handlers: code, address, syndrome; and what becomes of blocked ones. */
#include "signals.h"

static volatile int seen_signal, seen_code;
static void *volatile seen_address;
static volatile unsigned long seen_fault, seen_syndrome, seen_pc;
static volatile int has_syndrome;
static sigset_t seen_mask;

static void handler(int sig, siginfo_t *info, void *context) {
  ucontext_t *uc = context;
  seen_signal = sig;
  seen_code = info->si_code;
  seen_address = info->si_addr;
  seen_fault = uc->uc_mcontext.fault_address;
  seen_pc = uc->uc_mcontext.pc;
  has_syndrome = 0;
  char *record = (char *)uc->uc_mcontext.__reserved;
  for (;;) {
    unsigned magic = *(unsigned *)record, size = *(unsigned *)(record + 4);
    if (magic == 0) break;
    if (magic == 0x45535201) {
      has_syndrome = 1;
      seen_syndrome = *(unsigned long *)(record + 8);
    }
    record += size;
  }
  /* Goes back to where the caller wants: x30 at the time of the fault. */
  uc->uc_mcontext.pc = uc->uc_mcontext.regs[30];
}

/* A leaf routine: no stack, returns through x30. */
#define LEAF(NAME, CODE) \
  void NAME(void *, unsigned long); \
  asm(".text\n.balign 8\n.global " #NAME "\n" #NAME ":\n" CODE "\n ret\n");

LEAF(load8, "ldr x1, [x0]")
LEAF(load1, "ldrb w1, [x0]")
LEAF(store8, "str x1, [x0]")
LEAF(jump, "br x0")
LEAF(exclusive, "ldxr x1, [x0]")
LEAF(acquire, "ldar x1, [x0]")
LEAF(undefined, "udf #0")
LEAF(undefined7, "udf #7")
LEAF(breakpoint, "brk #0")
LEAF(breakpoint3, "brk #0x1234")
LEAF(halt, "hlt #1")
LEAF(privileged, "mrs x1, ttbr0_el1")
LEAF(privileged_write, "msr vbar_el1, x1")
LEAF(hypercall, "hvc #0")
LEAF(monitor, "smc #0")
LEAF(mask_interrupts, "msr daifset, #2")
LEAF(eret, "eret")
LEAF(supervisor7, "mov x8, #172\n svc #7")
LEAF(unwanted_cache, "dc isw, x0")
LEAF(clean, "dc cvau, x0")
LEAF(zero, "dc zva, x0")
LEAF(instructions, "ic ivau, x0")

static void report(const char *what, void (*code)(void *, unsigned long), void *argument) {
  seen_signal = 0;
  code(argument, 7);
  if (seen_signal == 0) {
    say("%s: nothing\n", what);
    return;
  }
  unsigned long entry = (unsigned long)code;
  char pc[32], address[32];
  if (seen_pc - entry < 64) snprintf(pc, 32, "code+%lu", seen_pc - entry);
  else if (seen_pc == (unsigned long)argument) snprintf(pc, 32, "argument");
  else snprintf(pc, 32, "elsewhere");
  unsigned long where = (unsigned long)seen_address, base = (unsigned long)argument;
  if (where == base) snprintf(address, 32, "argument");
  else if (where - entry < 64) snprintf(address, 32, "code+%lu", where - entry);
  else if (where == (base & 0x00fffffffffffffful)) snprintf(address, 32, "untagged argument");
  else snprintf(address, 32, "argument%+ld", (long)(where - base));
  say("%s: signal %d code %d address %s pc %s", what, seen_signal, seen_code, address, pc);
  if (has_syndrome)
    say(" esr %lx fault %s\n", seen_syndrome, seen_fault == where ? "same" : seen_fault ? "other" : "0");
  else say(" no esr fault %s\n", seen_fault == where ? "same" : seen_fault ? "other" : "0");
}

static void faults(unsigned long extra) {
  int sigs[] = {SIGSEGV, SIGBUS, SIGILL, SIGTRAP, SIGFPE};
  for (int i = 0; i < 5; i++) {
    struct action action = {handler, SA_SIGINFO | extra, 0, 0};
    sigaction_raw(sigs[i], &action, 0);
  }
  long page = sysconf(_SC_PAGESIZE);
  char *none = mmap(0, 4 * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  char *gone = mmap(0, 4 * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  char *readable = mmap(0, page, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  char *touched = mmap(0, page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  touched[0] = 1;
  mprotect(touched, page, PROT_READ);
  char *writable = mmap(0, page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  writable[0] = 1;
  char *code = mmap(0, page, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  for (int i = 0; i < 8; i++) ((unsigned *)code)[i] = 0xd65f03c0;
  __builtin___clear_cache(code, code + 32);
  mprotect(code, page, PROT_READ | PROT_EXEC);
  int fd = open("/probe-file", O_RDWR | O_CREAT | O_TRUNC, 0600);
  if (ftruncate(fd, 100) != 0) say("ftruncate: %s\n", name(errno));
  char *file = mmap(0, 2 * page, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  char *execute = mmap(0, page, PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

  munmap(gone + page, page);

  report("load, PROT_NONE", load8, none);
  report("load, PROT_NONE, odd", load8, none + 5);
  report("load, not mapped", load8, gone + page + 24);
  report("load across into the unmapped", load8, touched + page - 4);
  report("store, not mapped", store8, gone + page);
  report("store, read-only", store8, readable);
  report("store, read-only, was written", store8, touched);
  report("load, null", load8, 0);
  report("load byte, small", load1, (void *)0x123);
  report("load, kernel", load8, (void *)0xffff000000000000);
  report("load, kernel, top", load8, (void *)0xfffffffffffffff8);
  report("load, no address", load8, (void *)0x0012000000001000);
  report("load, tagged, not mapped", load8, (void *)((unsigned long)(gone + page) | 0x5aul << 56));
  report("store, tagged, read-only", store8, (void *)((unsigned long)readable | 0xa5ul << 56));
  report("load, tagged, fine", load8, (void *)((unsigned long)writable | 0x5aul << 56));
  report("load, tag into the kernel", load8, (void *)0x5a80000000000000);
  report("file, past its end", load8, file + page);
  report("file, store past its end", store8, file + page + 8);
  report("file, in its last page", load8, file + 200);
  report("jump, PROT_NONE", jump, none);
  report("jump, not mapped", jump, gone + page);
  report("jump, not executable", jump, writable);
  report("jump, null", jump, 0);
  report("jump, kernel", jump, (void *)0xffff000000000000);
  report("jump, misaligned", jump, code + 2);
  report("jump, misaligned, not mapped", jump, gone + page + 2);
  report("jump, fine", jump, code);
  report("load of execute-only", load8, execute);
  report("exclusive, misaligned", exclusive, writable + 1);
  report("acquire, misaligned", acquire, writable + 14);
  report("udf #0", undefined, 0);
  report("udf #7", undefined7, 0);
  report("brk #0", breakpoint, 0);
  report("brk #0x1234", breakpoint3, 0);
  report("hlt", halt, 0);
  report("mrs ttbr0_el1", privileged, 0);
  report("msr vbar_el1", privileged_write, 0);
  report("hvc", hypercall, 0);
  report("smc", monitor, 0);
  report("msr daifset", mask_interrupts, 0);
  report("eret", eret, 0);
  report("svc #7", supervisor7, 0);
  report("dc isw", unwanted_cache, 0);
  report("dc cvau, not mapped", clean, gone + page);
  report("dc cvau, read-only", clean, readable);
  report("dc cvau, kernel", clean, (void *)0xffff000000000000);
  report("dc zva, read-only", zero, readable);
  report("dc zva, not mapped", zero, gone + page);
  report("ic ivau, not mapped", instructions, gone + page);
  unlink("/probe-file");
}

static void fault(void) { *(volatile int *)16 = 1; }
static void (*what)(void) = fault;
static void trap(void) { asm volatile("brk #5"); }
static void illegal(void) { asm volatile("udf #0"); }

static void blocked(void) {
  struct action action = {handler, SA_SIGINFO, 0, 0};
  for (int sig = 4; sig <= 11; sig++) if (sig != 9) sigaction_raw(sig, &action, 0);
  mask_raw(SIG_SETMASK, ~0ul);
  what();
}

static void ignored(void) {
  struct action action = {SIG_IGN, 0, 0, 0};
  for (int sig = 4; sig <= 11; sig++) if (sig != 9) sigaction_raw(sig, &action, 0);
  what();
}

static void in_handler(int sig) { what(); }

static void nested(void) {
  struct action action = {in_handler, 0, 0, 0};
  for (int sig = 4; sig <= 11; sig++) if (sig != 9) sigaction_raw(sig, &action, 0);
  what();
}

static void no_stack(void) {
  struct action action = {handler, SA_SIGINFO, 0, 0};
  sigaction_raw(10, &action, 0);
  sigaction_raw(11, &action, 0);
  asm volatile("mov x8, #172\n svc #0\n mov sp, %0\n mov x1, #10\n mov x8, #129\n svc #0\n"
               :: "r"(4096ul) : "x0", "x1", "x8", "memory");
}

/* Fault records stay with the thread: later frames show them too. */
static unsigned long frame_fault;
static int frame_syndrome;
static void look(int sig, siginfo_t *info, void *context) {
  ucontext_t *uc = context;
  frame_fault = uc->uc_mcontext.fault_address;
  unsigned *record = (unsigned *)(uc->uc_mcontext.__reserved + 528);
  frame_syndrome = record[0] == 0x45535201 ? record[2] : 0;
  if (sig == SIGSEGV) uc->uc_mcontext.pc += 4;
}

static void stale(void) {
  struct action action = {look, SA_SIGINFO, 0, 0};
  sigaction_raw(10, &action, 0);
  sigaction_raw(11, &action, 0);
  kill(getpid(), 10);
  say("before a fault: %lx %x\n", frame_fault, frame_syndrome);
  asm volatile("str wzr, [%0]" :: "r"(16ul) : "memory");
  say("its own: %lx %x\n", frame_fault, frame_syndrome);
  kill(getpid(), 10);
  say("after it: %lx %x\n", frame_fault, frame_syndrome);
  if (fork() == 0) {
    kill(getpid(), 10);
    say("in a child: %lx %x\n", frame_fault, frame_syndrome);
    _exit(0);
  }
  wait(0);
}

static void sent_and_blocked(void) {
  /* A blocked SIGSEGV that was only sent stays pending. */
  mask_raw(SIG_SETMASK, bit(11));
  kill(getpid(), 11);
  say("pending %lx\n", pending_now());
  struct action action = {handler, SA_SIGINFO, 0, 0};
  sigaction_raw(11, &action, 0);
  what();
}

static void both(void) {
  /* What the program did itself comes before what was sent. */
  mask_raw(SIG_SETMASK, bit(1));
  kill(getpid(), 1);
  mask_raw(SIG_SETMASK, 0);
}

int main(void) {
  in_child("stale", stale);
  say("-- faults\n");
  faults(0);
  say("-- with SA_EXPOSE_TAGBITS\n");
  faults(0x800);
  say("-- blocked, ignored, nested\n");
  struct action normal = {SIG_DFL, 0, 0, 0};
  for (int sig = 4; sig <= 11; sig++) if (sig != 9) sigaction_raw(sig, &normal, 0);
  void (*list[])(void) = {fault, trap, illegal};
  const char *names[] = {"segv", "trap", "ill"};
  for (int i = 0; i < 3; i++) {
    what = list[i];
    say("%s\n", names[i]);
    in_child("blocked", blocked);
    in_child("ignored", ignored);
    in_child("nested", nested);
    in_child("default", what);
  }
  what = fault;
  in_child("no stack for the frame", no_stack);
  in_child("sent and blocked, then done", sent_and_blocked);
  in_child("hangup", both);
  return 0;
}
