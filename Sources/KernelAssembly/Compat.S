// What 32-bit programs see of the kernel: the helpers of `[vectors]`, and their `[vdso]`.
//
// Both are code of the AArch32 instruction set, which this file's assembler does not know: each
// instruction is given as its word, and named beside it. (Assembled from the names by GNU as for
// ARMv8.)

  // Documentation/arm/kernel_user_helpers.rst: each helper at its fixed address, the last word of
  // the page says how many 32-byte places there are.
  .section .rodata.user_helpers, "a"
  .balign 32
  .global user_helpers_start
  .global user_helpers_end
user_helpers_start:
  // 0xffff0f60: compare and exchange 64 bits (r0: expected, r1: new, r2: where)
  .long   0xe92d00f0              //   push    {r4, r5, r6, r7}
  .long   0xe1c040d0              //   ldrd    r4, r5, [r0]
  .long   0xe1c160d0              //   ldrd    r6, r7, [r1]
  .long   0xe1b20f9f              //1: ldrexd  r0, r1, [r2]
  .long   0xe1500004              //   cmp     r0, r4
  .long   0x01510005              //   cmpeq   r1, r5
  .long   0x1a000002              //   bne     2f
  .long   0xe1a23e96              //   stlexd  r3, r6, r7, [r2]
  .long   0xe3530000              //   cmp     r3, #0
  .long   0x1afffff8              //   bne     1b
  .long   0xf57ff05b              //2: dmb     ish
  .long   0x13a00001              //   movne   r0, #1
  .long   0x03a00000              //   moveq   r0, #0
  .long   0xe2700000              //   rsbs    r0, r0, #0
  .long   0xe8bd00f0              //   pop     {r4, r5, r6, r7}
  .long   0xe12fff1e              //   bx      lr
  // 0xffff0fa0: a memory barrier
  .long   0xf57ff05b              //   dmb     ish
  .long   0xe12fff1e              //   bx      lr
  .balign 32
  // 0xffff0fc0: compare and exchange (r0: expected, r1: new, r2: where)
  .long   0xe1923f9f              //1: ldrex   r3, [r2]
  .long   0xe0533000              //   subs    r3, r3, r0
  .long   0x01823e91              //   stlexeq r3, r1, [r2]
  .long   0x03530001              //   cmpeq   r3, #1
  .long   0x0afffffa              //   beq     1b
  .long   0xf57ff05b              //   dmb     ish
  .long   0xe2730000              //   rsbs    r0, r3, #0
  .long   0xe12fff1e              //   bx      lr
  // 0xffff0fe0: the thread pointer
  .long   0xee1d0f70              //   mrc     p15, 0, r0, c13, c0, 3
  .long   0xe12fff1e              //   bx      lr
  .balign 4
  .zero   20
  // 0xffff0ffc
  .long   (user_helpers_end - user_helpers_start) / 32
user_helpers_end:

  // A shared object laid out by hand, as VDSO.S, of which it has the data page two pages below:
  // what glibc looks up (arch/arm64/kernel/vdso32/vdso.lds.S).
  .section .rodata.vdso32, "a"
  .balign 64
  .global vdso32_start
  .global vdso32_end
vdso32_start:
  .byte   0x7f, 'E', 'L', 'F', 1, 1, 1, 0
  .quad   0
  .short  3, 40                   // ET_DYN, EM_ARM
  .long   1
  .long   0                       // no entry
  .long   vdso32_segments - vdso32_start
  .long   0                       // no sections
  .long   0x05000000              // EABI 5
  .short  52, 32, 2, 0, 0, 0
vdso32_segments:
  .long   1, 0, 0, 0              // PT_LOAD
  .long   vdso32_end - vdso32_start, vdso32_end - vdso32_start, 5, 16     // R X
  .long   2                       // PT_DYNAMIC
  .long   vdso32_dynamic - vdso32_start, vdso32_dynamic - vdso32_start
  .long   vdso32_dynamic - vdso32_start
  .long   vdso32_symbols - vdso32_dynamic, vdso32_symbols - vdso32_dynamic, 4, 4    // R
vdso32_dynamic:
  .long   14, vdso32_object - vdso32_names              // DT_SONAME
  .long   4, vdso32_hash - vdso32_start                 // DT_HASH
  .long   5, vdso32_names - vdso32_start                // DT_STRTAB
  .long   6, vdso32_symbols - vdso32_start              // DT_SYMTAB
  .long   10, vdso32_names_end - vdso32_names           // DT_STRSZ
  .long   11, 16                                        // DT_SYMENT
  .long   0x6ffffff0, vdso32_versions - vdso32_start    // DT_VERSYM
  .long   0x6ffffffc, vdso32_definitions - vdso32_start // DT_VERDEF
  .long   0x6ffffffd, 2                                 // DT_VERDEFNUM
  .long   0, 0

  .macro  symbol32 name
  .long   vdso32_name_\name - vdso32_names
  .long   vdso32_\name - vdso32_start, vdso32_\name\()_end - vdso32_\name
  .byte   0x12, 0                 // global function
  .short  1                       // some section
  .endm
