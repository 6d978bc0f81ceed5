// What /proc/vmallocinfo names callers by, `__builtin_return_address(0)` of mm/vmalloc.c: Swift has
// no word for it.

  .section .text.callers, "ax"
  .global __vmalloc
__vmalloc:
  mov     x2, x30
  b       kilburn_vmalloc         // (size, flags, caller)

  .global vmalloc_user
vmalloc_user:
  mov     x1, x30
  b       kilburn_vmalloc_user    // (size, caller)

  .global ioremap
ioremap:
  mov     x2, x30
  b       kilburn_ioremap         // (address, size, caller)

  .global kilburn_vmap
kilburn_vmap:
  mov     x2, x30
  b       kilburn_map_pages       // (pages, count, caller)
