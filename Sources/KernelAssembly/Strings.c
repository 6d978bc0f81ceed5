// Texts of C for modules (lib/string.c). Plain loops: nobody measures them.
#include <stddef.h>
#include <stdint.h>

size_t strlen(const char *text);

size_t strnlen(const char *text, size_t limit) {
  size_t length = 0;
  while (length < limit && text[length]) length++;
  return length;
}

int strcmp(const char *a, const char *b) {
  while (*a && *a == *b) a++, b++;
  return (unsigned char)*a < (unsigned char)*b ? -1 : (unsigned char)*a > (unsigned char)*b;
}

int strncmp(const char *a, const char *b, size_t limit) {
  for (; limit; limit--, a++, b++) {
    if (*a != *b) return (unsigned char)*a < (unsigned char)*b ? -1 : 1;
    if (!*a) return 0;
  }
  return 0;
}

char *strcpy(char *to, const char *from) {
  char *start = to;
  while ((*to++ = *from++)) {}
  return start;
}

char *strncpy(char *to, const char *from, size_t length) {
  for (size_t i = 0; i < length; i++) {
    to[i] = *from;
    if (*from) from++;
  }
  return to;
}

// The text's length, or E2BIG, negative, where it was cut off.
long strscpy(char *to, const char *from, size_t room) {
  if (!room) return -7;
  for (size_t i = 0; i < room; i++)
    if (!(to[i] = from[i])) return (long)i;
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
    if (*text == (char)byte) return (char *)text;
    if (!*text) return NULL;
  }
}

char *strrchr(const char *text, int byte) {
  const char *last = NULL;
  do
    if (*text == (char)byte) last = text;
  while (*text++);
  return (char *)last;
}

char *strstr(const char *text, const char *part) {
  size_t length = strlen(part);
  for (; ; text++) {
    if (!strncmp(text, part, length)) return (char *)text;
    if (!*text) return NULL;
  }
}

void *memchr(const void *bytes, int byte, size_t length) {
  const unsigned char *at = bytes;
  for (; length; length--, at++)
    if (*at == (unsigned char)byte) return (void *)at;
  return NULL;
}