vdso32_symbols:
  .quad   0, 0
  symbol32 clock_getres
  symbol32 clock_gettime
  symbol32 clock_gettime64
  symbol32 gettimeofday
vdso32_hash:                      // one bucket, and the chain through all symbols
  .long   1, 5, 1, 0, 2, 3, 4, 0
vdso32_versions:
  .short  0, 2, 2, 2, 2
  .balign 4
vdso32_definitions:
  .short  1, 1, 1, 1              // the object itself
  .long   0x0deebfa1, 20, 28, vdso32_object - vdso32_names, 0
  .short  1, 0, 2, 1              // LINUX_2.6
  .long   0x03ae75f6, 20, 0, vdso32_version - vdso32_names, 0
vdso32_names:
  .byte   0
vdso32_object:
  .asciz  "linux-vdso.so.1"
vdso32_version:
  .asciz  "LINUX_2.6"
vdso32_name_clock_getres:
  .asciz  "__vdso_clock_getres"
vdso32_name_clock_gettime:
  .asciz  "__vdso_clock_gettime"
vdso32_name_clock_gettime64:
  .asciz  "__vdso_clock_gettime64"
vdso32_name_gettimeofday:
  .asciz  "__vdso_gettimeofday"
vdso32_names_end:

  // The code names the data page by its distance, so it lies here and nowhere else.
  .zero   0x240 - (vdso32_names_end - vdso32_start)
vdso32_clock_gettime64:
  .long   0xe92d41f0              //   push    {r4, r5, r6, r7, r8, lr}
  .long   0xeb000029              //   bl      read_for
  .long   0x1a000006              //   bne     1f
  .long   0xe3a04000              //   mov     r4, #0
  .long   0xe5812000              //   str     r2, [r1]
  .long   0xe5814004              //   str     r4, [r1, #4]
  .long   0xe5813008              //   str     r3, [r1, #8]
  .long   0xe581400c              //   str     r4, [r1, #12]
  .long   0xe3a00000              //   mov     r0, #0
  .long   0xe8bd81f0              //   pop     {r4, r5, r6, r7, r8, pc}
  .long   0xe3007193              //1: movw    r7, #403
  .long   0xef000000              //   svc     #0
  .long   0xe8bd81f0              //   pop     {r4, r5, r6, r7, r8, pc}
vdso32_clock_gettime64_end:
vdso32_clock_gettime:
  .long   0xe92d41f0              //   push    {r4, r5, r6, r7, r8, lr}
  .long   0xeb00001c              //   bl      read_for
  .long   0x1a000003              //   bne     1f
  .long   0xe5812000              //   str     r2, [r1]
  .long   0xe5813004              //   str     r3, [r1, #4]
  .long   0xe3a00000              //   mov     r0, #0
  .long   0xe8bd81f0              //   pop     {r4, r5, r6, r7, r8, pc}
  .long   0xe3007107              //1: movw    r7, #263
  .long   0xef000000              //   svc     #0
  .long   0xe8bd81f0              //   pop     {r4, r5, r6, r7, r8, pc}
vdso32_clock_gettime_end:
vdso32_gettimeofday:
  .long   0xe92d41f0              //   push    {r4, r5, r6, r7, r8, lr}
  .long   0xe3500000              //   cmp     r0, #0
  .long   0x0a000006              //   beq     1f
  .long   0xeb000026              //   bl      read_clock
  .long   0xeb00003e              //   bl      add_realtime
  .long   0xe320f000              //   nop
  .long   0xe30043e8              //   movw    r4, #1000
  .long   0xe733f413              //   udiv    r3, r3, r4
  .long   0xe5802000              //   str     r2, [r0]
  .long   0xe5803004              //   str     r3, [r0, #4]
  .long   0xe3510000              //1: cmp     r1, #0
  .long   0x13a02000              //   movne   r2, #0
  .long   0x15812000              //   strne   r2, [r1]
  .long   0x15812004              //   strne   r2, [r1, #4]
  .long   0xe3a00000              //   mov     r0, #0
  .long   0xe8bd81f0              //   pop     {r4, r5, r6, r7, r8, pc}
