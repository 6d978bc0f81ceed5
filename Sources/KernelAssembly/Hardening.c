// What modules built with checks call, and the reports: lists (lib/list_debug.c), reference counts
// (lib/refcount.c), string functions whose room the compiler knew (lib/string_helpers.c), canaries
// (kernel/panic.c), copies from and to programs (mm/usercopy.c).
//
// Which checks a module has is decided when it is built (CONFIG_DEBUG_LIST, CONFIG_FORTIFY_SOURCE,
// CONFIG_HARDENED_USERCOPY, -fstack-protector-strong); those of reference counts it always has.
#include <stddef.h>
#include "Bug.h"
#include "KernelAssembly.h"

#define NOINLINE __attribute__((noinline))

// MARK: lists

struct list_head {
  struct list_head *next, *prev;
};
#define LIST_POISON1 ((struct list_head *)0xdead000000000100)
#define LIST_POISON2 ((struct list_head *)0xdead000000000122)

#define CORRUPT(condition, ...) \
  if (condition) {              \
    WARN(__VA_ARGS__);          \
    return false;               \
  }

NOINLINE bool __list_add_valid(
    struct list_head *entry, struct list_head *prev, struct list_head *next) {
  CORRUPT(!prev, "list_add corruption. prev is NULL.\n");
  CORRUPT(!next, "list_add corruption. next is NULL.\n");
  CORRUPT(
      next->prev != prev,
      "list_add corruption. next->prev should be prev (%px), but was %px. (next=%px).\n", prev,
      next->prev, next);
  CORRUPT(
      prev->next != next,
      "list_add corruption. prev->next should be next (%px), but was %px. (prev=%px).\n", next,
      prev->next, prev);
  CORRUPT(
      entry == prev || entry == next, "list_add double add: new=%px, prev=%px, next=%px.\n", entry,
      prev, next);
  return true;
}

NOINLINE bool __list_del_entry_valid(struct list_head *entry) {
  struct list_head *prev = entry->prev, *next = entry->next;
  CORRUPT(!next, "list_del corruption, %px->next is NULL\n", entry);
  CORRUPT(!prev, "list_del corruption, %px->prev is NULL\n", entry);
  CORRUPT(
      next == LIST_POISON1, "list_del corruption, %px->next is LIST_POISON1 (%px)\n", entry,
      LIST_POISON1);
  CORRUPT(
      prev == LIST_POISON2, "list_del corruption, %px->prev is LIST_POISON2 (%px)\n", entry,
      LIST_POISON2);
  CORRUPT(
      prev->next != entry,
      "list_del corruption. prev->next should be %px, but was %px. (prev=%px)\n", entry, prev->next,
      prev);
  CORRUPT(
      next->prev != entry,
      "list_del corruption. next->prev should be %px, but was %px. (next=%px)\n", entry, next->prev,
      next);
  return true;
}

// MARK: reference counts

#define SATURATED(text)                \
  {                                    \
    static bool said;                  \
    if (!said) {                       \
      said = true;                     \
      WARN("refcount_t: " text ".\n"); \
    }                                  \
  }                                    \
  break

NOINLINE void refcount_warn_saturate(int *count, int what) {
  __atomic_store_n(count, (int)0xc0000000, __ATOMIC_RELAXED);
  switch (what) {
    case 0: SATURATED("saturated; leaking memory");
    case 1: SATURATED("saturated; leaking memory");
    case 2: SATURATED("addition on 0; use-after-free");
    case 3: SATURATED("underflow; use-after-free");
    case 4: SATURATED("decrement hit 0; leaking memory");
    default: SATURATED("unknown saturation event!?");
  }
}

// MARK: strings, canaries

NOINLINE void fortify_panic(const char *function) {
  _printk("\0010detected buffer overflow in %s\n", function);
  BUG();
}

// Every task's canary: a machine that repeats has no secrets. The zero stops texts.
const uint64_t __stack_chk_guard = 0x9e3779b97f4a7c00;

NOINLINE void __stack_chk_fail(void) {
  panic("stack-protector: Kernel stack is corrupted in: %pB", __builtin_return_address(0));
}

// MARK: copies from and to programs

// Weak, so that no caller is compiled as if it were its last: a caller is to be in the report.
NOINLINE __attribute__((weak)) void usercopy_abort(
    const char *name, const char *detail, bool to_user, uint64_t offset, uint64_t length) {
  _printk(
      "\0010usercopy: Kernel memory %s attempt detected %s %s%s%s%s (offset %lu, size %lu)!\n",
      to_user ? "exposure" : "overwrite", to_user ? "from" : "to", name, detail ? " '" : "",
      detail ? detail : "", detail ? "'" : "", offset, length);
  BUG();
}

NOINLINE __attribute__((disable_tail_calls)) void __check_heap_object(
    const struct CopyObject *object, uint64_t length, bool to_user) {
  uint64_t into = object->offset - object->user_offset;
  if (object->offset >= object->user_offset && into <= object->user_size &&
      length <= object->user_size - into)
    return;
  usercopy_abort("SLUB object", object->name, to_user, object->offset, length);
}

NOINLINE __attribute__((disable_tail_calls)) void __check_object_size(const void *pointer, uint64_t length, bool to_user) {
  uint64_t address = (uint64_t)pointer, here = (uint64_t)__builtin_frame_address(0);
  if (!length) return;
  if (address + length - 1 < address)
    usercopy_abort("wrapped address", NULL, to_user, 0, address + length);
  if (address <= 16) usercopy_abort("null address", NULL, to_user, address, length);

  uint64_t low = kernel_stack_start(), high = kernel_stack_end();
  if (address + length > low && address < high) {
    if (address >= low && address + length <= high && address >= here) return;
    usercopy_abort("process stack", NULL, to_user, here - address, length);
  }
  struct CopyObject object;
  kernel_copy_object(address, &object);
  switch (object.kind) {
    case 1: __check_heap_object(&object, length, to_user); break;
    case 2:
      if (length > object.size - object.offset)
        usercopy_abort("page alloc", NULL, to_user, object.offset, length);
      break;
    case 3:
      if (length > object.size - object.offset)
        usercopy_abort("vmalloc", NULL, to_user, object.offset, length);
      break;
    case 4: usercopy_abort("vmalloc", "no area", to_user, 0, length);
  }
  uint64_t text = address_of_text_start(), end = address_of_text_end();
  if (address < end && address + length > text)
    usercopy_abort("kernel text", NULL, to_user, address - text, length);
  uint64_t alias = kernel_parameters.image_physical + kernel_parameters.linear_offset -
                   kernel_parameters.image_virtual;
  if (address < end + alias && address + length > text + alias)
    usercopy_abort("linear kernel text", NULL, to_user, address - text - alias, length);
}
