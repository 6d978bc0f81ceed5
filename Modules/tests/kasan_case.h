// Cases for the sanitizer: each is a function that goes wrong, or, asked for its correct twin, does
// the same without going wrong. The log says which begins and which has ended, so that whoever reads
// it knows what a report belongs to.
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

static noinline void run_cases(const struct kasan_case *cases, int count) {
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

#endif
