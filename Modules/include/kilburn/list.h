// Doubly linked lists. With CONFIG_DEBUG_LIST the neighbours are asked before they are changed.
#ifndef KILBURN_LIST_H
#define KILBURN_LIST_H

#include <kilburn/types.h>

struct list_head {
  struct list_head *next, *prev;
};
#define LIST_HEAD_INIT(name) {&(name), &(name)}
#define LIST_HEAD(name) struct list_head name = LIST_HEAD_INIT(name)
#define LIST_POISON1 ((void *)0xdead000000000100)
#define LIST_POISON2 ((void *)0xdead000000000122)
static inline void INIT_LIST_HEAD(struct list_head *list) { list->next = list->prev = list; }

#ifdef CONFIG_DEBUG_LIST
// A warning and false when the neighbours say something else.
bool __list_add_valid(struct list_head *entry, struct list_head *prev, struct list_head *next);
bool __list_del_entry_valid(struct list_head *entry);
#else
#define __list_add_valid(entry, prev, next) true
#define __list_del_entry_valid(entry) true
#endif

static inline void __list_add(
    struct list_head *entry, struct list_head *prev, struct list_head *next) {
  if (!__list_add_valid(entry, prev, next)) return;
  next->prev = entry;
  entry->next = next;
  entry->prev = prev;
  WRITE_ONCE(prev->next, entry);
}
static inline void list_add(struct list_head *entry, struct list_head *head) {
  __list_add(entry, head, head->next);
}
static inline void list_add_tail(struct list_head *entry, struct list_head *head) {
  __list_add(entry, head->prev, head);
}
static inline void list_del(struct list_head *entry) {
  if (__list_del_entry_valid(entry)) {
    entry->next->prev = entry->prev;
    WRITE_ONCE(entry->prev->next, entry->next);
  }
  entry->next = LIST_POISON1;
  entry->prev = LIST_POISON2;
}
static inline bool list_empty(const struct list_head *head) {
  return READ_ONCE(head->next) == head;
}
#define list_entry(pointer, type, member) container_of(pointer, type, member)
#define list_first_entry(head, type, member) list_entry((head)->next, type, member)
#define list_for_each(at, head) for (at = (head)->next; at != (head); at = at->next)
#define list_for_each_safe(at, after, head) \
  for (at = (head)->next, after = at->next; at != (head); at = after, after = at->next)

#endif
