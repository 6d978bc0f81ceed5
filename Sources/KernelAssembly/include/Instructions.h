// Instructions and registers of the CPU that Swift has no words for.
#ifndef KERNEL_INSTRUCTIONS_H
#define KERNEL_INSTRUCTIONS_H

#include <stdbool.h>
#include <stdint.h>

#define REGISTER_READ(name, reg)                              \
  INLINE uint64_t read_##name(void) {                  \
    uint64_t value;                                           \
    __asm__ volatile("mrs %0, " reg : "=r"(value));           \
    return value;                                             \
  }
#define REGISTER_WRITE(name, reg)                             \
  INLINE void write_##name(uint64_t value) {           \
    __asm__ volatile("msr " reg ", %0" ::"r"(value) : "memory"); \
  }

REGISTER_READ(midr, "midr_el1")
REGISTER_READ(mpidr, "mpidr_el1")
REGISTER_READ(pfr0, "id_aa64pfr0_el1")
REGISTER_READ(pfr1, "id_aa64pfr1_el1")
REGISTER_READ(dfr0, "id_aa64dfr0_el1")
REGISTER_READ(isar0, "id_aa64isar0_el1")
REGISTER_READ(isar1, "id_aa64isar1_el1")
REGISTER_READ(isar2, "s3_0_c0_c6_2")
REGISTER_READ(mmfr0, "id_aa64mmfr0_el1")
REGISTER_READ(mmfr1, "id_aa64mmfr1_el1")
REGISTER_READ(mmfr2, "s3_0_c0_c7_2")
REGISTER_READ(isar5, "id_isar5_el1")
REGISTER_READ(mvfr0, "mvfr0_el1")
REGISTER_READ(mvfr1, "mvfr1_el1")
REGISTER_READ(revision, "revidr_el1")
REGISTER_READ(ctr, "ctr_el0")
REGISTER_READ(clidr, "clidr_el1")
REGISTER_READ(tpidr_el0, "tpidr_el0")
REGISTER_WRITE(tpidr_el0, "tpidr_el0")
REGISTER_READ(tpidrro_el0, "tpidrro_el0")
REGISTER_WRITE(tpidrro_el0, "tpidrro_el0")
REGISTER_READ(cntfrq, "cntfrq_el0")
REGISTER_WRITE(timer_compare, "cntv_cval_el0")
REGISTER_WRITE(timer_control, "cntv_ctl_el0")
REGISTER_WRITE(ttbr0, "ttbr0_el1")
REGISTER_WRITE(ttbr1, "ttbr1_el1")
REGISTER_READ(ttbr0, "ttbr0_el1")
REGISTER_READ(ttbr1, "ttbr1_el1")
REGISTER_READ(cycles, "pmccntr_el0")
REGISTER_READ(event0, "pmevcntr0_el0")
REGISTER_READ(counters_enabled, "pmcntenset_el0")
REGISTER_WRITE(counters_enable, "pmcntenset_el0")
REGISTER_WRITE(counters_disable, "pmcntenclr_el0")
REGISTER_READ(esr, "esr_el1")
REGISTER_READ(far, "far_el1")
REGISTER_READ(par, "par_el1")

INLINE uint64_t read_cntvct(void) {
  uint64_t value;
  __asm__ volatile("isb\n\tmrs %0, cntvct_el0" : "=r"(value)::"memory");
  return value;
}

INLINE void barrier_isb(void) { __asm__ volatile("isb" ::: "memory"); }
INLINE void barrier_dsb_ish(void) { __asm__ volatile("dsb ish" ::: "memory"); }
INLINE void barrier_dsb_ishst(void) { __asm__ volatile("dsb ishst" ::: "memory"); }
INLINE void barrier_dsb_sy(void) { __asm__ volatile("dsb sy" ::: "memory"); }
INLINE void barrier_dsb_nsh(void) { __asm__ volatile("dsb nsh" ::: "memory"); }

// Where whoever watches this CPU from outside hears what it cannot see (BoardFormat.Doorbell): a
// store, whether anybody watches or not.
extern volatile uint64_t kernel_doorbells[16];
enum {
  DOORBELL_ROOT = 0, DOORBELL_SPACE, DOORBELL_KERNEL_ROOT, DOORBELL_UNCOUNTED,
  DOORBELL_VALE1, DOORBELL_VAE1, DOORBELL_VAAE1, DOORBELL_ASIDE1, DOORBELL_VMALLE1,
  DOORBELL_CLEAR_ADDRESS, DOORBELL_CLEAR_BYTES, DOORBELL_INSTRUCTIONS, DOORBELL_UNMAPPING,
};
INLINE void doorbell_ring(unsigned number, uint64_t value) { kernel_doorbells[number] = value; }
INLINE uint64_t doorbell_address(void) { return (uint64_t)kernel_doorbells; }

