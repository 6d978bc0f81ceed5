// Its init function takes memory, gives it back, and returns what it is told to; the exit function
// must not run then.
#include <kilburn/module.h>

static int result = -5;
module_param(result, int, 0444);

static char room[3 * 65536];
static char __initdata initial[4096] = "of the init part";

static int __init failing_init(void) {
  char *text = kmalloc(4000, GFP_KERNEL);
  if (!text) return -ENOMEM;
  memcpy(text, initial, 17);
  room[0] = text[0];
  kfree(text);
  pr_info("failing: returns %d\n", result);
  return result;
}

static void __exit failing_exit(void) { pr_info("failing: exit\n"); }

module_init(failing_init);
module_exit(failing_exit);
MODULE_LICENSE("Proprietary");
