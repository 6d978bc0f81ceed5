# Kilburn: what a person does here. `make run` and `make test` need nothing installed before but
# make and Swift.

SWIFT := swift
JOBS :=
BUILD := .build/release/kilburn
KERNEL := .build/kernel
KERNEL_ELF := $(KERNEL)/aarch64-none-none-elf/release/Kernel
IMAGE := $(KERNEL)/kernel.img
# The image whose own accesses are checked, for kilburn run --kasan.
KASAN := .build/kernel-kasan
KASAN_ELF := $(KASAN)/aarch64-none-none-elf/release/Kernel
BUSYBOX := .build/debian/bin/busybox
BUSYBOX32 := .build/debian-armhf/bin/busybox
# Debian's dynamic programs that the tests run.
SYSROOT := .build/sysroot
SYSROOT_PACKAGES := bash coreutils dash findutils grep libc-bin lua5.4 perl-base python3 sed \
  sqlite3 xz-utils
# SwiftPM keeps what it made of a manifest by the manifest's text; ours looks at the folders too.
SWIFTPM := --manifest-cache none $(JOBS)

# The steps say what they are, and SwiftPM works on its own folder one at a time.
.NOTPARALLEL:
.PHONY: run all tool image kasan-image sysroot test bench acceptance fuzz format lint clean needs-run \
  needs-test help

## run: an unmodified arm64 program on 4K, 16K and 64K pages, side by side
run: needs-run tool image $(BUSYBOX)
	@$(BUILD) run --page-size 4K,16K,64K -- $(BUSYBOX) awk \
	  'BEGIN { for (i = 0; i < 200000; i++) a[i] = i * i; print length(a), "entries" }' </dev/null

## all: the tool and the kernel image
all: tool image

tool:
	@$(SWIFT) build $(SWIFTPM) -c release --product kilburn
	@$(SWIFT) build $(SWIFTPM) -c release --product KilburnObserver

## image: the kernel, as QEMU boots it
image:
	@KERNEL=1 $(SWIFT) build $(SWIFTPM) -c release --triple aarch64-none-none-elf \
	  --toolset Board/toolset.json -Xlinker -T -Xlinker $(CURDIR)/Board/kernel.ld \
	  --product Kernel --scratch-path $(KERNEL)
	@Scripts/kernel-image $(KERNEL_ELF) $(IMAGE)

## kasan-image: the same with KASAN, for kilburn run --kasan
kasan-image:
	@[ ! -e $(KASAN_ELF) ] || [ $(KASAN_ELF) -nt Scripts/kasan-swiftc ] || rm -rf $(KASAN)
	@KERNEL=1 KASAN_SWIFTC=$$(command -v swiftc) SWIFT_EXEC=$(CURDIR)/Scripts/kasan-swiftc \
	  $(SWIFT) build $(SWIFTPM) -c release --triple aarch64-none-none-elf \
	  --toolset Board/toolset.json -Xlinker -T -Xlinker $(CURDIR)/Board/kernel.ld \
	  -Xswiftc -DKASAN -Xcc -DKASAN --product Kernel --scratch-path $(KASAN)
	@Scripts/kernel-image $(KASAN_ELF) $(KASAN)/kernel-kasan.img
	@Scripts/kasan-coverage $(KASAN) | tail -n 1

## sysroot: Debian's lua, perl, python and the like for the guest, in .build/sysroot
sysroot: needs-test
	@Scripts/make-sysroot $(SYSROOT) $(SYSROOT_PACKAGES)

## test: everything, on the host and on the machine
test: needs-test tool image kasan-image $(BUSYBOX) $(BUSYBOX32) sysroot
	@$(SWIFT) test $(SWIFTPM)

## bench: instruction counts and times, against Linux's
bench: needs-test tool image
	@cd Benchmarks && $(SWIFT) build -c release
	@Benchmarks/.build/release/Benchmarks operations
	@Benchmarks/.build/release/Benchmarks swapping
	@Benchmarks/.build/release/Benchmarks kernel
	@Benchmarks/.build/release/Benchmarks model
	@Benchmarks/.build/release/Benchmarks boot
	@[ ! -d ../shared/bench ] || Benchmarks/.build/release/Benchmarks programs

## acceptance: the probes, held against what real Linux printed; PROBES="brk own" chooses some
acceptance: needs-test tool image
	@$(SWIFT) run $(SWIFTPM) -q acceptance $(PROBES)

## fuzz: hostile programs for exec, then hostile memory images and traces, on the host, for SECONDS each
fuzz: needs-test
	@Fuzz/run $(SECONDS)
	@Fuzz/run-images $(SECONDS)
	@Fuzz/run-heap-traces $(SECONDS)
	@Fuzz/run-memory-traces $(SECONDS)
	@Fuzz/run-cores $(SECONDS)
	@Fuzz/run-heaps $(SECONDS)
	@Fuzz/run-modules $(SECONDS)

$(BUSYBOX):
	@Scripts/make-sysroot .build/debian busybox-static

$(BUSYBOX32):
	@Scripts/make-sysroot --arch armhf .build/debian-armhf busybox-static

## format: writes the sources as the house has them
format:
	@$(SWIFT) format --in-place --parallel --recursive Package.swift Sources Tests Benchmarks Fuzz

## lint: says where they are not
lint:
	@$(SWIFT) format lint --strict --parallel --recursive Package.swift Sources Tests Benchmarks Fuzz

## clean: removes all that was built
clean:
	rm -rf .build Benchmarks/.build

needs-run:
	@Scripts/install-missing run

needs-test:
	@Scripts/install-missing run test

help:
	@sed -n 's/^## /  make /p' Makefile
