// Functions of bytes and texts that know how much room there is, where the compiler knows it
// (CONFIG_FORTIFY_SOURCE, include/linux/fortify-string.h).
#ifndef KILBURN_FORTIFY_H
#define KILBURN_FORTIFY_H

#include <kilburn/bug.h>
#include <kilburn/types.h>

__attribute__((noreturn)) void fortify_panic(const char *function);

#define __ROOM_UNKNOWN ((size_t)-1)
// The room to the end of the whole object, and of the member alone.
#define __object_room(p) __builtin_object_size(p, 0)
#define __member_room(p) __builtin_object_size(p, 1)

#define __fortify_write(name, to, length)                                                       \
  do {                                                                                          \
    if (__object_room(to) < (length)) fortify_panic(#name);                                     \
    if (__object_room(to) != __member_room(to) && __member_room(to) != __ROOM_UNKNOWN)          \
      WARN_ONCE(                                                                                \
          __member_room(to) < (length),                                                         \
          #name ": detected field-spanning write (size %zu) of single %s (size %zu)\n",         \
          (size_t)(length), "field \"" #to "\" at " __FILE__ ":" __fortify_text(__LINE__),      \
          __member_room(to));                                                                   \
  } while (0)
#define __fortify_text_1(x) #x
#define __fortify_text(x) __fortify_text_1(x)
#define __fortify_read(name, from, length) \
  do {                                     \
    if (__object_room(from) < (length)) fortify_panic(#name); \
  } while (0)

#define memcpy(to, from, length)                 \
  ({                                             \
    size_t __bytes = (length);                   \
    __fortify_write(memcpy, to, __bytes);        \
    __fortify_read(memcpy, from, __bytes);       \
    __builtin_memcpy(to, from, __bytes);         \
  })
#define memmove(to, from, length)                \
  ({                                             \
    size_t __bytes = (length);                   \
    __fortify_write(memmove, to, __bytes);       \
    __fortify_read(memmove, from, __bytes);      \
    __builtin_memmove(to, from, __bytes);        \
  })
#define memset(place, byte, length)              \
  ({                                             \
    size_t __bytes = (length);                   \
    __fortify_write(memset, place, __bytes);     \
    __builtin_memset(place, byte, __bytes);      \
  })
#define strncpy(to, from, length)                                   \
  ({                                                                \
    size_t __bytes = (length);                                      \
    if (__member_room(to) < __bytes) fortify_panic("strncpy");      \
    __builtin_strncpy(to, from, __bytes);                           \
  })
#define __fortify_strnlen(text, limit)                                            \
  ({                                                                              \
    size_t __most = (limit), __room = __member_room(text);                        \
    size_t __length = (strnlen)(text, __most < __room ? __most : __room);         \
    if (__room <= __length && __most != __length) fortify_panic("strnlen");       \
    __length;                                                                     \
  })
#define strnlen(text, limit) __fortify_strnlen(text, limit)
#define strlen(text)                                                    \
  ({                                                                    \
    size_t __all = __member_room(text);                                 \
    size_t __count = (strnlen)(text, __all);                            \
    if (__all <= __count) fortify_panic("strlen");                      \
    __count;                                                            \
  })
#define strscpy(to, from, room)                                           \
  ({                                                                      \
    size_t __there = (room), __needed = __fortify_strnlen(from, __there); \
    if (__needed != __there) __needed++;                                  \
    if (__needed > __member_room(to)) fortify_panic("strscpy");           \
    (strscpy)(to, from, __there);                                         \
  })

#endif
