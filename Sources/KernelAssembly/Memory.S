// The memory functions that compiled code calls. The addresses need not be aligned (the MMU is on
// whenever these run).
//
// memcpy and memset move 64 bytes an iteration through general registers. Large copies borrow the
// vector registers, which hold the program's values: twice the bytes an instruction, for the price
// of keeping eight registers on the stack meanwhile. No interrupt is open in the kernel, and what
// faults here ends it, so nobody else sees them.

  .text
  .arch_extension fp
  .arch_extension simd
  .macro keep_vectors
  stp     q0, q1, [sp, #-128]!
  stp     q2, q3, [sp, #32]
  stp     q4, q5, [sp, #64]
  stp     q6, q7, [sp, #96]
  .endm
  .macro return_vectors
  ldp     q2, q3, [sp, #32]
  ldp     q4, q5, [sp, #64]
  ldp     q6, q7, [sp, #96]
  ldp     q0, q1, [sp], #128
  .endm
  // 128 bytes at an offset of x1 to the same offset of \target.
  .macro copy_128 target, at
  ldp     q0, q1, [x1, #\at]
  ldp     q2, q3, [x1, #\at + 32]
  ldp     q4, q5, [x1, #\at + 64]
  ldp     q6, q7, [x1, #\at + 96]
  stp     q0, q1, [\target, #\at]
  stp     q2, q3, [\target, #\at + 32]
  stp     q4, q5, [\target, #\at + 64]
  stp     q6, q7, [\target, #\at + 96]
  .endm

  .macro function name
  .section .text.\name, "ax"
  .global \name
  .balign 16
\name:
  .endm

  // x0 target, x1 source, x2 bytes
  function memcpy
  mov     x8, x0
  subs    x2, x2, #64
  b.lo    2f
  cmp     x2, #(512 - 64)
  b.hs    4f
1:ldp     x3, x4, [x1]
  ldp     x5, x6, [x1, #16]
  ldp     x7, x9, [x1, #32]
  ldp     x10, x11, [x1, #48]
  add     x1, x1, #64
  stp     x3, x4, [x8]
  stp     x5, x6, [x8, #16]
  stp     x7, x9, [x8, #32]
  stp     x10, x11, [x8, #48]
  add     x8, x8, #64
  subs    x2, x2, #64
  b.hs    1b
2:// The last 0 to 63 bytes, by the bits of the count (adding or subtracting 64 keeps them).
  tbz     x2, #5, 3f
  ldp     x3, x4, [x1], #16
  ldp     x5, x6, [x1], #16
  stp     x3, x4, [x8], #16
  stp     x5, x6, [x8], #16
3:tbz     x2, #4, 3f
  ldp     x3, x4, [x1], #16
  stp     x3, x4, [x8], #16
3:tbz     x2, #3, 3f
  ldr     x3, [x1], #8
  str     x3, [x8], #8
3:tbz     x2, #2, 3f
  ldr     w3, [x1], #4
  str     w3, [x8], #4
3:tbz     x2, #1, 3f
  ldrh    w3, [x1], #2
  strh    w3, [x8], #2
3:tbz     x2, #0, 3f
  ldrb    w3, [x1]
  strb    w3, [x8]
3:ret
4:// 512 bytes and more: 256 a turn, the rest as above.
  keep_vectors
  sub     x2, x2, #(256 - 64)
5:copy_128 x8, 0
  copy_128 x8, 128
  add     x1, x1, #256
  add     x8, x8, #256
  subs    x2, x2, #256
  b.hs    5b
  return_vectors
  adds    x2, x2, #(256 - 64)
  b.hs    1b
  b       2b

  function memmove
  sub     x3, x0, x1
  cmp     x3, x2
  b.hs    memcpy                  // the target does not begin inside the source
  add     x8, x0, x2
  add     x1, x1, x2
1:subs    x2, x2, #8
  b.lo    2f
  ldr     x3, [x1, #-8]!
  str     x3, [x8, #-8]!
  b       1b
2:adds    x2, x2, #8
  b.eq    4f
3:ldrb    w3, [x1, #-1]!
  strb    w3, [x8, #-1]!
  subs    x2, x2, #1
  b.ne    3b
4:ret

  // x0 target, w1 byte, x2 bytes
  function memset
  mov     x8, x0
  and     x1, x1, #0xff
  mov     x3, #0x0101010101010101
  mul     x1, x1, x3
  subs    x2, x2, #64
  b.lo    2f
  cmp     x2, #(512 - 64)
  b.hs    4f
1:stp     x1, x1, [x8]
  stp     x1, x1, [x8, #16]
  stp     x1, x1, [x8, #32]
  stp     x1, x1, [x8, #48]
  add     x8, x8, #64
  subs    x2, x2, #64
  b.hs    1b
2:tbz     x2, #5, 3f
  stp     x1, x1, [x8], #16
  stp     x1, x1, [x8], #16
3:tbz     x2, #4, 3f
  stp     x1, x1, [x8], #16
3:tbz     x2, #3, 3f
  str     x1, [x8], #8
3:tbz     x2, #2, 3f
  str     w1, [x8], #4
3:tbz     x2, #1, 3f
  strh    w1, [x8], #2
3:tbz     x2, #0, 3f
  strb    w1, [x8]
3:ret
4:// 128 bytes an iteration, with a vector register.
  stp     q0, q1, [sp, #-32]!
  dup     v0.2d, x1
  sub     x2, x2, #64
5:stp     q0, q0, [x8]
  stp     q0, q0, [x8, #32]
  stp     q0, q0, [x8, #64]
  stp     q0, q0, [x8, #96]
  add     x8, x8, #128
  subs    x2, x2, #128
  b.hs    5b
  ldp     q0, q1, [sp], #32
  adds    x2, x2, #64
  b.hs    1b
  b       2b

  function memcmp
  mov     x8, x0
1:subs    x2, x2, #8
  b.lo    2f
  ldr     x3, [x8], #8
  ldr     x4, [x1], #8
  cmp     x3, x4
  b.eq    1b
  rev     x3, x3
  rev     x4, x4
  cmp     x3, x4
  mov     w0, #1
  cneg    w0, w0, lo
  ret
2:adds    x2, x2, #8
  b.eq    4f
3:ldrb    w3, [x8], #1
  ldrb    w4, [x1], #1
  subs    w0, w3, w4
  b.ne    5f
  subs    x2, x2, #1
  b.ne    3b
4:mov     w0, #0
5:ret

  function strlen
  mov     x8, x0
1:ldrb    w1, [x8], #1
  cbnz    w1, 1b
  sub     x0, x8, x0
  sub     x0, x0, #1
  ret

  // Whole pages, x0 the first byte, x1 bytes: a block of DC ZVA's size at a time. That is 64 bytes
  // on every core the board has, eight of which make a turn.
  function clear_pages
  mrs     x2, dczid_el0
  add     x1, x1, x0
  cmp     x2, #4
  b.ne    2f
1:dc      zva, x0
  add     x3, x0, #64
  dc      zva, x3
  add     x4, x0, #128
  dc      zva, x4
  add     x3, x0, #192
  dc      zva, x3
  add     x4, x0, #256
  dc      zva, x4
  add     x3, x0, #320
  dc      zva, x3
  add     x4, x0, #384
  dc      zva, x4
  add     x3, x0, #448
  dc      zva, x3
  add     x0, x0, #512
  cmp     x0, x1
  b.lo    1b
  ret
2:sub     x2, x1, x0
  mov     w1, #0
  b       memset

  // x0 target, x1 source, x2 bytes (a page, so a multiple of 512).
  function copy_page
  add     x2, x1, x2
  keep_vectors
1:copy_128 x0, 0
  copy_128 x0, 128
  copy_128 x0, 256
  copy_128 x0, 384
  add     x1, x1, #512
  add     x0, x0, #512
  cmp     x1, x2
  b.lo    1b
  return_vectors
  ret
