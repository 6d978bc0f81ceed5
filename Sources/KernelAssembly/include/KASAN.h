// What the sanitized image's checks need at once; see Sources/KernelHeap/KASAN for the rest.
#ifndef KASAN_H
#define KASAN_H

#include <stdint.h>

struct KASANParameters {
  // KASAN_SHADOW_OFFSET; 0 before there is a shadow, when everything is good.
  uint64_t offset;
  // The first address that has a shadow.
  uint64_t lowest;
  // KernelHeap.KASAN, PageFrames.FrameAllocator and KernelHeap.SlabAllocator once they are there.
  uint64_t state;
  uint64_t frames, slab;
  // KernelHeap.ShadowTables and SlabHooks.
  uint64_t tables, hooks;
};
extern struct KASANParameters kasan_parameters;

static inline __attribute__((always_inline)) struct KASANParameters *kasan_board(void) {
  return &kasan_parameters;
}

static inline __attribute__((always_inline)) uint64_t read_frame_pointer(void) {
  uint64_t value;
  __asm__ volatile("mov %0, x29" : "=r"(value));
  return value;
}

// Whether the function that asks may make an access.
_Bool kasan_check_here(uint64_t address, uint64_t size, _Bool is_write);

// Fault seeds of the test image: an object that the compiler must believe anything of.
static inline __attribute__((always_inline)) uint64_t hide_from_compiler(uint64_t value) {
  __asm__ volatile("" : "+r"(value) : : "memory");
  return value;
}

#endif
