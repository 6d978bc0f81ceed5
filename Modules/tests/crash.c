// Faults on purpose, a case at each load: crash.case=NAME. The names are those of Linux's LKDTM,
// whose recorded reports the tests compare with (Tests/EndToEndTests/OopsTests.swift).
#include <kilburn/module.h>
#include <kilburn/bug.h>

static char *what = "";
module_param_named(case, what, charp, 0444);

static const unsigned long constant = 0xAA55AA55;
static u32 code_in_data[16] = {0xd65f03c0};  // RET
static const u32 code_in_constants[16] = {0xd65f03c0};

static noinline void do_nothing(void) { __asm__ volatile("" ::: "memory"); }
static noinline void do_overwritten(void) { __asm__ volatile("nop\n\tnop"); }

static noinline void execute(void *place) {
  pr_info("crash: attempting bad execution at %px\n", place);
  ((void (*)(void))place)();
  pr_err("crash: FAIL: func returned\n");
}

static noinline void write_to(unsigned long *place) {
  pr_info("crash: attempting bad write at %px\n", place);
  *(volatile unsigned long *)place = 0xdeadbeef;
  pr_err("crash: FAIL: survived bad write\n");
}

static noinline void read_from(unsigned long *place) {
  pr_info("crash: attempting bad read at %px\n", place);
  unsigned long value = *(volatile unsigned long *)place;
  pr_err("crash: FAIL: survived bad read of %lx\n", value);
}

static noinline int recurse(int depth) {
  volatile char room[1024];
  for (unsigned i = 0; i < sizeof room; i++) room[i] = depth;
  if (depth == 0) return 0;
  return recurse(depth - 1) + room[0];
}

static int is(const char *name) {
  int i = 0;
  while (name[i] && name[i] == what[i]) i++;
  return name[i] == what[i];
}

static noinline void crash_BUG(void) { BUG(); }
static noinline void crash_WARNING(void) { WARN_ON(1); }
static noinline void crash_PANIC(void) { panic("dumptest"); }

static int __init crash_init(void) {
  pr_info("crash: Performing direct entry %s\n", what);
  if (is("WRITE_RO")) write_to((unsigned long *)&constant);
  else if (is("WRITE_KERN")) write_to((unsigned long *)do_overwritten);
  else if (is("WRITE_KERNEL_TEXT")) write_to((unsigned long *)_printk);
  else if (is("EXEC_DATA")) execute(code_in_data);
  else if (is("EXEC_RODATA")) execute((void *)code_in_constants);
  else if (is("EXEC_STACK")) {
    u32 code[16] = {0xd65f03c0};
    __asm__ volatile("" ::"r"(code) : "memory");
    execute(code);
  } else if (is("EXEC_KMALLOC")) {
    u32 *code = kmalloc(64, GFP_KERNEL);
    code[0] = 0xd65f03c0;
    execute(code);
  } else if (is("EXEC_NULL")) execute(0);
  else if (is("EXEC_USERSPACE")) execute((void *)0x400000);
  else if (is("ACCESS_NULL")) read_from(0);
  else if (is("ACCESS_USERSPACE")) read_from((void *)0x400000);
  else if (is("EXCEPTION")) write_to(0);
  else if (is("UNMAPPED")) read_from((void *)0xffffffffffffff80);
  else if (is("BETWEEN")) read_from((void *)0x00ff000000000000);
  else if (is("EXHAUST_STACK")) recurse(1024);
  else if (is("BUG")) crash_BUG();
  else if (is("WARNING")) crash_WARNING();
  else if (is("PANIC")) crash_PANIC();
  else do_nothing();
  return 0;
}

static void __exit crash_exit(void) {}

module_init(crash_init);
module_exit(crash_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("does what the MMU forbids");
