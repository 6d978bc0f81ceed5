/* The frame of a handler: where things are, what a handler may change, what is refused. */
#include "signals.h"
#include <sys/auxv.h>

static int step;
static char *alternate;

static ucontext_t *uc_of(void *context) { return context; }

static void layout(int sig, siginfo_t *info, void *context) {
  ucontext_t *uc = context;
  char *frame = (char *)info;
  say("info %% 16 = %lu, context - info = %ld\n", (unsigned long)info & 15,
      (long)((char *)uc - frame));
  say("link %d flags %lx\n", uc->uc_link != 0, uc->uc_flags);
  say("stack flags %x, sp in it %d, size %lu\n", uc->uc_stack.ss_flags,
      (char *)uc->uc_stack.ss_sp == alternate, uc->uc_stack.ss_size);
  say("mask %lx\n", *(unsigned long *)&uc->uc_sigmask);
  int clear = 1;
  for (char *p = (char *)&uc->uc_sigmask + 8; p < (char *)&uc->uc_mcontext; p++) clear &= *p == 0;
  say("mcontext at %ld, gap clear %d\n", (long)((char *)&uc->uc_mcontext - (char *)uc), clear);
  char *record = (char *)uc->uc_mcontext.__reserved;
  for (;;) {
    unsigned magic = *(unsigned *)record, size = *(unsigned *)(record + 4);
    say("record %08x size %u at %ld\n", magic, size,
        (long)(record - (char *)uc->uc_mcontext.__reserved));
    if (magic == 0) break;
    record += size;
  }
  unsigned long *link = (unsigned long *)((char *)uc->uc_mcontext.__reserved + 4096);
  say("frame record: fp %d lr %d, distance to sp %lu\n", link[0] == uc->uc_mcontext.regs[29],
      link[1] == uc->uc_mcontext.regs[30],
      uc->uc_mcontext.sp - (unsigned long)frame);
  say("pstate %llx, result %lld\n", uc->uc_mcontext.pstate, uc->uc_mcontext.regs[0]);
  int zero = 1;
  for (int i = 24; i < 128; i++) zero &= frame[i] == 0;
  say("rest of siginfo clear %d\n", zero);
}

static void set(int sig, void *handler, unsigned long flags) {
  struct action action = {handler, SA_SIGINFO | flags, 0, 0};
  sigaction_raw(sig, &action, 0);
}

/* Every register before, all changed by the handler, seen after. */
static unsigned long registers[32];
static __uint128_t vectors[32];

static void change_all(int sig, siginfo_t *info, void *context) {
  ucontext_t *uc = context;
  for (int i = 2; i < 29; i++)
    if (i != 18 && i != 19) uc->uc_mcontext.regs[i] = 1000 + i;
  struct fpsimd_context *fp = (void *)uc->uc_mcontext.__reserved;
  for (int i = 0; i < 32; i++) fp->vregs[i] = ((__uint128_t)(i + 7) << 64) | (i + 100);
  fp->fpcr = 0x01000000;
  fp->fpsr = 0x0800001f;
  uc->uc_mcontext.pstate = (uc->uc_mcontext.pstate & 0x0fffffff) | 0x90000000;
  /* What the handler itself leaves in registers does not count. */
  asm volatile("fmov d9, #2.0\n fmov d20, #3.0" ::: "d9", "d20");
}

