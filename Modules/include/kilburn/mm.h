// Pages, vmalloc, permissions, copies from and to programs.
#ifndef KILBURN_MM_H
#define KILBURN_MM_H

#include <kilburn/bug.h>
#include <kilburn/kasan.h>
#include <kilburn/slab.h>
#include <kilburn/string.h>
#include <kilburn/types.h>

// The page size is known when the module runs: one module serves 4K, 16K and 64K.
unsigned kilburn_page_shift(void) __attribute__((const));
unsigned long kilburn_linear_offset(void) __attribute__((const));
#define PAGE_SHIFT kilburn_page_shift()
#define PAGE_SIZE (1ul << PAGE_SHIFT)
#define PAGE_MASK (~(PAGE_SIZE - 1))
#define PAGE_ALIGN(x) (((x) + PAGE_SIZE - 1) & PAGE_MASK)
#define offset_in_page(x) ((unsigned long)(x) & ~PAGE_MASK)

struct page;
struct page *alloc_pages(gfp_t flags, unsigned order);
void __free_pages(struct page *page, unsigned order);
unsigned long __get_free_pages(gfp_t flags, unsigned order);
void free_pages(unsigned long address, unsigned order);
void *page_address(const struct page *page);
struct page *virt_to_page(const void *address);
unsigned long page_to_pfn(const struct page *page);
#define alloc_page(flags) alloc_pages(flags, 0)
#define __free_page(page) __free_pages(page, 0)
#define __get_free_page(flags) __get_free_pages(flags, 0)
#define get_zeroed_page(flags) __get_free_pages((flags) | __GFP_ZERO, 0)
#define free_page(address) free_pages(address, 0)
#define page_to_virt(page) page_address(page)
#define virt_to_phys(address) ((phys_addr_t)(unsigned long)(address) - kilburn_linear_offset())
#define __pa(address) virt_to_phys(address)
#define phys_to_virt(address) ((void *)(unsigned long)((address) + kilburn_linear_offset()))
#define __va(address) phys_to_virt(address)
#define page_to_phys(page) virt_to_phys(page_address(page))
static inline unsigned get_order(unsigned long size) {
  unsigned order = 0;
  while ((PAGE_SIZE << order) < size) order++;
  return order;
}

void *__vmalloc(unsigned long size, gfp_t flags);
void *vmalloc_user(unsigned long size);
void *kilburn_vmap(struct page **pages, unsigned count);
void vfree(const void *address);
void vfree_atomic(const void *address);
void vunmap(const void *address);
bool is_vmalloc_addr(const void *address);
struct page *vmalloc_to_page(const void *address);
#define vmalloc(size) __vmalloc(size, GFP_KERNEL)
#define vzalloc(size) __vmalloc(size, GFP_KERNEL | __GFP_ZERO)
#define vmap(pages, count, flags, protection) kilburn_vmap(pages, count)
static inline void kvfree(const void *address) {
  if (is_vmalloc_addr(address)) vfree(address); else kfree(address);
}
// As kvmalloc(): a page or less from the slabs, more from them if they have it at once.
static inline void *kvmalloc(size_t size, gfp_t flags) {
  void *memory = kmalloc(size, size > PAGE_SIZE ? flags | __GFP_NOWARN | __GFP_NORETRY : flags);
  return memory || size <= PAGE_SIZE ? memory : __vmalloc(size, flags);
}
#define kvzalloc(size, flags) kvmalloc(size, (flags) | __GFP_ZERO)
#define kvmalloc_array(count, size, flags) kvmalloc((count) * (size), flags)

#define VM_MAP 0x4
#define PAGE_KERNEL 0

// A device's registers. RAM is refused: it is mapped already, with other attributes.
void __iomem *ioremap(phys_addr_t address, size_t size);
void iounmap(volatile void __iomem *registers);
#define readb(place) (*(const volatile u8 __iomem *)(place))
#define readw(place) (*(const volatile u16 __iomem *)(place))
#define readl(place) (*(const volatile u32 __iomem *)(place))
#define readq(place) (*(const volatile u64 __iomem *)(place))
#define writeb(value, place) (*(volatile u8 __iomem *)(place) = (value))
#define writew(value, place) (*(volatile u16 __iomem *)(place) = (value))
#define writel(value, place) (*(volatile u32 __iomem *)(place) = (value))
#define writeq(value, place) (*(volatile u64 __iomem *)(place) = (value))

