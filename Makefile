SCRATCH := .build/kernel
KERNEL_ELF := $(SCRATCH)/aarch64-none-none-elf/release/Kernel

.PHONY: image
image:
	KERNEL=1 swift build -c release --triple aarch64-none-none-elf --toolset Board/toolset.json \
	  -Xlinker -T -Xlinker $(CURDIR)/Board/kernel.ld --product Kernel --scratch-path $(SCRATCH)
	cp $(KERNEL_ELF) $(SCRATCH)/kernel.elf
	llvm-objcopy -O binary $(SCRATCH)/kernel.elf $(SCRATCH)/kernel.img
