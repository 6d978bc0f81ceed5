// What of a module's calls only C can say: functions with a variable number of arguments, each of
// which hands its list on to Swift, which formats; and one that is made of others that C calls.
#include <stdarg.h>
#include <stddef.h>
#include "KernelAssembly.h"

struct ModuleVariables module_variables_storage;

int vprintk(const char *format, va_list arguments);
int vsnprintf(char *buffer, size_t size, const char *format, va_list arguments);
int vscnprintf(char *buffer, size_t size, const char *format, va_list arguments);

#define FORWARD(call)           \
  va_list arguments;            \
  va_start(arguments, format);  \
  int result = call;            \
  va_end(arguments);            \
  return result

// As kfree(), with zeros written first (mm/slab_common.c).
size_t ksize(const void *buffer);
void kfree(const void *buffer);
void *memset(void *place, int byte, size_t length);
void kfree_sensitive(const void *buffer) {
  size_t size = ksize(buffer);
  if (size) memset((void *)buffer, 0, size);
  kfree(buffer);
}

int _printk(const char *format, ...) { FORWARD(vprintk(format, arguments)); }

int snprintf(char *buffer, size_t size, const char *format, ...) {
  FORWARD(vsnprintf(buffer, size, format, arguments));
}

int scnprintf(char *buffer, size_t size, const char *format, ...) {
  FORWARD(vscnprintf(buffer, size, format, arguments));
}

int sprintf(char *buffer, const char *format, ...) {
  FORWARD(vsnprintf(buffer, 0x7fffffff, format, arguments));
}
