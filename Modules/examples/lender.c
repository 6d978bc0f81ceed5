// Exports a function and a variable that another module uses (borrower.c).
#include <kilburn/module.h>

int lent_count = 0;
EXPORT_SYMBOL(lent_count);

noinline int lend(int amount) { return lent_count += amount; }
EXPORT_SYMBOL_GPL(lend);

static int __init lender_init(void) { return 0; }
static void __exit lender_exit(void) { pr_info("lender: lent %d\n", lent_count); }
module_init(lender_init);
module_exit(lender_exit);
MODULE_LICENSE("GPL");
