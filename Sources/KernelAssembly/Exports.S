// What the kernel exports to modules: a line a symbol, C's name. Functions of Swift get theirs by
// @_cdecl (Kernel/Exports). An entry is the distances to the symbol and to its name.

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
  // Slabs.
  export __kmalloc, kfree, kfree_sensitive, krealloc, ksize
  export kmem_cache_create, kmem_cache_create_usercopy, kmem_cache_destroy
  export kmem_cache_alloc, kmem_cache_free
  export kmem_cache_alloc_bulk, kmem_cache_free_bulk, kmem_cache_size, kmem_cache_shrink
  // Pages.
  export alloc_pages, __free_pages, __get_free_pages, free_pages, page_address, virt_to_page
  export page_to_pfn, kilburn_page_shift, kilburn_linear_offset
  // vmalloc.
  export __vmalloc, vmalloc_user, vfree, vfree_atomic, is_vmalloc_addr, vmalloc_to_page
  export kilburn_vmap, vunmap, kilburn_set_memory, ioremap, iounmap
  // Programs.
  export __arch_copy_to_user, __arch_copy_from_user, clear_user, strncpy_from_user
  export kilburn_map_user, vm_munmap, get_current
  // Deferred work.
  export kilburn_defer, kilburn_run_deferred, kilburn_cancel
  // Bytes and texts.
#ifdef KASAN
  // As mm/kasan/shadow.c has them; the kernel's own are not checked.
  export_as memcpy, __asan_memcpy
  export_as memmove, __asan_memmove
  export_as memset, __asan_memset
  export_as memcmp, kasan_memcmp
  export_as strlen, kasan_strlen
#else
  export memcpy, memmove, memset, memcmp, strlen
#endif
  export memchr
  export strnlen, strcmp, strncmp, strcpy, strncpy, strscpy, strlcpy, strcat, strchr
  export strrchr, strstr
  // What is wrong.
  export __warn_printk, panic, __list_add_valid, __list_del_entry_valid, refcount_warn_saturate
  export fortify_panic, __stack_chk_fail, __stack_chk_guard, __check_object_size

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
  export __kasan_check_read, __kasan_check_write, kilburn_kasan_seeds
#endif
