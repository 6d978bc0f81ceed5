// From reset to Swift. See Documentation/Theory/Boot.md.
//
// QEMU's loader jumps to the image's first byte with the MMU off and the device tree in x0. This
// file and EarlyBoot.c are all that runs at physical addresses: nothing here may use an absolute
// address before the relocations are applied.

  // KernelParameters' offsets (EarlyBoot.c asserts them).
  .set    PARAMETER_IMAGE_PHYSICAL, 40
  .set    PARAMETER_IMAGE_VIRTUAL, 48
  .set    PARAMETER_TCR, 96
  .set    PARAMETER_MAIR, 104
  .set    PARAMETER_TTBR0, 112
  .set    PARAMETER_TTBR1, 120
  // As INIT_SCTLR_EL1_MMU_ON: RES1 bits 29 28 23 22 20 11; UCI 26, nTWE 18, UCT 15, I 12, SED 8,
  // SA0 4, SA 3, C 2, M 0. WFI of a program traps: nothing would ever end it. So does DC ZVA, which
  // nobody can watch (Documentation/Decisions/LineClearing.md).
  .set    SCTLR_SPAN, 1 << 23
  .set    SCTLR_VALUE, (1<<29)|(1<<28)|(1<<26)|SCTLR_SPAN|(1<<22)|(1<<20)|(1<<18)|(1<<15)|(1<<12)|(1<<11)|(1<<8)|(1<<4)|(1<<3)|(1<<2)|(1<<0)

  .section .head, "ax"
  .global image_start
image_start:
  // The arm64 Image header (Documentation/arm64/booting.rst).
  b       start
  .long   0
  .quad   0                       // text_offset: anywhere on a 2 MiB boundary
  .quad   image_size_symbol       // image_size, bss included
  .quad   0b1000                  // little endian, any page size, anywhere in memory
  .quad   2                       // BoardVersion.number, which booting.rst leaves to us
  .quad   0, 0
  .ascii  "ARM\x64"
  .long   0

  .section .init.text, "ax"
start:
  msr     daifset, #0xf
  mov     x19, x0                 // the device tree
  mrs     x1, CurrentEL
  cmp     x1, #(1 << 2)
  b.ne    .                       // EL2 and EL3 do not exist on the board we ask for

  // Instructions are counted from here: all of EL1's in counter 0, EL0's in the cycle counter.
  bl      counters_start

  // The bss, tables excepted, which are cleared one by one.
  adrp    x0, bss_start
  adrp    x1, bss_end
1:stp     xzr, xzr, [x0], #16
  stp     xzr, xzr, [x0], #16
  cmp     x0, x1
  b.lo    1b

  msr     spsel, #1
  adrp    x0, boot_stack_end
  mov     sp, x0
  mov     x29, #0
  mov     x30, #0
  mov     x0, #(3 << 20)          // FPEN: no trap of FP/SIMD, which memset() has
  msr     cpacr_el1, x0
  isb
  mov     x0, x19
  adrp    x1, image_start
  bl      early_boot
  mov     x20, x0                 // KernelParameters, physical

  // As arch/arm64/mm/proc.S:__cpu_setup() does.
  ldr     x0, [x20, #PARAMETER_MAIR]
  ldr     x1, [x20, #PARAMETER_TCR]
  ldr     x2, [x20, #PARAMETER_TTBR0]
  ldr     x3, [x20, #PARAMETER_TTBR1]
  msr     mair_el1, x0
  msr     tcr_el1, x1
  msr     ttbr0_el1, x2
  msr     ttbr1_el1, x3
  mov     x0, #(1 << 1)           // EL0VCTEN
  msr     cntkctl_el1, x0
  isb
  tlbi    vmalle1
  ic      iallu
  dsb     nsh
  isb
  mov     x0, #(1 << 12)          // TDCC: no debug channel for programs
  msr     mdscr_el1, x0
  ldr     x0, =SCTLR_VALUE
  // Where the CPU has PAN, each exception sets it: the kernel never touches a program's addresses.
  mrs     x1, id_aa64mmfr1_el1
  ubfx    x1, x1, #20, #4
  cbz     x1, 1f
  bic     x0, x0, #SCTLR_SPAN
  .inst   0xd500419f              // MSR PAN, #1
1:msr     sctlr_el1, x0
  isb

  // From the identity map to the kernel half.
  ldr     x0, [x20, #PARAMETER_IMAGE_VIRTUAL]
  ldr     x1, [x20, #PARAMETER_IMAGE_PHYSICAL]
  sub     x0, x0, x1
  adr     x1, 2f
  add     x1, x1, x0
  br      x1
2:adrp    x0, vectors
  add     x0, x0, :lo12:vectors
  msr     vbar_el1, x0
  adrp    x0, boot_stack_end
  mov     sp, x0
  isb
  bl      kernel_main
  b       .

  // Instruction counts without a single instruction spent on them: event counter 0 takes
  // INST_RETIRED at EL1, the cycle counter (64 bits; one a instruction under -icount shift=0)
  // runs at EL0 only.
counters_start:
  mov     x0, #(1 << 30)          // event counter 0: U, not at EL0
  orr     x0, x0, #0x08           // INST_RETIRED
  msr     pmevtyper0_el0, x0
  mov     x0, #(1 << 31)          // cycle counter: P, not at EL1
  msr     pmccfiltr_el0, x0
  mov     x0, #1
  orr     x0, x0, #(1 << 31)
  msr     pmcntenset_el0, x0
  mov     x0, #0b1000111          // LC, reset both, enable
  msr     pmcr_el0, x0
  isb
  ret


  .section .data, "aw"
  .balign 64
  .global kernel_parameters
  .global kernel_parameters_writable
kernel_parameters:
kernel_parameters_writable:
  .zero   200
  .balign 64
  .global kernel_variables_storage
kernel_variables_storage:
  .zero   4224

  // A line of its own for whoever watches (Instructions.h).
  .balign 64
  .global kernel_doorbells
kernel_doorbells:
  .zero   128

  .section .stack, "aw", %nobits
  .global boot_stack_start
  .global boot_stack_end
  .balign 65536
boot_stack_start:
  .zero   65536
boot_stack_end:

  // The kernel's log: KernelLog.KernelLog in the first page, the ring behind it. Nothing of it needs
  // clearing.
  .section .noinit, "aw", %nobits
  .global kernel_log_storage
  .balign 4096
kernel_log_storage:
  .zero   4096 + (1 << 18)

  .section .earlytables, "aw", %nobits
  .balign 65536
  .global early_tables
  .global early_tables_end
early_tables:
  .zero   65536 * 20
early_tables_end:
