// The exception vectors, entry from EL0 and return to it.
//
// While a program runs, SP_EL1 points to the top of its task's kernel stack. An exception from EL0
// stores the program's registers as an Arm64.UserContext just below and calls Swift. The kernel
// runs with interrupts closed and is compiled for general registers only, so neither nested
// entries nor SIMD state are anything to care for; what the kernel itself does wrong is reported on
// a stack of its own (Kernel/Oops).

// UserContext's offsets.
  .set    CONTEXT_SIZE, 288
  .set    CONTEXT_X30_SP, 240
  .set    CONTEXT_PC_PSTATE, 256
  .set    CONTEXT_ORIGINAL_X0_NUMBER, 272

  .macro save_user_context
  sub     sp, sp, #CONTEXT_SIZE
  stp     x0, x1, [sp]
  stp     x2, x3, [sp, #16]
  stp     x4, x5, [sp, #32]
  stp     x6, x7, [sp, #48]
  stp     x8, x9, [sp, #64]
  stp     x10, x11, [sp, #80]
  stp     x12, x13, [sp, #96]
  stp     x14, x15, [sp, #112]
  stp     x16, x17, [sp, #128]
  stp     x18, x19, [sp, #144]
  stp     x20, x21, [sp, #160]
  stp     x22, x23, [sp, #176]
  stp     x24, x25, [sp, #192]
  stp     x26, x27, [sp, #208]
  stp     x28, x29, [sp, #224]
  mrs     x9, sp_el0
  mrs     x10, elr_el1
  mrs     x11, spsr_el1
  stp     x30, x9, [sp, #CONTEXT_X30_SP]
  stp     x10, x11, [sp, #CONTEXT_PC_PSTATE]
  mov     x29, #0                 // backtraces end here
  mrs     x1, esr_el1
  .endm

  .section .text.vectors, "ax"
  .macro vector label
  .balign 128
  b       \label
  .endm

  .balign 2048
  .global vectors
vectors:
  // EL1 with SP_EL0: never used.
  vector  kernel_exception_entry
  vector  kernel_exception_entry
  vector  kernel_exception_entry
  vector  kernel_exception_entry
  // EL1 with SP_EL1.
  vector  kernel_exception_entry
  // Only a module's code has interrupts open: it goes on with them closed, and they come when the
  // kernel returns to a program.
  .balign 128
kernel_interrupt:
  msr     sp_el0, x0              // free in the kernel: a program's is in its context
  mrs     x0, spsr_el1
  orr     x0, x0, #0xc0           // PSTATE.I, PSTATE.F
  msr     spsr_el1, x0
  mrs     x0, sp_el0
  eret
  vector  kernel_interrupt
  vector  kernel_system_error
  // EL0, AArch64.
  .balign 128
user_synchronous:
  save_user_context
  lsr     x9, x1, #26             // ESR_EL1.EC
  cmp     x9, #0x15               // SVC from AArch64
  b.ne    user_exception
  stp     x0, x8, [sp, #CONTEXT_ORIGINAL_X0_NUMBER]
  mov     x0, sp
  b       user_system_call
  vector  user_interrupt
  vector  user_interrupt
  vector  user_system_error
  // EL0, AArch32: r0-r12, SP and LR are in x0-x14; the rest is nobody's.
  .balign 128
compat_synchronous:
  save_user_context
  lsr     x9, x1, #26             // ESR_EL1.EC
  cmp     x9, #0x11               // SVC from AArch32
  b.ne    user_exception
  stp     x0, x7, [sp, #CONTEXT_ORIGINAL_X0_NUMBER]
  mov     x0, sp
  b       compat_system_call
  vector  user_interrupt
  vector  user_interrupt
  vector  user_system_error

  .section .text.entry, "ax"
  // Where a new task begins, with SP at its context.
  .global start_of_task
start_of_task:
  bl      kernel_begin_task       // ()
  b       return_to_user

user_system_call:
  bl      kernel_system_call      // (context)
  // Loads what a UserContext at SP holds, and goes there.
return_to_user:
  ldp     x10, x11, [sp, #CONTEXT_PC_PSTATE]
  ldp     x30, x9, [sp, #CONTEXT_X30_SP]
  msr     elr_el1, x10
  msr     spsr_el1, x11
  msr     sp_el0, x9
  ldp     x0, x1, [sp]
  ldp     x2, x3, [sp, #16]
  ldp     x4, x5, [sp, #32]
  ldp     x6, x7, [sp, #48]
  ldp     x8, x9, [sp, #64]
  ldp     x10, x11, [sp, #80]
  ldp     x12, x13, [sp, #96]
  ldp     x14, x15, [sp, #112]
  ldp     x16, x17, [sp, #128]
  ldp     x18, x19, [sp, #144]
  ldp     x20, x21, [sp, #160]
  ldp     x22, x23, [sp, #176]
  ldp     x24, x25, [sp, #192]
  ldp     x26, x27, [sp, #208]
  ldp     x28, x29, [sp, #224]
  add     sp, sp, #CONTEXT_SIZE
  eret

compat_system_call:
  bl      kernel_compat_call      // (context)
  b       return_to_user

user_exception:
  mrs     x2, far_el1
  mov     x9, #-1                 // no system call
  stp     x2, x9, [sp, #CONTEXT_ORIGINAL_X0_NUMBER]
  mov     x0, sp
  bl      kernel_user_exception   // (context, syndrome, address)
  b       return_to_user

user_interrupt:
  save_user_context
  mov     x9, #-1                 // no system call
  str     x9, [sp, #CONTEXT_ORIGINAL_X0_NUMBER + 8]
  mov     x0, sp
  bl      kernel_user_interrupt   // (context)
  b       return_to_user

user_system_error:
  save_user_context
  mov     x0, sp
  mov     x2, #3
  bl      kernel_death            // (registers, syndrome, kind)

  // The kernel's own exceptions. The stack may be what is broken, so the registers go to a stack of
  // their own, and so does whoever reports. SP_EL0 is free in the kernel: a program's is in its
  // context.
  .macro  take kind
  msr     sp_el0, x0
  adrp    x0, death_stack_end
  str     x1, [x0, #-16]
  mov     x1, sp
  str     x1, [x0, #-24]
  sub     x1, x0, x1
  cmp     x1, #4, lsl #12         // already on that stack: below what is there
  b.ls    1f
  mov     sp, x0
1:mov     x1, #\kind
  b       take_exception
  .endm

kernel_exception_entry:
  take    0
kernel_system_error:
  take    2

take_exception:
  sub     sp, sp, #(CONTEXT_SIZE + 32)
  stp     x2, x3, [sp, #16]
  stp     x4, x5, [sp, #32]
  stp     x6, x7, [sp, #48]
  stp     x8, x9, [sp, #64]
  stp     x10, x11, [sp, #80]
  stp     x12, x13, [sp, #96]
  stp     x14, x15, [sp, #112]
  stp     x16, x17, [sp, #128]
  stp     x18, x19, [sp, #144]
  stp     x20, x21, [sp, #160]
  stp     x22, x23, [sp, #176]
  stp     x24, x25, [sp, #192]
  stp     x26, x27, [sp, #208]
  stp     x28, x29, [sp, #224]
  mov     x2, x1                  // kind
  mrs     x3, sp_el0              // x0
  ldr     x4, [x0, #-16]          // x1
  ldr     x5, [x0, #-24]          // sp
  stp     x3, x4, [sp]
  stp     x30, x5, [sp, #CONTEXT_X30_SP]
  mrs     x10, elr_el1
  mrs     x11, spsr_el1
  stp     x10, x11, [sp, #CONTEXT_PC_PSTATE]
  mrs     x1, esr_el1
  mov     x0, sp
  cbnz    x2, 2f
  bl      kernel_exception        // (registers, syndrome)
  // The code goes on.
  ldp     x10, x11, [sp, #CONTEXT_PC_PSTATE]
  msr     elr_el1, x10
  msr     spsr_el1, x11
  ldp     x0, x1, [sp]
  msr     sp_el0, x0
  ldp     x2, x3, [sp, #16]
  ldp     x4, x5, [sp, #32]
  ldp     x6, x7, [sp, #48]
  ldp     x8, x9, [sp, #64]
  ldp     x10, x11, [sp, #80]
  ldp     x12, x13, [sp, #96]
  ldp     x14, x15, [sp, #112]
  ldp     x16, x17, [sp, #128]
  ldp     x18, x19, [sp, #144]
  ldp     x20, x21, [sp, #160]
  ldp     x22, x23, [sp, #176]
  ldp     x24, x25, [sp, #192]
  ldp     x26, x27, [sp, #208]
  ldp     x28, x29, [sp, #224]
  ldp     x30, x0, [sp, #CONTEXT_X30_SP]
  mov     sp, x0
  mrs     x0, sp_el0
  eret
2:bl      kernel_death            // (registers, syndrome, kind)
  b       .

  .section .stack, "aw", %nobits
  .balign 4096
  .zero   16384
  .global death_stack_end
death_stack_end:
