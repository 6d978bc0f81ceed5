/* Actions, masks, pending sets, what a handler is told, and in which order. */
#include "signals.h"

static int log_signal[256], log_code[256], log_value[256], logged;
static unsigned long log_mask[256];
static int log_from_me[256];

static void note(int sig, siginfo_t *info, void *context) {
  ucontext_t *uc = context;
  if (logged < 256) {
    log_signal[logged] = sig;
    log_code[logged] = info->si_code;
    log_value[logged] = info->si_value.sival_int;
    log_from_me[logged] = info->si_pid == getpid();
    log_mask[logged] = mask_now();
    (void)uc;
    logged++;
  }
}

static void show(const char *what) {
  say("%s: %d\n", what, logged);
  for (int i = 0; i < logged; i++)
    say("  %d code %d value %d mine %d mask %lx\n", log_signal[i], log_code[i], log_value[i],
        log_from_me[i], log_mask[i]);
  logged = 0;
}

static void handle(int sig, unsigned long flags, unsigned long mask) {
  struct action action = {note, SA_SIGINFO | flags, 0, mask};
  if (sigaction_raw(sig, &action, 0) != 0) say("sigaction %d: %s\n", sig, name(errno));
}

static long queue(pid_t pid, int sig, int code, int value) {
  siginfo_t info;
  memset(&info, 0, sizeof info);
  info.si_signo = sig;
  info.si_code = code;
  info.si_pid = getpid();
  info.si_value.sival_int = value;
  return syscall(SYS_rt_sigqueueinfo, pid, sig, &info);
}

static void numbers(void) {
  say("-- which numbers\n");
  int list[] = {-1, 0, 1, 9, 19, 31, 32, 33, 34, 64, 65, 1 << 20};
  for (int i = 0; i < 12; i++) {
    struct action action = {SIG_IGN, 0, 0, 0}, old;
    long get = sigaction_raw(list[i], 0, &old);
    const char *text = result(get);
    const char *set = result(sigaction_raw(list[i], &action, 0));
    say("%d: get %s set %s kill %s tkill %s\n", list[i], text, set,
        list[i] == 9 || list[i] == 19 ? "-" : result(syscall(SYS_kill, getpid(), list[i])),
        list[i] == 9 || list[i] == 19 ? "-" : result(syscall(SYS_tkill, gettid(), list[i])));
  }
  struct action action = {SIG_DFL, 0, 0, 0};
  say("size 4: %s\n", result(syscall(SYS_rt_sigaction, 10, &action, 0, 4)));
  say("kill SIGKILL action query: %s\n", result(syscall(SYS_rt_sigaction, 9, 0, 0, 8)));
  say("bad pointer: %s %s\n", result(syscall(SYS_rt_sigaction, 10, (void *)8, 0, 8)),
      result(syscall(SYS_rt_sigaction, 10, 0, (void *)8, 8)));
  unsigned long kept = 0;
  for (int shift = 0; shift < 64; shift++) {
    struct action set = {note, 1ul << shift, (void *)0x1234, ~0ul}, old;
    sigaction_raw(10, &set, 0);
    sigaction_raw(10, 0, &old);
    kept |= old.flags;
    if (old.restorer != (void *)0x1234 || old.mask != 0xfffffffffffbfeff)
      say("flag %d: restorer %p mask %lx\n", shift, old.restorer, old.mask);
  }
  say("flags kept: %lx\n", kept);
}

static void masks(void) {
  say("-- masks\n");
  unsigned long set = ~0ul, old;
  say("how 3: %s\n", result(syscall(SYS_rt_sigprocmask, 3, &set, 0, 8)));
  say("how 77 without set: %s\n", result(syscall(SYS_rt_sigprocmask, 77, 0, &old, 8)));
  say("size 7: %s\n", result(syscall(SYS_rt_sigprocmask, 0, &set, 0, 7)));
  say("all blocked: %s\n", result(mask_raw(SIG_SETMASK, ~0ul)));
  say("mask %lx\n", mask_now());
  mask_raw(SIG_UNBLOCK, bit(5) | bit(9));
  say("mask %lx\n", mask_now());
  mask_raw(SIG_SETMASK, 0);
  mask_raw(SIG_BLOCK, bit(9) | bit(19) | bit(7));
  say("mask %lx\n", mask_now());
  mask_raw(SIG_SETMASK, 0);
  unsigned long pending = 7;
  for (int size = 0; size <= 9; size++)
    say("pending size %d: %s %lx\n", size,
        result(syscall(SYS_rt_sigpending, &pending, (long)size)), pending);
}

