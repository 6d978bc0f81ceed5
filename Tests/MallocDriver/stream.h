// What a stream is made of, whoever serves it: this machine's C library, recorded (record.h), or the
// library under test, asked call by call (twin.h).
#ifndef STREAM_H
#define STREAM_H
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum kind {
  START, MALLOC, FREE, CALLOC, REALLOC, MEMALIGN, POSIX_MEMALIGN, VALLOC, PVALLOC, USABLE, MALLOPT,
  TRIM, INFO, SBRK, THREAD_START, THREAD_EXIT, INFO_REST, END, DEATH, ALIGNED_ALLOC, REALLOCARRAY,
  TEXT_INFO, TEXT_STATS,
  CALL_BRK = 32, CALL_MMAP, CALL_MUNMAP, CALL_MREMAP, CALL_MPROTECT, CALL_MADVISE
};

// DEATH: the call in c with its first two arguments, d the signal, result the address of a fault.
struct record {
  uint8_t kind, thread;
  uint16_t error;
  uint32_t sequence;
  uint64_t a, b, c, d, result;
};

// Of 64 bits, by words.
static uint64_t mix(uint64_t digest, uint64_t word) {
  digest = (digest ^ word) * 0x9e3779b97f4a7c15ull;
  return digest ^ digest >> 29;
}

static uint64_t digest_of_text(const char *text, size_t length) {
  uint64_t digest = length;
  for (size_t i = 0; i < length; i++) digest = mix(digest, (uint8_t)text[i]);
  return digest;
}

static uint64_t digest_of_record(uint64_t digest, const struct record *r) {
  digest = mix(digest, r->kind | r->thread << 8 | (uint32_t)r->error << 16);
  digest = mix(mix(digest, r->a), r->b);
  return mix(mix(mix(digest, r->c), r->d), r->result);
}

static volatile int active_thread;
static int profile, flags, thread_limit;

// The bits of flags.
enum {
  OPTIONS_CHANGE = 1, OTHERS_BREAK = 2, REFUSALS = 4, LIMITS = 8
};
#endif
