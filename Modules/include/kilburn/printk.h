// The kernel's log.
#ifndef KILBURN_PRINTK_H
#define KILBURN_PRINTK_H

#include <kilburn/types.h>

#define KERN_SOH "\001"
#define KERN_EMERG KERN_SOH "0"
#define KERN_ALERT KERN_SOH "1"
#define KERN_CRIT KERN_SOH "2"
#define KERN_ERR KERN_SOH "3"
#define KERN_WARNING KERN_SOH "4"
#define KERN_NOTICE KERN_SOH "5"
#define KERN_INFO KERN_SOH "6"
#define KERN_DEBUG KERN_SOH "7"
#define KERN_DEFAULT ""
#define KERN_CONT KERN_SOH "c"

struct va_format {
  const char *fmt;
  __builtin_va_list *va;
};

// No attribute of printf's: it would refuse the kernel's own formats.
int _printk(const char *format, ...);
int vprintk(const char *format, __builtin_va_list arguments);
#define printk(format, ...) _printk(format, ##__VA_ARGS__)
#ifndef pr_fmt
#define pr_fmt(format) format
#endif
#define pr_emerg(format, ...) printk(KERN_EMERG pr_fmt(format), ##__VA_ARGS__)
#define pr_alert(format, ...) printk(KERN_ALERT pr_fmt(format), ##__VA_ARGS__)
#define pr_crit(format, ...) printk(KERN_CRIT pr_fmt(format), ##__VA_ARGS__)
#define pr_err(format, ...) printk(KERN_ERR pr_fmt(format), ##__VA_ARGS__)
#define pr_warn(format, ...) printk(KERN_WARNING pr_fmt(format), ##__VA_ARGS__)
#define pr_notice(format, ...) printk(KERN_NOTICE pr_fmt(format), ##__VA_ARGS__)
#define pr_info(format, ...) printk(KERN_INFO pr_fmt(format), ##__VA_ARGS__)
#define pr_cont(format, ...) printk(KERN_CONT format, ##__VA_ARGS__)
#define pr_debug(format, ...) ((void)0)

int snprintf(char *buffer, size_t size, const char *format, ...);
int scnprintf(char *buffer, size_t size, const char *format, ...);
int sprintf(char *buffer, const char *format, ...);
int vsnprintf(char *buffer, size_t size, const char *format, __builtin_va_list arguments);
int vscnprintf(char *buffer, size_t size, const char *format, __builtin_va_list arguments);

#endif
