// What the kernel's Swift sees of its assembly and early C.
#ifndef KERNEL_ASSEMBLY_H
#define KERNEL_ASSEMBLY_H

#include <stdbool.h>
#include <stdint.h>

#define INLINE static inline __attribute__((always_inline))

// What the start-up code found out, before any Swift ran. It never changes afterwards: Swift sees
// a constant, so a value read twice in a function is loaded once.
struct KernelParameters {
  // A byte of RAM in the linear map minus its physical address.
  uint64_t linear_offset;
  uint64_t page_shift;
  uint64_t va_bits;
  // 52-bit output addresses (TCR.DS, or 64K pages with a 52-bit IPS).
  uint64_t large_output;
  // PL011's registers, mapped in the fixmap.
  uint64_t uart;
  // Where the image lies in RAM, and where it is mapped (KIMAGE_VADDR).
  uint64_t image_physical;
  uint64_t image_virtual;
  // Bytes from the image's start to the end of its bss.
  uint64_t image_size;
  // The BoardHeader.
  uint64_t header;
  // QEMU's device tree.
  uint64_t firmware_tree;
  // PSCI is called by SMC instead of HVC.
  uint64_t psci_uses_smc;
  // The first byte behind the last area of the board file.
  uint64_t board_end;
  // Register values chosen for the geometry.
  uint64_t tcr;
  uint64_t mair;
  // The tables the machine came up with: identity and kernel half.
  uint64_t early_ttbr0;
  uint64_t early_ttbr1;
  // Arm64.TranslationGeometry, put here by the first Swift that runs.
  uint64_t geometry[8];
  // BoardFormat.TraceCategories, put here at the same time.
  uint64_t traced;
};
extern const struct KernelParameters kernel_parameters;

INLINE const void *kernel_geometry(void) { return kernel_parameters.geometry; }
// The same place, for the one that writes it.
extern struct KernelParameters kernel_parameters_writable;
INLINE void *kernel_geometry_writable(void) { return kernel_parameters_writable.geometry; }
INLINE void set_kernel_traced(uint64_t traced) { kernel_parameters_writable.traced = traced; }

// What changes while the kernel runs and belongs to the board alone.
struct KernelVariables {
  // The root without entries, as TTBR0_EL1 holds it.
  uint64_t empty_ttbr;
  // Time in which no instructions were counted: waiting in WFI, writing reports.
  uint64_t idle_nanoseconds;
  // KernelState, one word; 0 before there is one.
  uint64_t state;
  // The tool has said that nothing more will be typed.
  uint64_t typing_ended;
  // The kernel has begun to die.
  uint64_t dying;
  // Instructions that telling what the kernel does has taken.
  uint64_t tracing_instructions;
  // Oopses and warnings so far, and what they left (Taint).
  uint64_t oopses;
  uint64_t warnings;
  uint64_t taint;
  // Bytes in trace_records that have not been sent.
  uint64_t trace_length;
  // BoardFormat.TraceRecords, as many as go into one frame of the output ring.
  uint64_t trace_records[504];
  // BoardFormat.Signpost: what a reader of RAM finds the tables by.
  uint64_t signpost[8];
};
_Static_assert(sizeof(struct KernelVariables) <= 4224, "Head.S");
extern struct KernelVariables kernel_variables_storage;
INLINE struct KernelVariables *kernel_variables(void) { return &kernel_variables_storage; }
INLINE void *kernel_signpost(void) { return kernel_variables_storage.signpost; }
INLINE void *kernel_trace_records(void) { return kernel_variables_storage.trace_records; }

// The kernel's log: the object, and the ring behind it (CONFIG_LOG_BUF_SHIFT 18).
extern char kernel_log_storage[];
INLINE void *kernel_log(void) { return kernel_log_storage; }
INLINE void *kernel_log_ring(void) { return kernel_log_storage + 4096; }
#define KERNEL_LOG_RING_SIZE (1 << 18)

// What Swift knows of the memory that an address lies in, for checks of copies from and to programs.
struct CopyObject {
  // 0 none that is checked, 1 a slab's, 2 a block of pages, 3 vmalloc's, 4 vmalloc's without an area.
  uint64_t kind;
  uint64_t offset, size;
  uint64_t user_offset, user_size;
  char name[64];
};
void kernel_copy_object(uint64_t address, struct CopyObject *object);
uint64_t kernel_stack_start(void);
uint64_t kernel_stack_end(void);

#include "Instructions.h"
#include "Modules.h"
#include "KASAN.h"

#endif
