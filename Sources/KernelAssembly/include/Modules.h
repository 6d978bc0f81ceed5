// What loadable modules need of assembly and C.
#ifndef KERNEL_MODULES_H
#define KERNEL_MODULES_H

// What belongs to loadable modules alone.
struct ModuleVariables {
  // The ModuleLoader; 0 before there is one.
  uint64_t loader;
  // The stack pointer that a module's function was called with; 0 while none runs.
  uint64_t recovery;
  // Deferred work (struct kilburn_work of a module): the first and the last that waits.
  uint64_t first_work;
  uint64_t last_work;
  // What exported functions work on: SlabAllocator, FrameAllocator, VMAllocator.
  uint64_t slab;
  uint64_t frames;
  uint64_t vmalloc;
  // struct task_struct as modules see it: pid, tgid, comm.
  uint64_t task[4];
};
extern struct ModuleVariables module_variables_storage;
INLINE struct ModuleVariables *module_variables(void) { return &module_variables_storage; }

// What a module's function returned, or that it never did.
struct ModuleCallResult {
  int64_t value;
  uint64_t died;
};
// Calls a module's function with two arguments; see ModuleCall.S.
struct ModuleCallResult module_call(uint64_t function, uint64_t first, uint64_t second);
// Returns from the innermost module_call(), whose function will not.
_Noreturn void module_recover(void);

// The table of exported symbols: an entry is two distances from itself, to the symbol and to its
// name, of 32 bits each.
INLINE uint64_t address_of_exports_start(void) {
  extern char exports_start[];
  return (uint64_t)exports_start;
}
INLINE uint64_t address_of_exports_end(void) {
  extern char exports_end[];
  return (uint64_t)exports_end;
}

#endif
