// Replacing the kernel half's tables under the running kernel.

  .section .init.text, "ax"
  // x0: TTBR1_EL1, x1: TCR_EL1, x2: the image's physical address minus its virtual one, x3: a
  // table without entries, which also takes the identity map's place in the end.
  // Runs in the identity map meanwhile, as arch/arm64/mm/proc.S:idmap_cpu_replace_ttbr1() does,
  // with an empty kernel half between the two: break before make.
  .global replace_kernel_tables
replace_kernel_tables:
  adr     x4, 1f
  add     x4, x4, x2
  br      x4
1:msr     ttbr1_el1, x3
  isb
  tlbi    vmalle1
  dsb     nsh
  isb
  msr     tcr_el1, x1
  msr     ttbr1_el1, x0
  isb
  adr     x4, 2f
  sub     x4, x4, x2
  br      x4
2:msr     ttbr0_el1, x3
  isb
  tlbi    vmalle1
  dsb     nsh
  isb
  ret
