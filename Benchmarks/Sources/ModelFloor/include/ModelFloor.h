#ifndef MODEL_FLOOR_H
#define MODEL_FLOOR_H

#include <stdint.h>

/// A 64-entry, 4-way TLB over packed records; the hits.
uint64_t floor_tlb(const uint64_t *_Nonnull records, uint64_t count);

/// That, a 1280-entry 5-way TLB behind it, walks of four levels, L1D of 64K, L2 of 1M, 32M behind.
uint64_t floor_core(const uint64_t *_Nonnull records, uint64_t count);

#endif