/* Sends 10 to `pid` and stores what the registers are afterwards. */
void send_and_store(long pid, unsigned long *registers, void *vectors, unsigned long *states);
asm(".text\n.global send_and_store\nsend_and_store:\n"
    "sub sp, sp, #192\n stp x19, x20, [sp]\n stp x21, x22, [sp, #16]\n"
    "stp x23, x24, [sp, #32]\n stp x25, x26, [sp, #48]\n stp x27, x28, [sp, #64]\n"
    "stp x29, x30, [sp, #80]\n stp d8, d9, [sp, #96]\n stp d10, d11, [sp, #112]\n"
    "stp d12, d13, [sp, #128]\n stp d14, d15, [sp, #144]\n str x3, [sp, #160]\n"
    "mov x18, x2\n mov x19, x1\n mov x1, #10\n mov x8, #129\n svc #0\n"
    "stp x2, x3, [x19, #16]\n stp x4, x5, [x19, #32]\n stp x6, x7, [x19, #48]\n"
    "stp x9, x10, [x19, #72]\n stp x11, x12, [x19, #88]\n stp x13, x14, [x19, #104]\n"
    "stp x15, x16, [x19, #120]\n str x17, [x19, #136]\n stp x20, x21, [x19, #160]\n"
    "stp x22, x23, [x19, #176]\n stp x24, x25, [x19, #192]\n stp x26, x27, [x19, #208]\n"
    "str x28, [x19, #224]\n"
    "stp q0, q1, [x18]\n stp q8, q9, [x18, #128]\n stp q20, q21, [x18, #320]\n"
    "stp q30, q31, [x18, #480]\n"
    "mrs x1, nzcv\n mrs x2, fpcr\n mrs x3, fpsr\n ldr x4, [sp, #160]\n"
    "stp x1, x2, [x4]\n str x3, [x4, #16]\n msr fpcr, xzr\n"
    "ldp x19, x20, [sp]\n ldp x21, x22, [sp, #16]\n ldp x23, x24, [sp, #32]\n"
    "ldp x25, x26, [sp, #48]\n ldp x27, x28, [sp, #64]\n ldp x29, x30, [sp, #80]\n"
    "ldp d8, d9, [sp, #96]\n ldp d10, d11, [sp, #112]\n ldp d12, d13, [sp, #128]\n"
    "ldp d14, d15, [sp, #144]\n add sp, sp, #192\n ret\n");

static void change(void) {
  set(10, change_all, 0);
  unsigned long states[3];
  send_and_store(getpid(), registers, vectors, states);
  say("registers");
  for (int i = 2; i < 29; i++) if (registers[i]) say(" x%d=%lu", i, registers[i]);
  say("\n");
  for (int i = 0; i < 32; i++)
    if (vectors[i])
      say("q%d=%lx:%lx ", i, (unsigned long)(vectors[i] >> 64), (unsigned long)vectors[i]);
  say("\nnzcv %lx fpcr %lx fpsr %lx\n", states[0], states[1], states[2]);
}

static void go_elsewhere(void) {
  say("the handler sent us here, mask %lx\n", mask_now());
  _exit(5);
}

static void move_pc(int sig, siginfo_t *info, void *context) {
  uc_of(context)->uc_mcontext.pc = (unsigned long)go_elsewhere;
  uc_of(context)->uc_mcontext.sp = (unsigned long)alternate + 60000;
  *(unsigned long *)&uc_of(context)->uc_sigmask = ~0ul;
}

static void elsewhere(void) {
  set(10, move_pc, 0);
  kill(getpid(), 10);
}

