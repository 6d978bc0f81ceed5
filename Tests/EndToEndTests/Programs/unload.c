// unload SMALL.ko LARGE.ko: loads and unloads the large module, and holds what slabinfo,
// vmallocinfo and meminfo say against what they said before, to the last number.
//
// The small one is loaded before each look: its making executable ends the lazy areas of whatever
// was unmapped before (vm_unmap_aliases()), and leaves the same behind each time.
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static void put(const char *path, const char *text) {
  int fd = open(path, O_WRONLY);
  if (fd < 0 || write(fd, text, strlen(text)) < 0) printf("%s: %m\n", path);
  close(fd);
}

static void load(const char *path, const char *name) {
  int fd = open(path, O_RDONLY);
  if (syscall(SYS_finit_module, fd, "", 0)) printf("%s: %m\n", path);
  close(fd);
  if (syscall(SYS_delete_module, name, 0)) printf("delete %s: %m\n", name);
}

static int slurp(const char *path, char *into, int at) {
  int n, fd = open(path, O_RDONLY);
  while ((n = read(fd, into + at, (1 << 18) - 1 - at)) > 0) at += n;
  close(fd);
  into[at] = 0;
  return at;
}

static void look(const char *small, char *into) {
  load(small, "hello");
  DIR *caches = opendir("/sys/kernel/slab");
  for (struct dirent *entry; (entry = readdir(caches));) {
    char path[320];
    if (*entry->d_name == '.' || entry->d_type == DT_LNK) continue;
    snprintf(path, sizeof path, "/sys/kernel/slab/%s/shrink", entry->d_name);
    put(path, "1");
  }
  closedir(caches);
  put("/proc/sys/vm/stat_refresh", "1");
  int end = slurp("/proc/slabinfo", into, 0);
  end = slurp("/proc/vmallocinfo", into, end);
  char *figures = into + end;
  slurp("/proc/meminfo", into, end);
  static const char *const names[] = {"Slab:", "SReclaimable:", "SUnreclaim:", "VmallocUsed:",
                                      "Percpu:", "KernelStack:"};
  static char kept[4096];
  int length = 0;
  for (int i = 0; i < sizeof names / sizeof *names; i++) {
    char *line = strstr(figures, names[i]);
    length += sprintf(kept + length, "%.*s\n", (int)strcspn(line, "\n"), line);
  }
  strcpy(figures, kept);
}

int main(int argc, char **argv) {
  static char first[1 << 18], before[1 << 18], after[1 << 18];
  look(argv[1], first);  // what the files' names and pages take is made by the first time
  // Twice: which slabs the areas that stay are in depends on what was free the first time.
  for (int i = 0; i < 2; i++) {
    load(argv[2], "kcosts");
    look(argv[1], before);
  }
  load(argv[2], "kcosts");
  look(argv[1], after);
  char *a = before, *b = after;
  int differences = 0;
  while (*a || *b) {
    int n = strcspn(a, "\n"), m = strcspn(b, "\n");
    if (n != m || memcmp(a, b, n)) {
      printf("before: %.*s\nafter:  %.*s\n", n, a, m, b);
      differences++;
    }
    a += n + (a[n] != 0);
    b += m + (b[m] != 0);
  }
  printf("%ld bytes, %d differences\n", (long)strlen(before), differences);
  return differences != 0;
}