#define TLBI_ADDRESS(name, form, doorbell)                            \
  INLINE void tlbi_##name(uint64_t argument) {                        \
    doorbell_ring(doorbell, argument);                                \
    __asm__ volatile("tlbi " form ", %0" ::"r"(argument) : "memory"); \
  }
TLBI_ADDRESS(vale1, "vale1is", DOORBELL_VALE1)
TLBI_ADDRESS(vae1, "vae1is", DOORBELL_VAE1)
TLBI_ADDRESS(aside1, "aside1is", DOORBELL_ASIDE1)
TLBI_ADDRESS(vaae1, "vaae1is", DOORBELL_VAAE1)
INLINE void tlbi_vmalle1(void) {
  doorbell_ring(DOORBELL_VMALLE1, 0);
  __asm__ volatile("tlbi vmalle1is" ::: "memory");
}

INLINE void cache_dc_cvau(uint64_t address) {
  __asm__ volatile("dc cvau, %0" ::"r"(address) : "memory");
}
INLINE void cache_ic_ialluis(void) {
  doorbell_ring(DOORBELL_INSTRUCTIONS, 0);
  __asm__ volatile("ic ialluis" ::: "memory");
}
INLINE void cache_ic_ivau(uint64_t address) {
  __asm__ volatile("ic ivau, %0" ::"r"(address) : "memory");
}

// What the MMU answers for a read of EL0 and EL1 (PAR_EL1).
INLINE uint64_t translate_user_read(uint64_t address) {
  __asm__ volatile("at s1e0r, %0\n\tisb" ::"r"(address) : "memory");
  return read_par();
}
INLINE uint64_t translate_kernel_read(uint64_t address) {
  __asm__ volatile("at s1e1r, %0\n\tisb" ::"r"(address) : "memory");
  return read_par();
}

INLINE uint64_t translate_kernel_write(uint64_t address) {
  __asm__ volatile("at s1e1w, %0\n\tisb" ::"r"(address) : "memory");
  return read_par();
}

INLINE void wait_for_interrupt(void) { __asm__ volatile("dsb sy\n\twfi" ::: "memory"); }

INLINE void device_write(uint64_t address, uint32_t value) {
  *(volatile uint32_t *)address = value;
}
INLINE uint32_t device_read(uint64_t address) { return *(volatile uint32_t *)address; }

// Dies as a failed precondition does.
INLINE _Noreturn void breakpoint(void) {
  __asm__ volatile("brk #1");
  __builtin_unreachable();
}

// PSCI SYSTEM_OFF, by the conduit that the device tree names.
INLINE _Noreturn void system_off(bool by_smc) {
  register uint64_t function __asm__("x0") = 0x84000008;
  if (by_smc) __asm__ volatile("smc #0" : "+r"(function));
  else __asm__ volatile("hvc #0" : "+r"(function));
  for (;;) __asm__ volatile("wfi");
}

// Assembly functions.
void clear_pages(uint64_t address, uint64_t bytes);
void copy_page(uint64_t target, uint64_t source, uint64_t bytes);
void switch_context(void *from, const void *to);
void save_vector_state(void *state);
void load_vector_state(const void *state);
void replace_kernel_tables(uint64_t ttbr1, uint64_t tcr, uint64_t physical_offset, uint64_t empty);
void start_of_task(void);

// The sections' borders, at their addresses now (kernel.ld).
extern const char image_start[], text_start[], text_end[], rodata_end[], init_start[], init_end[],
    data_end[], image_end[], boot_stack_start[], boot_stack_end[], symbols_start[], symbols_end[],
    guard_start[], guard_end[], file_end[], death_stack_end[], bug_table_start[],
    bug_table_end[];
#define BORDER(name) \
  INLINE uint64_t address_of_##name(void) { return (uint64_t)name; }
extern const char vdso_start[], vdso_end[], vdso_data_distance[];
extern const char vdso32_start[], vdso32_end[];
extern const char user_helpers_start[], user_helpers_end[];
BORDER(vdso_start)
BORDER(vdso32_start)
BORDER(vdso32_end)
BORDER(user_helpers_start)
BORDER(user_helpers_end)
BORDER(vdso_end)
BORDER(vdso_data_distance)
BORDER(image_start)
BORDER(text_start)
BORDER(text_end)
BORDER(rodata_end)
BORDER(init_start)
BORDER(init_end)
BORDER(data_end)
BORDER(image_end)
BORDER(symbols_start)
BORDER(death_stack_end)
BORDER(bug_table_start)
BORDER(bug_table_end)
BORDER(file_end)
BORDER(symbols_end)
BORDER(guard_start)
BORDER(guard_end)
BORDER(boot_stack_start)
BORDER(boot_stack_end)
INLINE uint64_t address_of_start_of_task(void) { return (uint64_t)start_of_task; }

#endif
