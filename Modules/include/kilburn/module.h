// What a kernel module of Kilburn is compiled against: Linux's names, as few as modules of ours need.
//
//   Scripts/build-module hello.c hello.ko
//   kilburn run --module hello.ko -- PROGRAM
//
// One file is a whole module: its description (vermagic, name) is made here.
#ifndef KILBURN_MODULE_H
#define KILBURN_MODULE_H

#include <kilburn/bitops.h>
#include <kilburn/kernel.h>
#include <kilburn/mm.h>
#include <kilburn/printk.h>
#include <kilburn/slab.h>
#include <kilburn/string.h>
#include <kilburn/types.h>

#ifndef KBUILD_MODNAME
#error "KBUILD_MODNAME is the module's name without quotes: Scripts/build-module sets it"
#endif

#define __stringify_1(x...) #x
#define __stringify(x...) __stringify_1(x)
#define ___PASTE(a, b) a##b
#define __PASTE(a, b) ___PASTE(a, b)
#define __UNIQUE_ID(prefix) __PASTE(__PASTE(__UNIQUE_ID_, prefix), __COUNTER__)

// .modinfo: texts "key=value".
#define MODULE_INFO(tag, info)                                                        \
  static const char __UNIQUE_ID(tag)[] __attribute__((section(".modinfo"), used, aligned(1))) = \
      #tag "=" info
#define MODULE_LICENSE(text) MODULE_INFO(license, text)
#define MODULE_AUTHOR(text) MODULE_INFO(author, text)
#define MODULE_DESCRIPTION(text) MODULE_INFO(description, text)
#define MODULE_VERSION(text) MODULE_INFO(version, text)
#define MODULE_ALIAS(text) MODULE_INFO(alias, text)
#define MODULE_PARM_DESC(name, text) MODULE_INFO(parm, #name ":" text)

MODULE_INFO(vermagic, "6.1.192-kilburn SMP mod_unload aarch64");
MODULE_INFO(name, __stringify(KBUILD_MODNAME));

// The module itself, as the loader finds it: name at 24, functions at 80 and 88.
struct module {
  u64 reserved[3];
  char name[56];
  int (*init)(void);
  void (*exit)(void);
};
int init_module(void) __attribute__((weak));
void cleanup_module(void) __attribute__((weak));
__attribute__((section(".gnu.linkonce.this_module"), used, weak)) struct module __this_module = {
    .name = __stringify(KBUILD_MODNAME), .init = init_module, .exit = cleanup_module};
#define THIS_MODULE (&__this_module)

#define module_init(function) int init_module(void) __attribute__((alias(#function)))
#define module_exit(function) void cleanup_module(void) __attribute__((alias(#function)))

// Parameters: module_param(name, type, permissions).
struct kernel_param {
  const char *name;
  u32 type;
  u32 permissions;
  void *variable;
  u64 room;
};
enum {
  __param_bool, __param_invbool, __param_byte, __param_short, __param_ushort, __param_int,
  __param_uint, __param_long, __param_ulong, __param_charp, __param_string
};
#define __module_param(public, variable, kind, permissions, room)                          \
  static const struct kernel_param __param_entry_##public __attribute__((                  \
      section("__param"), used, aligned(8))) = {#public, kind, permissions, variable, room}
#define module_param_named(public, variable, type, permissions) \
  __module_param(public, (void *)&variable, __param_##type, permissions, sizeof(variable)); \
  MODULE_INFO(parmtype, #public ":" #type)
#define module_param(name, type, permissions) module_param_named(name, name, type, permissions)
#define module_param_string(public, text, length, permissions) \
  __module_param(public, text, __param_string, permissions, length)

// Symbols for other modules.
struct kernel_symbol {
  unsigned long value;
  const char *name;
};
#define __EXPORT_SYMBOL(symbol, section_name)                                   \
  static const struct kernel_symbol __ksymtab_##symbol __attribute__((          \
      section(section_name), used, aligned(8))) = {(unsigned long)&symbol, #symbol}
#define EXPORT_SYMBOL(symbol) __EXPORT_SYMBOL(symbol, "__ksymtab")
#define EXPORT_SYMBOL_GPL(symbol) __EXPORT_SYMBOL(symbol, "__ksymtab_gpl")

#endif
