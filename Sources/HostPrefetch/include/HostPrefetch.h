#ifndef HOST_PREFETCH_H
#define HOST_PREFETCH_H

#include "TagScan.h"

/// Asks the host's own cache for the line at an address that is about to be read; any address.
static inline void prefetchLine(const void *_Nullable address) {
  __builtin_prefetch(address);
}

#endif