static void causes(void) {
  say("-- what a handler is told\n");
  int sigs[] = {10, 12, 34, 50, 64};
  for (int i = 0; i < 5; i++) handle(sigs[i], 0, 0);
  kill(getpid(), 10);
  syscall(SYS_tkill, gettid(), 12);
  syscall(SYS_tgkill, getpid(), gettid(), 34);
  say("queue %s\n", result(queue(getpid(), 50, SI_QUEUE, 4711)));
  say("queue -60 %s\n", result(queue(getpid(), 50, -60, 4712)));
  say("queue SI_USER to self %s\n", result(queue(getpid(), 50, 0, 4713)));
  say("queue SI_TKILL to self %s\n", result(queue(getpid(), 50, SI_TKILL, 4714)));
  say("queue to init SI_USER %s\n", result(queue(1, 0, 0, 0)));
  say("queue to init SI_TKILL %s\n", result(queue(1, 0, SI_TKILL, 0)));
  say("queue signal 0 %s\n", result(queue(getpid(), 0, SI_QUEUE, 0)));
  say("queue 65 %s\n", result(queue(getpid(), 65, SI_QUEUE, 0)));
  say("queue nobody %s\n", result(queue(999999, 10, SI_QUEUE, 0)));
  siginfo_t info;
  memset(&info, 0, sizeof info);
  info.si_signo = 33;
  info.si_code = SI_QUEUE;
  info.si_value.sival_int = 77;
  say("tgqueue %s\n", result(syscall(SYS_rt_tgsigqueueinfo, getpid(), gettid(), 64, &info)));
  say("tgqueue wrong group %s\n",
      result(syscall(SYS_rt_tgsigqueueinfo, 1, gettid(), 64, &info)));
  say("tgqueue 0 %s\n", result(syscall(SYS_rt_tgsigqueueinfo, 0, gettid(), 64, &info)));
  memset(&info, 0xff, sizeof info);
  info.si_code = -61;
  say("queue unknown code, tail set %s\n",
      result(syscall(SYS_rt_sigqueueinfo, getpid(), 10, &info)));
  info.si_code = SI_QUEUE;
  say("queue known code, tail set %s\n",
      result(syscall(SYS_rt_sigqueueinfo, getpid(), 10, &info)));
  show("told");
  say("tkill 0 %s, -1 %s, nobody %s\n", result(syscall(SYS_tkill, 0, 10)),
      result(syscall(SYS_tkill, -1, 10)), result(syscall(SYS_tkill, 999999, 10)));
  say("tgkill 0 %s, wrong %s\n", result(syscall(SYS_tgkill, 0, gettid(), 10)),
      result(syscall(SYS_tgkill, 1, gettid(), 10)));
  say("kill nobody %s, min %s, group nobody %s\n", result(syscall(SYS_kill, 999999, 10)),
      result(syscall(SYS_kill, (long)INT32_MIN, 10)), result(syscall(SYS_kill, -999999, 10)));
}

static void orders(void) {
  say("-- order\n");
  for (int sig = 1; sig <= 64; sig++)
    if (sig != 9 && sig != 19) handle(sig, 0, ~0ul);
  mask_raw(SIG_SETMASK, ~0ul);
  for (int sig = 64; sig > 0; sig--)
    if (sig != 9 && sig < 18) kill(getpid(), sig);
  for (int i = 0; i < 3; i++) {
    queue(getpid(), 40, SI_QUEUE, i);
    queue(getpid(), 38, SI_QUEUE, i);
    queue(getpid(), 25, SI_QUEUE, i);
    syscall(SYS_tkill, gettid(), 39);
    syscall(SYS_tkill, gettid(), 23);
  }
  say("pending %lx\n", pending_now());
  mask_raw(SIG_SETMASK, 0);
  say("pending %lx\n", pending_now());
  show("each alone");
  /* With empty masks the frames pile up: the last signal taken runs first. */
  for (int sig = 34; sig <= 40; sig++) handle(sig, 0, 0);
  mask_raw(SIG_SETMASK, ~0ul);
  for (int sig = 34; sig <= 40; sig++) {
    queue(getpid(), sig, SI_QUEUE, 1);
    queue(getpid(), sig, SI_QUEUE, 2);
  }
  syscall(SYS_tkill, gettid(), 37);
  mask_raw(SIG_SETMASK, 0);
  show("piled up");
}

static void flags(void) {
  say("-- flags\n");
  struct action old;
  handle(10, SA_RESETHAND, 0);
  kill(getpid(), 10);
  sigaction_raw(10, 0, &old);
  say("after SA_RESETHAND: handler %d flags %lx\n", old.handler == note, old.flags);
  handle(10, SA_NODEFER, bit(12));
  handle(12, 0, bit(10) | bit(34));
  kill(getpid(), 10);
  kill(getpid(), 12);
  show("masks in handlers");
  say("-- dropped when sent or when ignored later\n");
  mask_raw(SIG_SETMASK, bit(10) | bit(17) | bit(18) | bit(20) | bit(40));
  struct action ignore = {SIG_IGN, 0, 0, 0}, normal = {SIG_DFL, 0, 0, 0};
  sigaction_raw(17, &normal, 0);
  kill(getpid(), 17);
  say("blocked SIGCHLD with SIG_DFL: %lx\n", pending_now());
  kill(getpid(), 10);
  queue(getpid(), 40, SI_QUEUE, 1);
  say("pending %lx\n", pending_now());
  sigaction_raw(10, &ignore, 0);
  say("SIGUSR1 ignored: %lx\n", pending_now());
  sigaction_raw(17, &normal, 0);
  say("SIGCHLD to default: %lx\n", pending_now());
  kill(getpid(), 10);
  say("sent while ignored and blocked: %lx\n", pending_now());
  handle(10, 0, 0);
  handle(18, 0, 0);
  handle(20, 0, 0);
  kill(getpid(), 20);
  say("SIGTSTP: %lx\n", pending_now());
  kill(getpid(), 18);
  say("SIGCONT: %lx\n", pending_now());
  kill(getpid(), 20);
  say("SIGTSTP again: %lx\n", pending_now());
  mask_raw(SIG_SETMASK, 0);
  show("delivered");
}

int main(void) {
  numbers();
  masks();
  causes();
  orders();
  flags();
  return 0;
}
