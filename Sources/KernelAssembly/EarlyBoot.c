// The only C that runs before the MMU is on.
//
// It finds the board header through the command line in the device tree, builds the first tables
// for the geometry that the header asks for, and applies the image's relocations for the address
// that Linux 6.1 gives a kernel of that geometry. Compiled with -mstrict-align: with the MMU off
// all memory is Device memory, where unaligned accesses fault.

#include <stddef.h>

#include "KernelAssembly.h"

extern uint8_t early_tables[], early_tables_end[];

_Static_assert(offsetof(struct KernelParameters, image_physical) == 40, "Head.S");
_Static_assert(offsetof(struct KernelParameters, image_virtual) == 48, "Head.S");
_Static_assert(offsetof(struct KernelParameters, tcr) == 96, "Head.S");
_Static_assert(offsetof(struct KernelParameters, early_ttbr1) == 120, "Head.S");

// The board's fixed places (QEMU hw/arm/virt.c: base_memmap).
enum { UART_PHYSICAL = 0x09000000, RAM_BASE = 0x40000000 };

// MARK: Dying early

static bool psci_uses_smc;

static void send(uint8_t byte) { *(volatile uint32_t *)(uintptr_t)UART_PHYSICAL = byte; }

// One log frame, one end frame (BoardFormat.ConsoleFrame, EndRecord), power off.
static _Noreturn void end(const char *text, uint8_t reason, uint8_t status) {
  uint32_t length = 0;
  while (text[length]) length++;
  send(0xA5), send(3), send((uint8_t)(length + 1)), send(0);
  for (uint32_t i = 0; i < length; i++) send((uint8_t)text[i]);
  send('\n');
  send(0xA5), send(6), send(24), send(0);
  for (int i = 0; i < 24; i++) send(i == 0 ? reason : i == 4 ? status : 0);
  register uint64_t function __asm__("x0") = 0x84000008;
  if (psci_uses_smc) __asm__ volatile("smc #0" : "+r"(function));
  else __asm__ volatile("hvc #0" : "+r"(function));
  for (;;) __asm__ volatile("wfi");
}

enum { KERNEL_FAULT = 4, OTHER_VERSION = 6 };  // EndRecord.Reason
static _Noreturn void die(const char *text) { end(text, KERNEL_FAULT, 0); }

// MARK: The flattened device tree (devicetree.org, chapter 5)