vdso32_gettimeofday_end:
vdso32_clock_getres:
  .long   0xe52d7004              //   push    {r7}
  .long   0xe3007108              //   movw    r7, #264
  .long   0xef000000              //   svc     #0
  .long   0xe49d7004              //   pop     {r7}
  .long   0xe12fff1e              //   bx      lr
vdso32_clock_getres_end:

  // r0: a clock. Answers with EQ and its seconds and nanoseconds in r2 and r3, the data page in r12;
  // with NE for a clock that the kernel must read. 0, 1, 4, 5, 6, 7 are known; of those 0 and 5 are
  // the time of day, and 5 and 6 tick 250 times a second.
vdso32_read_for:
  .long   0xe350000b              //   cmp     r0, #11
  .long   0x812fff1e              //   bxhi    lr
  .long   0xe3a08001              //   mov     r8, #1
  .long   0xe1a08018              //   lsl     r8, r8, r0
  .long   0xe30040f3              //   movw    r4, #0xf3
  .long   0xe0085004              //   and     r5, r8, r4
  .long   0xe1350008              //   teq     r5, r8
  .long   0x112fff1e              //   bxne    lr
  .long   0xe92d4010              //   push    {r4, lr}
  .long   0xeb00000b              //   bl      read_clock
  .long   0xe3180060              //   tst     r8, #0x60
  .long   0x0a000003              //   beq     1f
  .long   0xe3004900              //   movw    r4, #0x0900
  .long   0xe340403d              //   movt    r4, #0x3d
  .long   0xe735f413              //   udiv    r5, r3, r4
  .long   0xe0030495              //   mul     r3, r5, r4
  .long   0xe3004021              //1: movw    r4, #0x21
  .long   0xe1180004              //   tst     r8, r4
  .long   0x1b00001b              //   blne    add_realtime
  .long   0xe320f000              //   nop
  .long   0xe1300000              //   teq     r0, r0
  .long   0xe8bd8010              //   pop     {r4, pc}

  // Seconds and nanoseconds since CNTVCT was 0, in r2 and r3; the data page in r12. 2^61 / 10^9 is
  // 0x89705f41 and a little: the seconds come out too small by two at most.
vdso32_read_clock:
  .long   0xe24fce35              //   adr     r12, vdso_start
  .long   0xe24cca02              //   sub     r12, r12, #0x2000
  .long   0xf57ff06f              //   isb
  .long   0xec554f1e              //   mrrc    p15, 1, r4, r5, c14
  .long   0xe1cc60d0              //   ldrd    r6, r7, [r12]
  .long   0xe0823694              //   umull   r3, r2, r4, r6
  .long   0xe3a03000              //   mov     r3, #0
  .long   0xe0a32794              //   umlal   r2, r3, r4, r7
  .long   0xe0a32695              //   umlal   r2, r3, r5, r6
  .long   0xe0233795              //   mla     r3, r5, r7, r3
  .long   0xe1a04ea2              //   lsr     r4, r2, #29
  .long   0xe1844183              //   orr     r4, r4, r3, lsl #3
  .long   0xe3055f41              //   movw    r5, #0x5f41
  .long   0xe3485970              //   movt    r5, #0x8970
  .long   0xe0846594              //   umull   r6, r4, r4, r5
  .long   0xe30c5a00              //   movw    r5, #0xca00
  .long   0xe3435b9a              //   movt    r5, #0x3b9a
  .long   0xe0632594              //   mls     r3, r4, r5, r2
  .long   0xe1530005              //2: cmp     r3, r5
  .long   0x3a000002              //   blo     3f
  .long   0xe0433005              //   sub     r3, r3, r5
  .long   0xe2844001              //   add     r4, r4, #1
  .long   0xeafffffa              //   b       2b
  .long   0xe1a02004              //3: mov     r2, r4
  .long   0xe12fff1e              //   bx      lr

  // Seconds and nanoseconds in r2 and r3 become the time of day; uses r4 and r5.
vdso32_add_realtime:
  .long   0xe59c4008              //   ldr     r4, [r12, #8]
  .long   0xe0822004              //   add     r2, r2, r4
  .long   0xe59c4010              //   ldr     r4, [r12, #16]
  .long   0xe0833004              //   add     r3, r3, r4
  .long   0xe30c5a00              //   movw    r5, #0xca00
  .long   0xe3435b9a              //   movt    r5, #0x3b9a
  .long   0xe1530005              //   cmp     r3, r5
  .long   0x20433005              //   subhs   r3, r3, r5
  .long   0x22822001              //   addhs   r2, r2, #1
  .long   0xe12fff1e              //   bx      lr
vdso32_end:
