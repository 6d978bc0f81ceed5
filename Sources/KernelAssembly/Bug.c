// What modules call when something is wrong, with a variable number of arguments.
#include <stdarg.h>
#include "Bug.h"
#include "KernelAssembly.h"

int vprintk(const char *format, va_list arguments);
void kernel_panic(const char *format, void *arguments);

__attribute__((noinline)) void __warn_printk(const char *format, ...) {
  _printk("\0014------------[ cut here ]------------\n");
  va_list arguments;
  va_start(arguments, format);
  vprintk(format, arguments);
  va_end(arguments);
}

void panic(const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  kernel_panic(format, &arguments);
  va_end(arguments);
  __builtin_unreachable();
}
