// Warnings and bugs of the kernel's own C: an instruction that an entry of the bug table explains
// (arch/arm64/include/asm/asm-bug.h). The entries have neither file nor line.
#ifndef BUG_H
#define BUG_H

int _printk(const char *format, ...);
void __warn_printk(const char *format, ...);
__attribute__((noreturn)) void panic(const char *format, ...);

// Flags: 1 a warning, 8 it has said "cut here" itself, 9 << 8 the taint W.
#define BUG_HERE(flags)                     \
  __asm__ volatile(                         \
      "1: brk #0x800\n\t"                   \
      ".pushsection __bug_table, \"aw\"\n\t" \
      ".balign 4\n\t"                       \
      ".long 1b - .\n\t"                    \
      ".long 0\n\t"                         \
      ".short 0\n\t"                        \
      ".short " #flags "\n\t"               \
      ".popsection")
#define BUG()                \
  do {                       \
    BUG_HERE(0);             \
    __builtin_unreachable(); \
  } while (0)
#define WARN(...)               \
  do {                          \
    __warn_printk(__VA_ARGS__); \
    BUG_HERE(0x909);            \
  } while (0)

#endif
