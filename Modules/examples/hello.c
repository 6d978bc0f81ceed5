// The smallest module: says hello, takes memory and gives it back, and says goodbye.
#include <kilburn/module.h>

static int count = 1;
module_param(count, int, 0444);
static char *who = "world";
module_param(who, charp, 0444);

static int __init hello_init(void) {
  for (int i = 0; i < count; i++) {
    char *text = kmalloc(64, GFP_KERNEL);
    if (!text) return -ENOMEM;
    snprintf(text, 64, "hello, %s", who);
    pr_info("hello: %s (%d of %d) from %pS\n", text, i + 1, count, hello_init);
    kfree(text);
  }
  return 0;
}

static void __exit hello_exit(void) { pr_info("hello: goodbye, %s\n", who); }

module_init(hello_init);
module_exit(hello_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("says hello");
