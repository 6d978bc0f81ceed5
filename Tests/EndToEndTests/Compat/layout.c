// The address space of a 32-bit program, and its end: what is where, and what mmap and its family
// say near 4G.
#define _GNU_SOURCE
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

extern char **environ;

static void show(const char *what, void *p) {
  if (p == MAP_FAILED) printf("%s: %s\n", what, strerrorname_np(errno));
  else printf("%s: %08lx\n", what, (unsigned long)p);
}
static void *raw(uintptr_t at, size_t length, int prot, int flags) {
  return (void *)syscall(SYS_mmap2, at, length, prot, flags | MAP_ANONYMOUS | MAP_PRIVATE, -1, 0);
}
static void maps(const char *title) {
  static char text[16384];
  int fd = open("/proc/self/maps", O_RDONLY);
  ssize_t n = 0, k;
  while ((k = read(fd, text + n, sizeof text - 1 - n)) > 0) n += k;
  close(fd);
  text[n] = 0;
  printf("%s\n", title);
  for (char *line = strtok(text, "\n"); line; line = strtok(0, "\n")) {
    char range[32], rights[8], name[128] = "";
    unsigned long long offset;
    sscanf(line, "%31s %7s %llx %*s %*s %127s", range, rights, &offset, name);
    printf("  %s %s %08llx %s\n", range, rights, offset, name);
  }
}

int main(int argc, char **argv) {
  setvbuf(stdout, 0, _IOFBF, 1 << 16);
  maps("maps");
  // The auxiliary vector lies behind the environment.
  char **e = environ;
  while (*e) e++;
  for (Elf32_auxv_t *a = (void *)(e + 1);; a++) {
    unsigned long value = a->a_un.a_val;
    if (a->a_type == AT_HWCAP) value &= ~(1ul << 21);  // EVTSTRM
    printf("auxv %2u %08lx\n", a->a_type, value);
    if (a->a_type == AT_NULL) break;
  }
  printf("platform %s execfn %s argc %d\n", (char *)getauxval(AT_PLATFORM),
         (char *)getauxval(AT_EXECFN), argc);
  printf("argv %p env %p argv[0] %p sp %% 8 = %lu\n", (void *)argv, (void *)environ, argv[0],
         (unsigned long)__builtin_frame_address(0) & 7);
  printf("brk %08lx\n", (unsigned long)syscall(SYS_brk, 0));

  show("mmap", raw(0, 4096, 3, 0));
  show("mmap 1M", raw(0, 1 << 20, 3, 0));
  show("hint 50000000", raw(0x50000000, 4096, 3, 0));
  show("hint ffff1000", raw(0xffff1000, 4096, 3, 0));
  show("hint fffff000", raw(0xfffff000, 4096, 3, 0));
  show("fixed ffff1000", raw(0xffff1000, 4096, 3, MAP_FIXED));
  show("fixed ffffe000", raw(0xffffe000, 4096, 3, MAP_FIXED));
  show("fixed ffffe000, two pages", raw(0xffffe000, 8192, 3, MAP_FIXED));
  show("fixed fffff000", raw(0xfffff000, 4096, 3, MAP_FIXED));
  show("noreplace ffff0000", raw(0xffff0000, 4096, 3, MAP_FIXED_NOREPLACE));
  show("misaligned fixed", raw(0x60000001, 4096, 3, MAP_FIXED));
  show("length 0", raw(0, 0, 3, 0));
  show("length fffff000", raw(0, 0xfffff000, 0, MAP_NORESERVE));
  show("length ffffffff", raw(0, 0xffffffff, 0, MAP_NORESERVE));
  show("length e0000000", raw(0, 0xe0000000, 0, MAP_NORESERVE));
  void *large = raw(0, 0xa0000000, 0, MAP_NORESERVE);
  show("length a0000000", large);
  if (large != MAP_FAILED) munmap(large, 0xa0000000);
  printf("munmap ffff1000 %ld\n", syscall(SYS_munmap, 0xffff1000, 4096));
  printf("munmap ffffe000 two pages %ld %s\n", syscall(SYS_munmap, 0xffffe000, 8192),
         strerrorname_np(errno));
  printf("munmap ffffe000 %ld\n", syscall(SYS_munmap, 0xffffe000, 4096));
  show("mremap to ffff1000",
       mremap(raw(0, 4096, 3, 0), 4096, 4096, MREMAP_MAYMOVE | MREMAP_FIXED, (void *)0xffff1000));
  show("mremap grows at ffff1000", mremap((void *)0xffff1000, 4096, 0xe000, 0));
  show("mremap over the end", mremap((void *)0xffff1000, 0xe000, 0xf000, 0));
  show("mremap moves", mremap((void *)0xffff1000, 0xe000, 0xf000, MREMAP_MAYMOVE));
  show("mremap to fffff000",
       mremap(raw(0, 4096, 3, 0), 4096, 4096, MREMAP_MAYMOVE | MREMAP_FIXED, (void *)0xfffff000));
  unsigned long b = syscall(SYS_brk, 0);
  printf("brk f0000000 %d\n", (unsigned long)syscall(SYS_brk, 0xf0000000) == b);
  printf("brk up %d\n", (unsigned long)syscall(SYS_brk, b + 0x123456) == b + 0x123456);
  printf("brk down %d\n", (unsigned long)syscall(SYS_brk, b) == b);
  printf("mprotect vectors %d %s\n", mprotect((void *)0xffff0000, 4096, PROT_READ | PROT_WRITE),
         strerrorname_np(errno));
  printf("mprotect fffff000 %ld %s\n", syscall(SYS_mprotect, 0xfffff000, 4096, 1),
         strerrorname_np(errno));
  show("offset 12G", (void *)syscall(SYS_mmap2, 0, 4096, PROT_READ, MAP_PRIVATE,
                                      open("/proc/self/exe", O_RDONLY), 0x300000));
  printf("read to ffffffff: %ld %s\n", syscall(SYS_read, 0, 0xffffff00, 0x1000),
         strerrorname_np(errno));
  // The stack grows, as far as its limit.
  volatile char *p = (char *)__builtin_frame_address(0) - 1000000;
  *p = 1;
  struct rlimit limit;
  getrlimit(RLIMIT_STACK, &limit);
  printf("stack %lu\n", (unsigned long)limit.rlim_cur);
  maps("maps at the end");
  return 0;
}
