// Figures of memory that must agree with each other, whatever the machine.
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static char text[1 << 16];

static void slurp(const char *path) {
  int fd = open(path, O_RDONLY);
  long n = 0, k;
  while ((k = read(fd, text + n, sizeof text - 1 - n)) > 0) n += k;
  text[n] = 0;
  close(fd);
}

static long value(const char *path, const char *key) {
  slurp(path);
  char *p = text;
  long l = strlen(key);
  while (p && strncmp(p, key, l)) p = strchr(p, '\n') ? strchr(p, '\n') + 1 : 0;
  return p ? atol(p + l) : -1;
}
static long mem(const char *key) { return value("/proc/meminfo", key); }
static long stat(const char *key) { return value("/proc/vmstat", key); }
static void is(const char *what, int yes) { printf("%-50s %s\n", what, yes ? "yes" : "NO"); }

int main(void) {
  setvbuf(stdout, 0, _IONBF, 0);
  long PS = sysconf(_SC_PAGESIZE), K = PS / 1024;
  memset(text, 1, sizeof text);
  is("MemFree below MemTotal", mem("MemFree:") < mem("MemTotal:"));
  is("Slab is its two parts", mem("Slab:") == mem("SReclaimable:") + mem("SUnreclaim:"));
  is("KReclaimable holds SReclaimable", mem("KReclaimable:") >= mem("SReclaimable:"));
  is("Active is anon and file", mem("Active:") == mem("Active(anon):") + mem("Active(file):"));
  is("Inactive is anon and file", mem("Inactive:") == mem("Inactive(anon):") + mem("Inactive(file):"));
  is("Cached holds Shmem", mem("Cached:") >= mem("Shmem:"));
  is("no swap", !mem("SwapTotal:") && !mem("SwapFree:") && !mem("SwapCached:"));
  is("CommitLimit is half of memory", labs(mem("CommitLimit:") - mem("MemTotal:") / 2) <= K);
  is("vmstat: nr_free_pages is MemFree", labs(stat("nr_free_pages ") * K - mem("MemFree:")) <= 16 * K);
  is("vmstat: nr_shmem is Shmem", stat("nr_shmem ") * K == mem("Shmem:"));
  is("vmstat: nr_mapped is Mapped", labs(stat("nr_mapped ") * K - mem("Mapped:")) <= 16 * K);
  is("vmstat: nr_anon_pages is AnonPages", labs(stat("nr_anon_pages ") * K - mem("AnonPages:")) <= 16 * K);
  is("vmstat: nr_kernel_stack is KernelStack", stat("nr_kernel_stack ") == mem("KernelStack:"));
  is("vmstat: nr_page_table_pages is PageTables", labs(stat("nr_page_table_pages ") * K - mem("PageTables:")) <= 16 * K);
  long free = 0;
  slurp("/proc/buddyinfo");
  for (char *l = strtok(text, "\n"); l; l = strtok(0, "\n")) {
    char *p = strstr(l, "zone") + 4;
    while (*p == ' ') p++;
    while (*p && *p != ' ') p++;
    for (int o = 0; o <= 13 && *p; o++) free += strtol(p, &p, 10) << o;
  }
  is("buddyinfo adds up to MemFree", labs(free * K - mem("MemFree:")) <= 64 * K);
  // What a program does shows in the figures.
  long before = mem("AnonPages:"), n = 500;
  char *p = mmap(0, n * PS, 3, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  memset(p, 1, n * PS);
  is("AnonPages grew by what was written", labs(mem("AnonPages:") - before - n * K) <= 32 * K);
  munmap(p, n * PS);
  is("and shrank again", labs(mem("AnonPages:") - before) <= 32 * K);
  before = mem("Shmem:");
  long mapped = mem("Mapped:"), cached = mem("Cached:");
  p = mmap(0, n * PS, 3, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  memset(p, 1, n * PS);
  is("Shmem grew by what was shared", labs(mem("Shmem:") - before - n * K) <= 32 * K);
  is("Mapped too", labs(mem("Mapped:") - mapped - n * K) <= 32 * K);
  is("Cached too", labs(mem("Cached:") - cached - n * K) <= 32 * K);
  munmap(p, n * PS);
  is("Shmem shrank again", labs(mem("Shmem:") - before) <= 32 * K);
  before = mem("Committed_AS:");
  p = mmap(0, n * PS, 3, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  is("Committed_AS grew by what was promised", mem("Committed_AS:") - before == n * K);
  munmap(p, n * PS);
  is("and shrank again", mem("Committed_AS:") == before);
  long faults = stat("pgfault "), allocated = stat("pgalloc_dma ");
  p = mmap(0, n * PS, 3, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  for (long i = 0; i < n; i++) p[i * PS] = 1;
  is("a fault a page", stat("pgfault ") - faults == n);
  long taken = stat("pgalloc_dma ") - allocated - n;
  is("a frame a page, and page tables", taken >= 0 && taken <= 8);
  // A process's own figures.
  long rss = value("/proc/self/smaps_rollup", "Rss:"), anon = value("/proc/self/smaps_rollup", "Anonymous:");
  long sum = 0, asum = 0;
  slurp("/proc/self/smaps");
  for (char *q = text; (q = strstr(q, "\nRss:")); q++) sum += atol(q + 5);
  for (char *q = text; (q = strstr(q, "\nAnonymous:")); q++) asum += atol(q + 11);
  is("smaps adds up to smaps_rollup: Rss", rss == sum);
  is("smaps adds up to smaps_rollup: Anonymous", anon == asum);
  is("status: VmRSS near Rss", labs(value("/proc/self/status", "VmRSS:") - rss) <= 200 * K);
  is("status: VmHWM at least VmRSS", value("/proc/self/status", "VmHWM:") >= value("/proc/self/status", "VmRSS:"));
  is("status: VmPeak at least VmSize", value("/proc/self/status", "VmPeak:") >= value("/proc/self/status", "VmSize:"));
  is("status: Rss is its parts", value("/proc/self/status", "VmRSS:") == value("/proc/self/status", "RssAnon:") + value("/proc/self/status", "RssFile:") + value("/proc/self/status", "RssShmem:"));
  slurp("/proc/self/statm");
  long size = strtol(text, 0, 10);
  is("statm: size is VmSize", size * K == value("/proc/self/status", "VmSize:"));
  // Zones.
  long managed = 0, present = 0;
  slurp("/proc/zoneinfo");
  for (char *q = text; (q = strstr(q, "managed ")); q++) managed += atol(q + 8);
  for (char *q = text; (q = strstr(q, "present ")); q++) present += atol(q + 8);
  is("zoneinfo: managed adds up to MemTotal", managed * K == mem("MemTotal:"));
  is("zoneinfo: present is more", present > managed);
  return 0;
}
