// What the kernel exports to modules: a line a symbol, C's name. Functions of Swift get theirs by
// @_cdecl (Kernel/Exports).

  .macro export names:vararg
  .irp name, \names
  .pushsection .exports.names, "aMS", %progbits, 1
1:
  .asciz "\name"
  .popsection
  .pushsection .exports, "a"
  .balign 4
  .long   \name - .
  .long   1b - .
  .popsection
  .endr
  .endm

  .macro export_as name, target
  .pushsection .exports.names, "aMS", %progbits, 1
1:
  .asciz "\name"
  .popsection
  .pushsection .exports, "a"
  .balign 4
  .long   \target - .
  .long   1b - .
  .popsection
  .endm

  // The log.
  export _printk, vprintk, snprintf, scnprintf, sprintf, vsnprintf, vscnprintf
  // kmalloc and its family.
  export kmalloc, kzalloc, kfree
  // Bytes and texts.
#ifdef KASAN
  // As mm/kasan/shadow.c has them; the kernel's own are not checked.
  export_as memcpy, __asan_memcpy
  export_as memmove, __asan_memmove
  export_as memset, __asan_memset
  export memcmp
#else
  export memcpy, memmove, memset, memcmp
  // What is wrong.
  export warn_slowpath_null, __warn_printk, panic
#endif

  // What the compiler calls in a module built with KASAN: there is none of it in another kernel.
#ifdef KASAN
  .irp size, 1, 2, 4, 8, 16
  export __asan_load\size, __asan_load\size\()_noabort, __asan_store\size
  export __asan_store\size\()_noabort
  export __asan_report_load\size\()_noabort, __asan_report_store\size\()_noabort
  .endr
  export __asan_loadN, __asan_loadN_noabort, __asan_storeN, __asan_storeN_noabort
  export __asan_report_load_n_noabort, __asan_report_store_n_noabort
  export __asan_memcpy, __asan_memmove, __asan_memset, __asan_handle_no_return
  export __asan_register_globals, __asan_unregister_globals
  export __asan_alloca_poison, __asan_allocas_unpoison
  export __asan_set_shadow_00, __asan_set_shadow_01, __asan_set_shadow_02, __asan_set_shadow_03
  export __asan_set_shadow_04, __asan_set_shadow_05, __asan_set_shadow_06, __asan_set_shadow_07
  export __asan_set_shadow_f1, __asan_set_shadow_f2, __asan_set_shadow_f3, __asan_set_shadow_f5
  export __asan_set_shadow_f8
#endif
