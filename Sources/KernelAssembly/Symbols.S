// Room for the names of the kernel's functions; Scripts/kernel-symbols fills it after the link.

  .section .symbols, "a"
  .zero   262144
