// Uses what lender.c exports.
#include <kilburn/module.h>

extern int lent_count;
int lend(int amount);
static int amount = 2;
module_param(amount, int, 0644);
static unsigned constant __ro_after_init;

static int __init borrower_init(void) {
  constant = 7;
  pr_info("borrower: %d then %d, constant %u\n", lent_count, lend(amount), constant);
  return 0;
}
static void __exit borrower_exit(void) { lend(1); }
module_init(borrower_init);
module_exit(borrower_exit);
MODULE_LICENSE("GPL");
