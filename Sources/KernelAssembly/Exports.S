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

  // The log.
  export _printk, vprintk, snprintf, scnprintf, sprintf, vsnprintf, vscnprintf
  // kmalloc and its family.
  export kmalloc, kzalloc, kfree
  // Bytes and texts.
  export memcpy, memmove, memset, memcmp
  // What is wrong.
  export warn_slowpath_null, __warn_printk, panic
