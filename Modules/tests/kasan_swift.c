// Faults of the kernel's own Swift, each beside its correct twin: a KASAN kernel has them to be asked
// for (Sources/Kernel/KASAN/Seeds.swift).
#include "kasan_case.h"

void kilburn_kasan_seeds(void);

static int __init seeds_init(void) {
  kilburn_kasan_seeds();
  return 0;
}
static void __exit seeds_exit(void) {}
module_init(seeds_init);
module_exit(seeds_exit);
MODULE_LICENSE("GPL");
