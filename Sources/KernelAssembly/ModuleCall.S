// Calling a function of a module so that an exception in it ends that call and nothing more.
//
// module_call(function, first, second) keeps what a call must keep on the stack, and the stack
// pointer in module_variables_storage.recovery; the one of an outer call lies on the stack
// meanwhile. Whoever reports the exception of a module then calls module_recover(), which comes
// back from the innermost module_call() with x1 = 1.

//
// A module's code runs with exceptions open (PSTATE.DAIF), as code of Linux does that a system call
// came to: its registers are to say so. What comes is put off until the kernel returns
// (Vectors.S: kernel_interrupt).

  .set    RECOVERY, 8               // ModuleVariables.recovery

  .section .text.module_call, "ax"
  .global module_call
  .balign 16
module_call:
  stp     x29, x30, [sp, #-112]!
  mov     x29, sp
  stp     x19, x20, [sp, #16]
  stp     x21, x22, [sp, #32]
  stp     x23, x24, [sp, #48]
  stp     x25, x26, [sp, #64]
  stp     x27, x28, [sp, #80]
  adrp    x9, module_variables_storage
  add     x9, x9, :lo12:module_variables_storage
  ldr     x10, [x9, #RECOVERY]
  str     x10, [sp, #96]
  mov     x10, sp
  str     x10, [x9, #RECOVERY]
  mrs     x10, daif
  str     x10, [sp, #104]
  mov     x9, x0
  mov     x0, x1
  mov     x1, x2
  msr     daifclr, #15
  blr     x9
  mov     x1, #0
module_call_ends:
  ldr     x10, [sp, #104]
  msr     daif, x10
  adrp    x9, module_variables_storage
  add     x9, x9, :lo12:module_variables_storage
  ldr     x10, [sp, #96]
  str     x10, [x9, #RECOVERY]
  ldp     x19, x20, [sp, #16]
  ldp     x21, x22, [sp, #32]
  ldp     x23, x24, [sp, #48]
  ldp     x25, x26, [sp, #64]
  ldp     x27, x28, [sp, #80]
  ldp     x29, x30, [sp], #112
  ret

  .section .text.module_recover, "ax"
  .global module_recover
  .balign 16
module_recover:
  adrp    x9, module_variables_storage
  add     x9, x9, :lo12:module_variables_storage
  ldr     x10, [x9, #RECOVERY]
  mov     sp, x10
  mov     x0, #0
  mov     x1, #1
  b       module_call_ends
