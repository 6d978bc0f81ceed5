// Private views of a file that are locked: whether they still follow the file.
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

static long page;
static int file;
static volatile long *shared;

static volatile long *view(int pages, int protection) {
  return mmap(NULL, pages * page, protection, MAP_PRIVATE, file, 0);
}

static void fill(long value) {
  for (int i = 0; i < 3; i++) shared[i * page / sizeof(long)] = value;
}

static void lock(volatile long *at, int pages, int flags) {
  long result = syscall(SYS_mlock2, at, pages * page, flags);
  printf("mlock2 %d: %s\n", flags, result == 0 ? "yes" : strerror(errno));
}

static void show(const char *name, volatile long *at, int pages) {
  printf("%s:", name);
  for (int i = 0; i < pages; i++) printf(" %ld", at[i * page / sizeof(long)]);
  printf("\n");
}

int main(void) {
  page = sysconf(_SC_PAGESIZE);
  file = memfd_create("views", 0);
  ftruncate(file, 3 * page);
  shared = mmap(NULL, 3 * page, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  for (int flags = 0; flags < 2; flags++) {
    fill(1);
    volatile long *writable = view(3, PROT_READ | PROT_WRITE);
    volatile long *readable = view(3, PROT_READ);
    volatile long *opened = view(3, PROT_READ);
    volatile long *grown = view(1, PROT_READ | PROT_WRITE);
    volatile long *longer = view(4, PROT_READ | PROT_WRITE);
    lock(writable, 3, flags);
    lock(readable, 3, flags);
    lock(opened, 3, flags);
    lock(grown, 1, flags);
    lock(longer, 4, flags);
    mprotect((void *)opened, 3 * page, PROT_READ | PROT_WRITE);
    grown = mremap((void *)grown, page, 3 * page, MREMAP_MAYMOVE);
    fill(2);
    show("writable", writable, 3);
    show("readable", readable, 3);
    show("opened", opened, 3);
    show("grown", grown, 3);
    show("longer", longer, 3);
  }
  return 0;
}
