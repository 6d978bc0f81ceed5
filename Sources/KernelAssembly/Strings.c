// Texts of C for modules (lib/string.c). Plain loops: nobody measures them. In a KASAN image each
// byte is checked where it is accessed, as the compiler would.
#include <stddef.h>
#include <stdint.h>

#ifdef KASAN
void __asan_load1_noabort(uintptr_t);
void __asan_store1_noabort(uintptr_t);
#define LOAD(p) (__asan_load1_noabort((uintptr_t)(p)), *(p))
#define STORE(p, value) (__asan_store1_noabort((uintptr_t)(p)), *(p) = (value))
#else
#define LOAD(p) (*(p))
#define STORE(p, value) (*(p) = (value))
#endif

#ifdef KASAN
size_t kasan_strlen(const char *text);
#define strlen kasan_strlen
#else
size_t strlen(const char *text);
#endif

size_t strnlen(const char *text, size_t limit) {
  size_t length = 0;
  while (length < limit && LOAD(text + length)) length++;
  return length;
}

int strncmp(const char *a, const char *b, size_t limit) {
  for (; limit; limit--, a++, b++) {
    unsigned char left = LOAD(a), right = LOAD(b);
    if (left != right) return left < right ? -1 : 1;
    if (!left) return 0;
  }
  return 0;
}

int strcmp(const char *a, const char *b) {
  for (;; a++, b++) {
    unsigned char left = LOAD(a), right = LOAD(b);
    if (left != right) return left < right ? -1 : 1;
    if (!left) return 0;
  }
}

char *strcpy(char *to, const char *from) {
  char *start = to;
  while (STORE(to, LOAD(from))) to++, from++;
  return start;
}

char *strncpy(char *to, const char *from, size_t length) {
  for (size_t i = 0; i < length; i++)
    if (STORE(to + i, LOAD(from))) from++;
  return to;
}

// The text's length, or E2BIG, negative, where it was cut off.
long strscpy(char *to, const char *from, size_t room) {
  if (!room) return -7;
  for (size_t i = 0; i < room; i++)
    if (!STORE(to + i, LOAD(from + i))) return (long)i;
  to[room - 1] = 0;
  return -7;
}

size_t strlcpy(char *to, const char *from, size_t room) {
  size_t length = strlen(from);
  if (room) strscpy(to, from, room);
  return length;
}

char *strcat(char *to, const char *from) {
  strcpy(to + strlen(to), from);
  return to;
}

char *strchr(const char *text, int byte) {
  for (;; text++) {
    char here = LOAD(text);
    if (here == (char)byte) return (char *)text;
    if (!here) return NULL;
  }
}

char *strrchr(const char *text, int byte) {
  const char *last = NULL;
  for (;; text++) {
    char here = LOAD(text);
    if (here == (char)byte) last = text;
    if (!here) return (char *)last;
  }
}

char *strstr(const char *text, const char *part) {
  size_t length = strlen(part);
  for (;; text++) {
    if (!strncmp(text, part, length)) return (char *)text;
    if (!LOAD(text)) return NULL;
  }
}

void *memchr(const void *bytes, int byte, size_t length) {
  const unsigned char *at = bytes;
  for (; length; length--, at++)
    if (LOAD(at) == (unsigned char)byte) return (void *)at;
  return NULL;
}
