// The virtual dynamic shared object: the kernel's code in every program.
//
// A shared object laid out by hand, one page of it: what glibc looks up by name and version in
// `linux-vdso.so.1` (arch/arm64/kernel/vdso/vdso.lds.S). Its data page (VVAR) lies below it, two
// pages before the first byte; how far that is depends on the page size, so the kernel writes it
// into `vdso_data_distance` of the copy that programs get.

  // The data page.
  .set    DATA_MULTIPLIER, 0      // nanoseconds a tick of CNTVCT, times 2^32
  .set    DATA_REALTIME, 8        // CLOCK_REALTIME when CNTVCT was 0, in seconds
  .set    DATA_REALTIME_REST, 16  // and the nanoseconds

  .set    GETTIME, 113            // system calls
  .set    GETRES, 114
  .set    GETTIMEOFDAY, 169
  .set    RT_SIGRETURN, 139

  .section .rodata.vdso, "a"
  .balign 64
  .global vdso_start
  .global vdso_end
  .global vdso_data_distance
vdso_start:
  .byte   0x7f, 'E', 'L', 'F', 2, 1, 1, 0
  .quad   0
  .short  3, 183                  // ET_DYN, EM_AARCH64
  .long   1
  .quad   0                       // no entry
  .quad   segments - vdso_start
  .quad   0                       // no sections
  .long   0
  .short  64, 56, 2, 0, 0, 0
segments:
  .long   1, 5                    // PT_LOAD, R X
  .quad   0, 0, 0, vdso_end - vdso_start, vdso_end - vdso_start, 16
  .long   2, 4                    // PT_DYNAMIC, R
  .quad   dynamic - vdso_start, dynamic - vdso_start, dynamic - vdso_start
  .quad   dynamic_end - dynamic, dynamic_end - dynamic, 8
dynamic:
  .quad   14, name_object - names           // DT_SONAME
  .quad   4, hash - vdso_start              // DT_HASH
  .quad   5, names - vdso_start             // DT_STRTAB
  .quad   6, symbols - vdso_start           // DT_SYMTAB
  .quad   10, names_end - names             // DT_STRSZ
  .quad   11, 24                            // DT_SYMENT
  .quad   0x6ffffff0, versions - vdso_start       // DT_VERSYM
  .quad   0x6ffffffc, definitions - vdso_start    // DT_VERDEF
  .quad   0x6ffffffd, 2                           // DT_VERDEFNUM
  .quad   0, 0
dynamic_end:

  .macro symbol name
  .long   name_\name - names
  .byte   0x12, 0                 // global function
  .short  1                       // some section
  .quad   \name - vdso_start, \name\()_end - \name
  .endm
symbols:
  .quad   0, 0, 0
  symbol  clock_getres
  symbol  clock_gettime
  symbol  gettimeofday
  symbol  rt_sigreturn
hash:                             // one bucket, and the chain through all symbols
  .long   1, 5, 1, 0, 2, 3, 4, 0
versions:
  .short  0, 2, 2, 2, 2
  .balign 8
definitions:
  .short  1, 1, 1, 1              // the object itself
  .long   0x0deebfa1, 20, 28, name_object - names, 0
  .short  1, 0, 2, 1              // LINUX_2.6.39
  .long   0x075fcb89, 20, 0, name_version - names, 0
names:
  .byte   0
name_object:
  .asciz  "linux-vdso.so.1"
name_version:
  .asciz  "LINUX_2.6.39"
name_clock_getres:
  .asciz  "__kernel_clock_getres"
name_clock_gettime:
  .asciz  "__kernel_clock_gettime"
name_gettimeofday:
  .asciz  "__kernel_gettimeofday"
name_rt_sigreturn:
  .asciz  "__kernel_rt_sigreturn"
names_end:

  .balign 8
vdso_data_distance:
  .quad   0

  // x9: nanoseconds since CNTVCT was 0; x10: the data page; uses x11, x12.
  .macro read_clock
  adr     x10, vdso_start
  ldr     x11, vdso_data_distance
  sub     x10, x10, x11
  ldr     x11, [x10, #DATA_MULTIPLIER]
  isb
  mrs     x9, cntvct_el0
  umulh   x12, x9, x11
  mul     x9, x9, x11
  extr    x9, x12, x9, #32
  .endm

  // Seconds in x12 and nanoseconds in x9 become the time of day; x11 is 10^9; uses x14, x15.
  .macro add_realtime
  ldr     x15, [x10, #DATA_REALTIME]
  ldr     x14, [x10, #DATA_REALTIME_REST]
  add     x12, x12, x15
  add     x9, x9, x14
  subs    x14, x9, x11
  csel    x9, x14, x9, hs
  cinc    x12, x12, hs
  .endm

  .balign 16
clock_gettime:
  hint    #34                     // BTI C
  cmp     w0, #7
  b.hi    3f
  mov     w9, #1
  lsl     w9, w9, w0
  mov     w10, #0xf3              // 0, 1, 4, 5, 6, 7
  tst     w9, w10
  b.eq    3f
  mov     w13, #0x21              // of those 0 and 5 are the time of day
  and     w13, w13, w9
  and     w14, w9, #0x60          // and 5 and 6 tick 250 times a second
  read_clock
  cbz     w14, 1f
  mov     w11, #0x0900            // 4 * 10^6
  movk    w11, #0x3d, lsl #16
  udiv    x12, x9, x11
  mul     x9, x12, x11
1:
  mov     w11, #0xca00            // 10^9
  movk    w11, #0x3b9a, lsl #16
  udiv    x12, x9, x11
  msub    x9, x12, x11, x9
  cbz     w13, 2f
  add_realtime
2:stp     x12, x9, [x1]
  mov     w0, #0
  ret
3:mov     x8, #GETTIME
  svc     #0
  ret
clock_gettime_end:

  .balign 16
gettimeofday:
  hint    #34                     // BTI C
  cbz     x0, 2f
  read_clock
  mov     w11, #0xca00
  movk    w11, #0x3b9a, lsl #16
  udiv    x12, x9, x11
  msub    x9, x12, x11, x9
  add_realtime
  mov     w11, #1000
  udiv    x9, x9, x11
  stp     x12, x9, [x0]
2:cbz     x1, 3f
  str     xzr, [x1]               // no time zone
3:mov     w0, #0
  ret
gettimeofday_end:

  .balign 16
clock_getres:
  hint    #34                     // BTI C
  mov     x8, #GETRES
  svc     #0
  ret
clock_getres_end:

  // Unwinders look at the instruction before a return address.
  nop
  .balign 16
rt_sigreturn:
  mov     x8, #RT_SIGRETURN
  svc     #0
rt_sigreturn_end:

  .balign 16
vdso_end:
