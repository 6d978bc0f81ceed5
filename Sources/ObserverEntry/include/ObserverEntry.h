// QEMU's plugin interface, as far as the observer uses it, and what it shares with the C of its
// entry.
//
// Debian does not package qemu-plugin.h. The functions are those of QEMU's docs/devel/tcg-plugins,
// whose interface has been the same from version 6.0 on to 8.2 (`qemu_plugin_version` 1).
#ifndef KILBURN_OBSERVER_ENTRY_H
#define KILBURN_OBSERVER_ENTRY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#pragma clang assume_nonnull begin

typedef uint64_t qemu_plugin_id_t;
struct qemu_plugin_tb;
struct qemu_plugin_insn;
struct qemu_plugin_hwaddr;

typedef void (*qemu_plugin_tb_cb)(qemu_plugin_id_t id, struct qemu_plugin_tb *tb);
typedef void (*qemu_plugin_exec_cb)(unsigned cpu, void *_Nullable data);
typedef void (*qemu_plugin_mem_cb)(unsigned cpu, uint32_t info, uint64_t address, void *_Nullable data);
typedef void (*qemu_plugin_udata_cb)(qemu_plugin_id_t id, void *_Nullable data);

void qemu_plugin_register_vcpu_tb_trans_cb(qemu_plugin_id_t id, qemu_plugin_tb_cb callback);
void qemu_plugin_register_vcpu_tb_exec_cb(struct qemu_plugin_tb *tb, qemu_plugin_exec_cb callback,
                                          int flags, void *_Nullable data);
void qemu_plugin_register_vcpu_mem_cb(struct qemu_plugin_insn *insn, qemu_plugin_mem_cb callback,
                                      int flags, int direction, void *_Nullable data);
void qemu_plugin_register_atexit_cb(qemu_plugin_id_t id, qemu_plugin_udata_cb callback, void *_Nullable data);
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *tb);
uint64_t qemu_plugin_tb_vaddr(const struct qemu_plugin_tb *tb);
struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *tb, size_t index);
const void *qemu_plugin_insn_data(const struct qemu_plugin_insn *insn);
size_t qemu_plugin_insn_size(const struct qemu_plugin_insn *insn);
// Its text, which the caller frees.
char *_Nullable qemu_plugin_insn_disas(const struct qemu_plugin_insn *insn);
void *_Nullable qemu_plugin_insn_haddr(const struct qemu_plugin_insn *insn);
uint64_t qemu_plugin_insn_vaddr(const struct qemu_plugin_insn *insn);
unsigned qemu_plugin_mem_size_shift(uint32_t info);
bool qemu_plugin_mem_is_store(uint32_t info);
struct qemu_plugin_hwaddr *_Nullable qemu_plugin_get_hwaddr(uint32_t info, uint64_t address);
bool qemu_plugin_hwaddr_is_io(const struct qemu_plugin_hwaddr *address);
uint64_t qemu_plugin_hwaddr_phys_addr(const struct qemu_plugin_hwaddr *address);

enum { QEMU_PLUGIN_MEMORY_READ = 1, QEMU_PLUGIN_MEMORY_WRITE = 2 };

// Where records are gathered: what each access touches, so a variable of C, which nobody counts or
// checks.
struct kilburn_recorder {
  // The next record's place, the first one and the last one.
  uint64_t *next;
  uint64_t *first;
  uint64_t *last;
  // Who made the records that are there: 0 a program, 1 the kernel.
  uint64_t by_kernel;
  // The kernel's stores that say something: two ranges, by first byte and length.
  uint64_t doorbells, doorbells_size;
  uint64_t statistics, statistics_size;
  // The observer, and the descriptor of the file that it answers in.
  void *observer;
  int32_t file;
  // Whether each access is checked as it is made.
  int32_t checks;
};
extern struct kilburn_recorder kilburn_recorder;
static inline struct kilburn_recorder *kilburn_recorder_place(void) { return &kilburn_recorder; }

#pragma clang assume_nonnull end

#endif
