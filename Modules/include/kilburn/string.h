// Bytes and texts.
#ifndef KILBURN_STRING_H
#define KILBURN_STRING_H

#include <kilburn/types.h>

void *memcpy(void *to, const void *from, size_t length);
void *memmove(void *to, const void *from, size_t length);
void *memset(void *place, int byte, size_t length);
int memcmp(const void *a, const void *b, size_t length);

#endif
