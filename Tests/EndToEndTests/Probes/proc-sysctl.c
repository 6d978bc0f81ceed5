// Settings of /proc/sys: what they say, which values they take, and what a bad one answers.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *E(long r) { return r < 0 ? strerrorname_np(errno) : "ok"; }

static void show(const char *name) {
  char path[128], b[256];
  snprintf(path, sizeof path, "/proc/sys/%s", name);
  struct stat s;
  int t = stat(path, &s);
  int fd = open(path, O_RDONLY);
  long n = fd < 0 ? -1 : read(fd, b, 255);
  if (n >= 0) b[n] = 0; else snprintf(b, sizeof b, "%s\n", E(-1));
  printf("%s %o %lld: %s", name, t ? 0 : s.st_mode, (long long)s.st_size, b);
  close(fd);
}

static void put(const char *name, const char *value) {
  char path[128], b[64] = "";
  snprintf(path, sizeof path, "/proc/sys/%s", name);
  int fd = open(path, O_WRONLY);
  long r = fd < 0 ? -1 : write(fd, value, strlen(value));
  const char *e = E(r);
  close(fd);
  fd = open(path, O_RDONLY);
  long n = fd < 0 ? 0 : read(fd, b, 63);
  b[n > 0 ? n : 0] = 0;
  if (n > 0 && b[n - 1] == '\n') b[n - 1] = 0;
  close(fd);
  printf("  %s <- \"", name);
  for (const char *p = value; *p; p++) if (*p == '\n') printf("\\n"); else putchar(*p);
  printf("\": %ld %s, now %s\n", r, e, b);
}

int main(void) {
  setvbuf(stdout, 0, _IONBF, 0);
  const char *names[] = {"vm/admin_reserve_kbytes", "vm/compact_unevictable_allowed", "vm/compaction_proactiveness",
    "vm/dirty_background_bytes", "vm/dirty_background_ratio", "vm/dirty_bytes", "vm/dirty_expire_centisecs",
    "vm/dirty_ratio", "vm/dirty_writeback_centisecs", "vm/dirtytime_expire_seconds", "vm/extfrag_threshold",
    "vm/hugetlb_shm_group", "vm/laptop_mode", "vm/legacy_va_layout", "vm/lowmem_reserve_ratio", "vm/max_map_count",
    "vm/mmap_min_addr", "vm/nr_hugepages", "vm/nr_overcommit_hugepages", "vm/oom_dump_tasks",
    "vm/oom_kill_allocating_task", "vm/overcommit_kbytes", "vm/overcommit_memory", "vm/overcommit_ratio",
    "vm/page-cluster", "vm/page_lock_unfairness", "vm/panic_on_oom", "vm/percpu_pagelist_high_fraction",
    "vm/stat_interval", "vm/swappiness", "vm/unprivileged_userfaultfd", "vm/vfs_cache_pressure",
    "vm/watermark_boost_factor", "vm/watermark_scale_factor", "vm/compact_memory", "vm/drop_caches",
    "vm/nothing", "kernel/arch", "kernel/cap_last_cap", "kernel/core_pattern", "kernel/domainname", "kernel/msgmax",
    "kernel/ngroups_max", "kernel/ostype", "kernel/overflowuid", "kernel/panic", "kernel/pid_max", "kernel/printk",
    "kernel/randomize_va_space", "kernel/sem", "kernel/shm_rmid_forced", "kernel/shmall", "kernel/shmmax", "kernel/shmmni",
    "kernel/sysctl_writes_strict", "kernel/tainted", "fs/aio-max-nr", "fs/mount-max", "fs/overflowgid", "fs/pipe-max-size",
    "fs/protected_symlinks", "fs/suid_dumpable"};
  for (unsigned i = 0; i < sizeof names / sizeof *names; i++) show(names[i]);

  const char *values[] = {"1", "0", "2", "3", "-1", "101", "", "\n", " ", "x", "1x", "1 ", "1\n", " 1\n", "1 2", "0x1", "01", "08",
    "99999999999", "18446744073709551615", "18446744073709551616", "1.5", "--1", "-", "+1"};
  const char *writable[] = {"vm/overcommit_memory", "vm/swappiness", "vm/overcommit_kbytes", "vm/compact_unevictable_allowed"};
  for (unsigned k = 0; k < sizeof writable / sizeof *writable; k++) {
    for (unsigned i = 0; i < sizeof values / sizeof *values; i++) put(writable[k], values[i]);
  }
  put("vm/overcommit_memory", "0\n");
  put("vm/overcommit_ratio", "-5");
  put("vm/overcommit_ratio", "50");
  put("vm/swappiness", "200");
  put("vm/swappiness", "201");
  put("vm/max_map_count", "-1");
  put("vm/max_map_count", "2147483648");
  put("vm/max_map_count", "65530");
  put("vm/dirty_ratio", "0");
  put("vm/dirty_ratio", "30");
  put("vm/dirty_background_bytes", "0");
  put("vm/dirty_background_bytes", "1048576");
  show("vm/dirty_background_ratio");
  put("vm/dirty_background_ratio", "10");
  show("vm/dirty_background_bytes");
  put("vm/watermark_scale_factor", "0");
  put("vm/watermark_scale_factor", "3001");
  put("vm/panic_on_oom", "3");
  put("vm/extfrag_threshold", "1001");
  put("vm/drop_caches", "0");
  put("vm/drop_caches", "5");
  put("vm/drop_caches", "1");
  put("vm/drop_caches", "3\n");
  put("kernel/ostype", "Minix");
  put("kernel/msgmni", "40000");
  put("kernel/pid_max", "100");
  put("kernel/printk", "4 4 1 7");
  put("kernel/printk", "4");
  put("kernel/printk", "x");
  put("fs/suid_dumpable", "3");

  // Numbers are read from the beginning, and what does not fit is lost.
  char b[16];
  int fd = open("/proc/sys/vm/max_map_count", O_RDWR);
  printf("read 1: %zd", read(fd, b, 1));
  printf(", then %zd\n", read(fd, b, 15));
  printf("pread at 2: %zd\n", pread(fd, b, 15, 2));
  printf("seek 0: %ld, read %zd\n", (long)lseek(fd, 0, SEEK_SET), read(fd, b, 15));
  printf("seek end: %ld\n", (long)lseek(fd, 0, SEEK_END));
  long r = pwrite(fd, "7", 1, 3);
  printf("pwrite at 3: %ld %s\n", r, E(r));
  show("vm/max_map_count");
  close(fd);
  fd = open("/proc/sys/kernel/ostype", O_RDONLY);
  memset(b, 0, sizeof b);
  printf("ostype by threes:");
  while ((r = read(fd, b, 3)) > 0) { b[r] = 0; printf(" %ld", r); }
  printf("\n");
  close(fd);

  // Who may.
  if (!fork()) {
    setresgid(1000, 1000, 1000);
    setresuid(1000, 1000, 1000);
    put("vm/overcommit_memory", "1");
    put("vm/mmap_min_addr", "4096");
    show("vm/mmap_rnd_bits");
    _exit(0);
  }
  wait(0);
  return 0;
}
