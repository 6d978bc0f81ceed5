// The least that a model of these shapes costs: a tight loop over records of 8 bytes (address × 2 +
// whether it writes), with every size a constant, ways in the order of their use, tags of 8 bytes.
// No descriptors are read (a walk's lines are made up from the page's number), nothing is written
// back, no address spaces, one page size, no privileges, no counts but hits.
#include "ModelFloor.h"

#define MODEL(name, sets, ways) \
  static uint64_t name##_sets[sets][ways]; \
  static inline __attribute__((always_inline)) int name(uint64_t number) { \
    uint64_t *set = name##_sets[number & (sets - 1)], tag = number + 1; \
    if (__builtin_expect(set[0] == tag, 1)) return 1; \
    for (int way = 1; way < ways; way++) \
      if (set[way] == tag) { \
        for (int one = way; one > 0; one--) set[one] = set[one - 1]; \
        set[0] = tag; \
        return 1; \
      } \
    for (int one = ways - 1; one > 0; one--) set[one] = set[one - 1]; \
    set[0] = tag; \
    return 0; \
  }

MODEL(tlb, 16, 4)
MODEL(shared_tlb, 256, 5)
MODEL(l1, 256, 4)
MODEL(l2, 2048, 8)
MODEL(last, 32768, 16)

uint64_t floor_tlb(const uint64_t *records, uint64_t count) {
  uint64_t hits = 0;
  for (uint64_t i = 0; i < count; i++) hits += (uint64_t)tlb(records[i] >> 13);
  return hits;
}

static inline __attribute__((always_inline)) int access(uint64_t address) {
  uint64_t page = address >> 12, line = address >> 6;
  int hit = 1;
  if (!tlb(page) && !shared_tlb(page)) {
    hit = 0;
    for (int level = 3; level >= 0; level--) {
      uint64_t table = 0x800000000000 + ((uint64_t)level << 40);
      uint64_t descriptor = (table + ((page >> (9 * level)) << 3)) >> 6;
      if (!l2(descriptor)) last(descriptor);
    }
  }
  if (!l1(line) && !l2(line)) last(line);
  return hit;
}

uint64_t floor_core(const uint64_t *records, uint64_t count) {
  uint64_t hits = 0;
  for (uint64_t i = 0; i < count; i++) hits += (uint64_t)access(records[i] >> 1);
  return hits;
}
