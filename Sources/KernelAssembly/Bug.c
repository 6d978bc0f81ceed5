// What modules call when something is wrong, and warnings of the kernel's own: an instruction that
// an entry of the bug table explains (arch/arm64/include/asm/asm-bug.h).
#include <stdarg.h>
#include "KernelAssembly.h"

int vprintk(const char *format, va_list arguments);
int _printk(const char *format, ...);
void kernel_panic(const char *format, void *arguments);

// Flags: 1 a warning, 8 it has said "cut here" itself, 9 << 8 the taint W.
#define WARN_HERE(flags)                    \
  __asm__ volatile(                         \
      "1: brk #0x800\n\t"                   \
      ".pushsection __bug_table, \"aw\"\n\t" \
      ".balign 4\n\t"                       \
      ".long 1b - .\n\t"                    \
      ".short " #flags "\n\t"               \
      ".balign 4\n\t"                       \
      ".popsection")

__attribute__((noinline)) void warn_slowpath_null(void) { WARN_HERE(0x901); }

__attribute__((noinline)) void __warn_printk(const char *format, ...) {
  _printk("\0014------------[ cut here ]------------\n");
  va_list arguments;
  va_start(arguments, format);
  vprintk(format, arguments);
  va_end(arguments);
}

__attribute__((noreturn)) void panic(const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  kernel_panic(format, &arguments);
  va_end(arguments);
  __builtin_unreachable();
}
