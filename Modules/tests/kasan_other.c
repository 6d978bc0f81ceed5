// Memory of vmalloc(), and the functions that look at bytes and texts for others.
#include "kasan_case.h"

CASE(vmalloc_in_last_granule) {
  char *p = vmalloc(2035);
  memset(p, 0, 2035);
  TOUCH(HIDDEN(p)[faulty ? 2035 : 2034]);
  vfree(p);
}

CASE(vmalloc_behind) {
  char *p = vmalloc(2035);
  memset(p, 0, 2035);
  TOUCH(HIDDEN(p)[faulty ? 2040 : 0]);
  vfree(p);
}

CASE(memchr_past) {
  char *p = kzalloc(24, GFP_KERNEL);
  (void)!memchr(HIDDEN(p), '1', HIDDEN(faulty ? 25ul : 24ul));
  kfree(p);
}

CASE(memcmp_past) {
  char *p = kzalloc(24, GFP_KERNEL);
  char other[32] = {0};
  (void)!memcmp(HIDDEN(p), HIDDEN(&other[0]), HIDDEN(faulty ? 25ul : 24ul));
  kfree(p);
}

#define STRING(name, call)                 \
  CASE(name) {                             \
    char *p = kzalloc(32, GFP_KERNEL);     \
    if (faulty) kfree(p);                  \
    char *at = HIDDEN(p) + 16;             \
    (void)!(call);                         \
    if (!faulty) kfree(p);                 \
  }
STRING(strchr_freed, strchr(at, '1'))
STRING(strrchr_freed, strrchr(at, '1'))
STRING(strcmp_freed, strcmp(at, "2"))
STRING(strncmp_freed, strncmp(at, "2", 1))
STRING(strlen_freed, strlen(at))
STRING(strnlen_freed, strnlen(at, 1))

CASES(A(vmalloc_in_last_granule), A(vmalloc_behind), A(memchr_past), A(memcmp_past),
      A(strchr_freed), A(strrchr_freed), A(strcmp_freed), A(strncmp_freed), A(strlen_freed),
      A(strnlen_freed));
