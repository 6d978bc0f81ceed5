// Bytes and texts.
#ifndef KILBURN_STRING_H
#define KILBURN_STRING_H

#include <kilburn/types.h>

void *memcpy(void *to, const void *from, size_t length);
void *memmove(void *to, const void *from, size_t length);
void *memset(void *place, int byte, size_t length);
int memcmp(const void *a, const void *b, size_t length);
void *memchr(const void *bytes, int byte, size_t length);
size_t strlen(const char *text);
size_t strnlen(const char *text, size_t limit);
int strcmp(const char *a, const char *b);
int strncmp(const char *a, const char *b, size_t limit);
char *strcpy(char *to, const char *from);
char *strncpy(char *to, const char *from, size_t length);
long strscpy(char *to, const char *from, size_t room);
size_t strlcpy(char *to, const char *from, size_t room);
char *strcat(char *to, const char *from);
char *strchr(const char *text, int byte);
char *strrchr(const char *text, int byte);
char *strstr(const char *text, const char *part);

#ifdef CONFIG_FORTIFY_SOURCE
#include <kilburn/fortify.h>
#endif

#endif