static uint32_t big32(const uint8_t *p) {
  return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static bool same(const char *a, const char *b) {
  while (*a && *a == *b) a++, b++;
  return *a == *b;
}

// The value of a property of a child of the root, or NULL.
static const uint8_t *property(const uint8_t *tree, const char *node, const char *name,
                               uint32_t *length) {
  const uint8_t *at = tree + big32(tree + 8);
  const char *strings = (const char *)tree + big32(tree + 12);
  int depth = 0;
  bool inside = false;
  for (;;) {
    uint32_t token = big32(at);
    at += 4;
    if (token == 1) {
      depth++;
      const char *found = (const char *)at;
      if (depth == 2) inside = same(found, node);
      while (*at) at++;
      at += 4 - ((uintptr_t)at & 3);
    } else if (token == 2) {
      depth--;
      inside = inside && depth >= 2;
    } else if (token == 3) {
      *length = big32(at);
      const char *found = strings + big32(at + 4);
      at += 8;
      if (inside && depth == 2 && same(found, name)) return at;
      at += (*length + 3) & ~3u;
    } else if (token != 4) {
      return NULL;
    }
  }
}

// The number after `kilburn.board=0x` in the command line.
static uint64_t header_address(const uint8_t *tree) {
  uint32_t length;
  const uint8_t *line = property(tree, "chosen", "bootargs", &length);
  const char key[] = "kilburn.board=0x";
  for (uint32_t i = 0; line && i + sizeof key - 1 < length; i++) {
    uint32_t n = 0;
    while (key[n] && line[i + n] == (uint8_t)key[n]) n++;
    if (key[n]) continue;
    uint64_t value = 0;
    for (const uint8_t *p = line + i + n;; p++) {
      uint8_t c = *p | 0x20;
      if (c >= '0' && c <= '9') value = value << 4 | (uint64_t)(c - '0');
      else if (c >= 'a' && c <= 'f') value = value << 4 | (uint64_t)(c - 'a' + 10);
      else return value;
    }
  }
  return 0;
}

// MARK: The first tables

struct Tables {
  uint64_t page_shift, va_bits;
  bool large_output;
  uint8_t *next;
};

static uint64_t *new_table(struct Tables *tables) {
  uint64_t *table = (uint64_t *)tables->next;
  uint64_t words = (uint64_t)1 << (tables->page_shift - 3);
  tables->next += (uint64_t)1 << tables->page_shift;
  if (tables->next > early_tables_end) die("kernel: the early page tables are too small");
  for (uint64_t i = 0; i < words; i++) table[i] = 0;
  return table;
}

enum { NORMAL = 0, DEVICE = 4 };  // Linux's attribute indices MT_NORMAL, MT_DEVICE_nGnRE

// Maps by the largest blocks that fit; everything is writable and executable at EL1 until Swift
// has built the final tables.
static void map(struct Tables *tables, uint64_t *root, uint64_t virtual, uint64_t physical,
                uint64_t size, uint64_t attribute) {
  uint64_t bits = tables->page_shift - 3;
  int levels = (int)((tables->va_bits - tables->page_shift + bits - 1) / bits);
  // AF, SH (inner; no such field with 52-bit output addresses on 4K and 16K), UXN.
  uint64_t flags = (uint64_t)1 << 54 | 1 << 10 | attribute << 2;
  if (!tables->large_output || tables->page_shift == 16) flags |= 3 << 8;
  while (size > 0) {
    uint64_t *table = root;
    for (int level = 4 - levels;; level++) {
      uint64_t shift = tables->page_shift + bits * (uint64_t)(3 - level);
      uint64_t index = virtual >> shift & (((uint64_t)1 << bits) - 1);
      if (level == 4 - levels) index = (virtual & (((uint64_t)1 << tables->va_bits) - 1)) >> shift;
      uint64_t step = (uint64_t)1 << shift;
      bool leaf = level == 3 || level == 2 || (level == 1 && tables->page_shift == 12);
      if (leaf && ((virtual | physical) & (step - 1)) == 0 && size >= step) {
        table[index] = physical | flags | (level == 3 ? 3 : 1);
        virtual += step, physical += step, size -= step;
        break;
      }
      if (!(table[index] & 1)) table[index] = (uint64_t)new_table(tables) | 3;
      table = (uint64_t *)(table[index] & 0x0000fffffffff000);
    }
  }
}

// MARK: The whole

// BoardFormat.BoardHeader's fields; BoardHeader.swift has their meaning.
struct Header {
  uint64_t magic;
  uint32_t version, options, page_shift, va_bits;
  uint64_t end;
};

static void check_geometry(uint64_t page_shift, uint64_t va_bits, bool large_output) {
  if (page_shift != 12 && page_shift != 14 && page_shift != 16)
    die("kernel: the board header asks for a page size that arm64 does not have");
  if (va_bits < 36 || va_bits > 52) die("kernel: the board header asks for impossible VA bits");
  uint64_t features;
  __asm__("mrs %0, id_aa64mmfr0_el1" : "=r"(features));
  uint64_t four = features >> 28 & 15, sixteen = features >> 20 & 15, sixty_four = features >> 24 & 15;
  bool has = page_shift == 12   ? four != 15 && (!large_output || four == 1)
             : page_shift == 14 ? sixteen != 0 && (!large_output || sixteen == 2)
                                : sixty_four != 15;
  if (!has) die("kernel: this CPU does not have that page size");
}

// ID_AA64MMFR2_EL1.VARange: 52-bit virtual addresses on 64K pages.
static bool has_large_virtual_addresses(void) {
  uint64_t features;
  __asm__("mrs %0, s3_0_c0_c7_2" : "=r"(features));
  return (features >> 16 & 15) != 0;
}

// As arch/arm64/mm/proc.S:__cpu_setup() chooses them.
static uint64_t translation_control(uint64_t page_shift, uint64_t va_bits, bool large_output,
                                    bool hardware_access_and_dirty) {
  uint64_t range;
  __asm__("mrs %0, id_aa64mmfr0_el1" : "=r"(range));
  range &= 15;
  if (range > 5 && !(large_output && range == 6)) range = 5;
  uint64_t tcr = (64 - va_bits) | (64 - va_bits) << 16;            // T0SZ, T1SZ
  tcr |= (uint64_t)0x3500 | (uint64_t)0x3500 << 16;                // inner, WBWA, both halves
  tcr |= page_shift == 12 ? 0 : page_shift == 14 ? 2 << 14 : 1 << 14;  // TG0
  tcr |= (uint64_t)(page_shift == 12 ? 2 : page_shift == 14 ? 1 : 3) << 30;  // TG1
  tcr |= range << 32 | (uint64_t)1 << 36 | (uint64_t)1 << 37;      // IPS, AS, TBI0
  if (hardware_access_and_dirty) tcr |= (uint64_t)3 << 39;         // HA, HD
  if (large_output && page_shift != 16) tcr |= (uint64_t)1 << 59;  // DS
  return tcr;
}

struct Rela { uint64_t offset, info, addend; };
extern struct Rela relocations_start[], relocations_end[];

// Called by Head.S at physical addresses.
struct KernelParameters *early_boot(const uint8_t *tree, uint64_t image) {
  struct KernelParameters *parameters = &kernel_parameters_writable;
  if (big32(tree) != 0xd00dfeed) die("kernel: no device tree in x0");
  uint32_t length;
  const uint8_t *method = property(tree, "psci", "method", &length);
  psci_uses_smc = method && method[0] == 's';

  const struct Header *header = (const struct Header *)header_address(tree);
  if (!header) die("kernel: the command line has no kilburn.board=0x...");
  if (header->magic != 0x314e5255424c494b)
    die("kernel: no board header where kilburn.board= points");
  uint8_t wanted = *(const uint8_t *)(image + 32);  // Head.S
  if ((header->version & 0xff) != wanted)
    end("kernel: the board file is of another version than this kernel's", OTHER_VERSION, wanted);

  uint64_t page_shift = header->page_shift, va_bits = header->va_bits;
  bool large_output = va_bits > 48;
  check_geometry(page_shift, va_bits, large_output && page_shift != 16);
  if (va_bits > 48 && page_shift == 16 && !has_large_virtual_addresses())
    die("kernel: this CPU does not have 52-bit virtual addresses");

  // arch/arm64/include/asm/memory.h: PAGE_OFFSET, _PAGE_END, KIMAGE_VADDR, VMEMMAP_START, and
  // fixmap.h: FIX_EARLYCON_MEM_BASE.
  uint64_t minimum_bits = va_bits > 48 ? 48 : va_bits;
  uint64_t page_offset = -((uint64_t)1 << va_bits);
  uint64_t image_virtual = -((uint64_t)1 << (minimum_bits - 1)) + (128 << 20);
  uint64_t vmemmap = -((uint64_t)1 << (va_bits - (page_shift - 6)));
  uint64_t fixmap_top = vmemmap - (32 << 20);
  uint64_t device_tree_pages = ((uint64_t)4 << 20 >> page_shift);
  uint64_t uart = fixmap_top - ((device_tree_pages + 1) << page_shift);

  uint64_t board_end = (uint64_t)header + 65536;
  if (header->end > board_end) board_end = header->end;

  if (board_end - RAM_BASE > (uint64_t)1 << (minimum_bits - 1))
    die("kernel: RAM and the files behind it do not fit the linear map of so few VA bits");

  parameters->linear_offset = page_offset - RAM_BASE;
  parameters->page_shift = page_shift;
  parameters->va_bits = va_bits;
  parameters->large_output = large_output;
  parameters->uart = uart;
  parameters->image_physical = image;
  parameters->image_virtual = image_virtual;
  parameters->image_size = (uint64_t)(image_end - image_start);
  parameters->header = (uint64_t)header;
  parameters->firmware_tree = (uint64_t)tree;
  parameters->psci_uses_smc = psci_uses_smc;
  parameters->board_end = board_end;
  parameters->tcr = translation_control(page_shift, va_bits, large_output, header->options & 1);
  parameters->mair = 0x000000040044ffff;  // arch/arm64/mm/proc.S: MAIR_EL1_SET

  struct Tables tables = {page_shift, va_bits, large_output, early_tables};
  uint64_t page_mask = ((uint64_t)1 << page_shift) - 1;
  uint64_t image_bytes = (parameters->image_size + page_mask) & ~page_mask;
  uint64_t *identity = new_table(&tables), *kernel = new_table(&tables);
  uint64_t largest = page_shift == 12 ? 1 << 30 : page_shift == 14 ? 32 << 20 : 512 << 20;
  uint64_t span = (board_end - RAM_BASE + largest - 1) & ~(largest - 1);
  map(&tables, identity, image, image, image_bytes, NORMAL);
  map(&tables, kernel, image_virtual, image, image_bytes, NORMAL);
  map(&tables, kernel, page_offset, RAM_BASE, span, NORMAL);
  map(&tables, kernel, uart, UART_PHYSICAL, page_mask + 1, DEVICE);
  parameters->early_ttbr0 = (uint64_t)identity;
  parameters->early_ttbr1 = (uint64_t)kernel;

  for (struct Rela *r = relocations_start; r < relocations_end; r++) {
    if ((r->info & 0xffffffff) != 1027) die("kernel: the image has a relocation of unknown kind");
    *(uint64_t *)(image + r->offset) = image_virtual + r->addend;
  }
  return parameters;
}