/* What rt_sigreturn refuses; the number says which. */
static int kind;
static void spoil(int sig, siginfo_t *info, void *context) {
  ucontext_t *uc = context;
  char *records = (char *)uc->uc_mcontext.__reserved;
  unsigned *head = (unsigned *)records;
  unsigned *next = (unsigned *)(records + 528);
  switch (kind) {
  case 0: break;
  case 1: head[0] = 0x12345678; break;                       /* an unknown record first */
  case 2: head[1] = 512; break;                              /* vectors of a wrong size */
  case 3: head[0] = 0; head[1] = 0; break;                   /* no vectors */
  case 4: head[0] = 0; head[1] = 16; break;                  /* an end that is not empty */
  case 5: next[0] = 0x12345678; next[1] = 16; break;         /* an unknown record last */
  case 6: next[0] = 0x45535201; next[1] = 16; next[4] = 0; next[5] = 0; break; /* esr */
  case 7: memcpy(next, head, 528); next[132] = 0; next[133] = 0; break;   /* vectors twice */
  case 8: next[0] = 0x53564501; next[1] = 16; *(next + 2) = 0; next[4] = next[5] = 0; break;
  case 9: next[0] = 0x54366345; next[1] = 16; next[4] = next[5] = 0; break; /* ZA or no */
  case 10: next[0] = 0x45535201; next[1] = 24; break;        /* misaligned size */
  case 11: next[0] = 0x45535201; next[1] = 8; break;         /* shorter than a record */
  case 12: next[0] = 0x45535201; next[1] = 0; break;
  case 13: next[0] = 0x45535201; next[1] = 4096; break;      /* past the end */
  case 14:                                                   /* exactly to the end */
    next[0] = 0x45535201; next[1] = 4096 - 528; break;
  case 15:                                                   /* leaves room for the end */
    next[0] = 0x45535201; next[1] = 4096 - 528 - 16;
    *(long *)(records + 4080) = 0; break;
  case 16:                                                   /* more room behind the frame */
  case 17:
  case 18:
  case 19:
  case 20:
  case 21: {
    /* An extra_context (32 bytes) and an end first; the vectors, and an end, right behind. */
    static char vectors[528];
    memcpy(vectors, head, 528);
    char *behind = records + 48;
    head[0] = 0x45585401;
    head[1] = kind == 20 ? 48 : 32;
    *(unsigned long *)(head + 2) = (unsigned long)behind + (kind == 18 ? 16 : 0);
    head[4] = kind == 19 ? 548 : 544;
    head[5] = head[6] = head[7] = 0;
    head[8] = kind == 21 ? 0x1234 : 0;
    head[9] = 0;
    memmove(behind + (kind == 18 ? 16 : 0), vectors, 528);
    *(long *)(behind + 528) = kind == 17 ? 0x10 : 0;         /* 17: an end that is none */
    break;
  }
  case 22: uc->uc_mcontext.pstate = 5; break;                /* EL1h */
  case 23: uc->uc_mcontext.pstate |= 0x10; break;            /* AArch32 */
  case 24: uc->uc_mcontext.pstate |= 0x3c0; break;           /* interrupts masked */
  case 25: uc->uc_mcontext.pstate |= 0x00200000; break;      /* single step */
  case 26: uc->uc_mcontext.pstate |= 0x00100000; break;      /* illegal state */
  case 27: uc->uc_mcontext.pstate |= 0x0a00efff0000000ul; break;
  case 28: uc->uc_mcontext.pstate |= 0x00001000; break;      /* SSBS */
  case 29: uc->uc_stack.ss_flags = 77; break;                /* a stack that is refused */
  case 30: uc->uc_stack.ss_flags = 0; uc->uc_stack.ss_size = 100; break;
  case 31: uc->uc_mcontext.pc = 1; break;
  case 32: uc->uc_mcontext.sp = 1; break;
  case 33: uc->uc_flags = ~0ul; uc->uc_link = (void *)1; info->si_signo = 99; break;
  }
}

static void refused(void) {
  set(10, spoil, 0);
  kill(getpid(), 10);
  stack_t now;
  sigaltstack(0, &now);
  if (kind == 29 || kind == 30) say("stack flags %x\n", now.ss_flags);
}

static unsigned long wild;
static void bare_return(void) {
  asm volatile("mov sp, %0\n mov x8, #139\n svc #0" :: "r"(wild) : "x8", "memory");
}

static void depth(int sig, siginfo_t *info, void *context) {
  if (++step < 5) kill(getpid(), 10 + 2 * (step & 1));
  say("level %d ends, mask %lx\n", step--, mask_now());
}

static void nested(void) {
  set(10, depth, SA_NODEFER);
  set(12, depth, SA_NODEFER);
  kill(getpid(), 10);
  say("mask %lx\n", mask_now());
}

int main(void) {
  alternate = mmap(0, 65536, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  say("AT_MINSIGSTKSZ %lu\n", getauxval(AT_MINSIGSTKSZ));
  set(10, layout, 0);
  mask_raw(SIG_SETMASK, bit(33) | bit(2));
  kill(getpid(), 10);
  mask_raw(SIG_SETMASK, 0);
  stack_t stack = {alternate, 0, 65536};
  sigaltstack(&stack, 0);
  set(10, layout, SA_ONSTACK);
  say("-- on the other stack\n");
  kill(getpid(), 10);
  say("-- changed by the handler\n");
  change();
  in_child("elsewhere", elsewhere);
  in_child("nested", nested);
  say("-- what is refused\n");
  for (kind = 0; kind <= 33; kind++) {
    char text[32];
    snprintf(text, 32, "spoiled %d", kind);
    in_child(text, refused);
  }
  unsigned long list[] = {0, 8, (unsigned long)alternate, (unsigned long)alternate + 4,
                          0xffff800000000000, ~15ul};
  for (int i = 0; i < 6; i++) {
    char text[32];
    wild = list[i];
    snprintf(text, 32, "return from nowhere %d", i);
    in_child(text, bare_return);
  }
  return 0;
}
