SCRATCH := .build/kernel
KERNEL_ELF := $(SCRATCH)/aarch64-none-none-elf/release/Kernel
# As large as the image's .symbols section (Sources/KernelAssembly/Symbols.S).
SYMBOLS_SIZE := 262144

.PHONY: image
image:
	KERNEL=1 swift build -c release --triple aarch64-none-none-elf --toolset Board/toolset.json \
	  -Xlinker -T -Xlinker $(CURDIR)/Board/kernel.ld --product Kernel --scratch-path $(SCRATCH)
	Scripts/kernel-symbols $(KERNEL_ELF) > $(SCRATCH)/kernel.symbols
	truncate -s $(SYMBOLS_SIZE) $(SCRATCH)/kernel.symbols
	llvm-objcopy --update-section .symbols=$(SCRATCH)/kernel.symbols $(KERNEL_ELF) $(SCRATCH)/kernel.elf
	llvm-objcopy -O binary $(SCRATCH)/kernel.elf $(SCRATCH)/kernel.img