int kilburn_set_memory(unsigned long address, int pages, unsigned kind);
#define set_memory_ro(address, pages) kilburn_set_memory(address, pages, 0)
#define set_memory_rw(address, pages) kilburn_set_memory(address, pages, 1)
#define set_memory_x(address, pages) kilburn_set_memory(address, pages, 2)
#define set_memory_nx(address, pages) kilburn_set_memory(address, pages, 3)

// What was not copied.
unsigned long __arch_copy_to_user(void __user *to, const void *from, unsigned long length);
unsigned long __arch_copy_from_user(void *to, const void __user *from, unsigned long length);
unsigned long clear_user(void __user *to, unsigned long length);
long strncpy_from_user(char *to, const char __user *from, long room);
#ifdef CONFIG_HARDENED_USERCOPY
// Ends the caller if the kernel's side lies in no one object.
void __check_object_size(const void *pointer, unsigned long length, bool to_user);
#define check_object_size(pointer, length, to_user) \
  (__builtin_constant_p(length) ? (void)0 : __check_object_size(pointer, length, to_user))
#else
#define check_object_size(pointer, length, to_user) ((void)0)
#endif
// A copy longer than an object that the compiler knows the size of is not made
// (include/linux/thread_info.h: check_copy_size()).
#define __copy_fits(object, length, to_user)                                            \
  ({                                                                                    \
    size_t __room = __builtin_object_size(object, 0);                                   \
    bool __fits =                                                                       \
        !WARN(__room != (size_t)-1 && __room < (length),                                \
              "Buffer overflow detected (%d < %lu)!\n", (int)__room,                    \
              (unsigned long)(length));                                                 \
    if (__fits) check_object_size(object, length, to_user);                             \
    __fits;                                                                             \
  })
#define __copy_to_user(to, from, length)                                                \
  ({                                                                                    \
    const void *__from = (from);                                                        \
    unsigned long __length = (length);                                                  \
    __kasan_check_read(__from, __length) ? __arch_copy_to_user(to, __from, __length)    \
                                         : __length;                                    \
  })
#define __copy_from_user(to, from, length)                                              \
  ({                                                                                    \
    void *__into = (to);                                                                \
    unsigned long __wanted = (length);                                                  \
    __kasan_check_write(__into, __wanted) ? __arch_copy_from_user(__into, from, __wanted) \
                                          : __wanted;                                   \
  })
#define copy_to_user(to, from, length) \
  (__copy_fits(from, length, true) ? __copy_to_user(to, from, length) : (length))
#define copy_from_user(to, from, length)                                                \
  ({                                                                                    \
    unsigned long __bytes = (length), __left = __bytes;                                 \
    if (__copy_fits(to, __bytes, false) && __kasan_check_write(to, __bytes)) {                 \
      __left = __arch_copy_from_user(to, from, __bytes);                                \
      if (__left) memset((char *)(to) + __bytes - __left, 0, __left);                   \
    }                                                                                   \
    __left;                                                                             \
  })
#define __copy_to_user_inatomic(to, from, length) __copy_to_user(to, from, length)
#define __copy_from_user_inatomic(to, from, length) __copy_from_user(to, from, length)
long kilburn_map_user(unsigned long length);
// Anonymous memory of the program; file, address and protection are as if they were the usual ones.
#define vm_mmap(file, address, length, protection, flags, offset) \
  ((unsigned long)kilburn_map_user(length))
int vm_munmap(unsigned long address, unsigned long length);
#define PROT_READ 1
#define PROT_WRITE 2
#define PROT_EXEC 4
#define MAP_PRIVATE 2
#define MAP_ANONYMOUS 32

#endif
