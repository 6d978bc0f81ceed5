// Cases for the sanitizer: each is a function that goes wrong, or, asked for its correct twin, does
// the same without going wrong. The log says which begins and which has ended, so that whoever reads
// it knows what a report belongs to.
//
// A case that Linux's own KASAN test has, too, bears its name there, so that the reports can be laid
// side by side (Documentation/KASAN.md).
#ifndef KASAN_CASE_H
#define KASAN_CASE_H

#include <kilburn/module.h>

// What the compiler must not know anything of.
#define HIDDEN(x) ({ __typeof__(x) hidden = (x); OPTIMIZER_HIDE_VAR(hidden); hidden; })
#define TOUCH(lvalue) ((void)READ_ONCE(lvalue))

struct kasan_case {
  const char *name;
  void (*run)(bool faulty);
};
#define CASE(name) static noinline void name(bool faulty)

static noinline __maybe_unused void run_cases(const struct kasan_case *cases, int count) {
  for (int faulty = 1; faulty >= 0; faulty--)
    for (int i = 0; i < count; i++) {
      pr_warn("case %s %s begins\n", cases[i].name, faulty ? "faulty" : "twin");
      cases[i].run(faulty);
      pr_warn("case %s %s ends\n", cases[i].name, faulty ? "faulty" : "twin");
    }
}

#define CASES(...)                                                     \
  static const struct kasan_case all_cases[] = {__VA_ARGS__};          \
  static int __init cases_init(void) {                                 \
    run_cases(all_cases, ARRAY_SIZE(all_cases));                       \
    return 0;                                                          \
  }                                                                    \
  static void __exit cases_exit(void) {}                               \
  module_init(cases_init);                                             \
  module_exit(cases_exit);                                             \
  MODULE_LICENSE("GPL")
#define A(name) {#name, name}

// Shapes that many cases have. Of a buffer `p`:
//   one of its bytes is read, the last good one or one behind it
#define READS(name, make, good, bad)       \
  CASE(name) {                             \
    char *p = make;                        \
    WRITE_ONCE(p[0], 1);                   \
    TOUCH(HIDDEN(p)[faulty ? (bad) : (good)]); \
    kfree(p);                              \
  }
//   the last good byte is written, or each of some bad ones
#define WRITES(name, make, good, ...)                           \
  CASE(name) {                                                  \
    static const long bad[] = {__VA_ARGS__};                    \
    char *p = make;                                             \
    for (unsigned i = 0; i < (faulty ? ARRAY_SIZE(bad) : 1); i++) \
      WRITE_ONCE(HIDDEN(p)[faulty ? HIDDEN(bad[i]) : (good)], 'x'); \
    kfree(p);                                                   \
  }
//   something is done with it, too late or in time
#define FREED(name, make, use) \
  CASE(name) {                 \
    char *p = make;            \
    if (faulty) kfree(p);      \
    use;                       \
    if (!faulty) kfree(p);     \
  }

#endif
