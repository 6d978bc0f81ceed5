// kernel-sums: after a mixed load, each figure of /proc/meminfo that stands for something else that
// can be read, beside the sum of that: NAME FIGURE SUM, in kB.
#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static char text[1 << 20], other[1 << 20];
static long page;

static char *slurp(const char *path, char *into) {
  long at = 0, n;
  int fd = open(path, O_RDONLY);
  if (fd >= 0) {
    while ((n = read(fd, into + at, (1 << 20) - 1 - at)) > 0) at += n;
    close(fd);
  }
  into[at] = 0;
  return into;
}

static long figure(const char *meminfo, const char *name) {
  const char *line = strstr(meminfo, name);
  return line ? strtol(line + strlen(name), NULL, 10) : -1;
}

// Counters of a processor are told now, not within a second.
static void refresh(void) {
  int fd = open("/proc/sys/vm/stat_refresh", O_WRONLY);
  if (fd < 0 || write(fd, "1", 1) != 1) puts("stat_refresh failed");
  close(fd);
}

// MARK: Load

static void *sleeper(void *unused) {
  for (;;) pause();
  return unused;
}

static void child(int number) {
  pthread_t thread;
  for (int i = 0; i < number; i++) pthread_create(&thread, NULL, sleeper, NULL);
  for (int i = 0; i < 20 * number; i++) {
    char *area = mmap(NULL, 4 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (area != MAP_FAILED) area[i % 3 << 20] = 1;
    if (i % 4 == 0) munmap(area, 4 << 20);
  }
  mmap((void *)(3ul << 39), page, PROT_READ | PROT_WRITE,
       MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE | MAP_POPULATE, -1, 0);
  for (int i = 0; i < 40; i++) {
    char name[64];
    int ends[2];
    snprintf(name, sizeof name, "/tmp/a-name-that-has-its-own-buffer-as-it-is-long-%d-%d", number, i);
    int fd = open(name, O_RDWR | O_CREAT, 0600);
    if (fd >= 0 && i % 2) write(fd, text, 5000);
    if (i % 8 == 0) pipe(ends);
    if (i % 8 == 1) socketpair(AF_UNIX, SOCK_STREAM, 0, ends);
    if (i % 3 == 0) unlink(name);
  }
  for (;;) pause();
}

// MARK: Sums

static long slabs(void) {
  long pages = 0;
  for (char *line = slurp("/proc/slabinfo", other); line && *line; line = strchr(line, '\n')) {
    if (*line == '\n') line++;
    long perSlab, count;
    if (sscanf(line, "%*s %*d %*d %*d %*d %ld : tunables %*d %*d %*d : slabdata %*d %ld", &perSlab,
               &count) == 2)
      pages += perSlab * count;
  }
  return pages * page / 1024;
}

static long areas(void) {
  long pages = 0;
  for (char *at = slurp("/proc/vmallocinfo", other); (at = strstr(at, "pages=")); at++)
    pages += strtol(at + 6, NULL, 10);
  return pages * page / 1024;
}

// Tasks, and the tables of all processes but the upper levels, which are not counted.
static void walk(long *tasks, long *tables) {
  *tasks = *tables = 0;
  DIR *proc = opendir("/proc");
  for (struct dirent *entry; (entry = readdir(proc));) {
    int pid = atoi(entry->d_name);
    char path[64];
    if (!pid) continue;
    snprintf(path, sizeof path, "/proc/%d/status", pid);
    *tasks += figure(slurp(path, other), "Threads:");
    long bytes = figure(other, "VmPTE:");
    if (bytes > 0) *tables += bytes;
    // With four levels the stack is high up, and there are tables above the counted ones.
    if (page != 4096 || (unsigned long)&proc >> 39 == 0) continue;
    snprintf(path, sizeof path, "/proc/%d/smaps", pid);
    unsigned long upper[8], range = 0;
    int count = 0;
    for (char *line = slurp(path, other); line && *line; line = strchr(line, '\n')) {
      if (*line == '\n') line++;
      unsigned long start, end;
      long resident;
      if (sscanf(line, "%lx-%lx ", &start, &end) == 2) range = start >> 39;
      if (sscanf(line, "Rss: %ld", &resident) == 1 && resident > 0) {
        int i = 0;
        while (i < count && upper[i] != range) i++;
        if (i == count && count < 8) upper[count++] = range;
      }
    }
    *tables -= count * 4;
  }
  closedir(proc);
}

int main(void) {
  page = sysconf(_SC_PAGESIZE);
  pid_t children[6];
  setvbuf(stdout, malloc(1 << 16), _IOFBF, 1 << 16);
  for (int i = 0; i < 6; i++)
    if (!(children[i] = fork())) child(i);
  for (int i = 0; i < 6; i++)  // until all have come to rest
    for (char state = 0; state != 'S';) {
      char path[64];
      usleep(20000);
      snprintf(path, sizeof path, "/proc/%d/stat", children[i]);
      state = *(strchr(slurp(path, text), ')') + 2);
    }
  for (int i = 1; i < 6; i += 2) kill(children[i], SIGKILL), waitpid(children[i], NULL, 0);
  long slab, vmalloc, tasks, tables;
  static char before[8192];
  for (int round = 0; round < 20; round++) {
    refresh();
    strncpy(before, slurp("/proc/meminfo", text), sizeof before - 1);
    slab = slabs();
    vmalloc = areas();
    walk(&tasks, &tables);
    refresh();
    // Looking is itself work of the kernel's; what is compared is what it did not change.
    if (!strcmp(before, slurp("/proc/meminfo", text))) break;
  }
  long stack = page > 16384 ? page / 1024 : 16;
  printf("Slab %ld %ld\n", figure(text, "Slab:"), slab);
  printf("Slab %ld %ld\n", figure(text, "Slab:"),
         figure(text, "SReclaimable:") + figure(text, "SUnreclaim:"));
  printf("KernelStack %ld %ld\n", figure(text, "KernelStack:"), tasks * stack);
  printf("PageTables %ld %ld\n", figure(text, "PageTables:"), tables);
  printf("VmallocUsed %ld %ld\n", figure(text, "VmallocUsed:"), vmalloc);
  for (int i = 0; i < 6; i += 2) kill(children[i], SIGKILL), waitpid(children[i], NULL, 0);
  return 0;
}
