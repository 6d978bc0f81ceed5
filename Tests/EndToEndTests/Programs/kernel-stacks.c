// What kernel stacks and vmalloc come to by meminfo, and by those that have them:
// before many threads, while they live, and after.
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { THREADS = 1000 };
static char text[1 << 20];
static sem_t go;

static const char *contents(const char *path) {
  int file = open(path, O_RDONLY);
  size_t length = 0;
  ssize_t more;
  while (file >= 0 && (more = read(file, text + length, sizeof text - 1 - length)) > 0)
    length += more;
  if (file >= 0) close(file);
  text[length] = 0;
  return text;
}

static long field(const char *path, const char *name) {
  const char *at = strstr(contents(path), name);
  return at ? atol(at + strlen(name)) : 0;
}

static void count(const char *when) {
  long tasks = 0;
  DIR *all = opendir("/proc");
  for (struct dirent *entry; (entry = readdir(all));) {
    if (entry->d_name[0] < '0' || entry->d_name[0] > '9') continue;
    char path[300];
    snprintf(path, sizeof path, "/proc/%s/status", entry->d_name);
    tasks += field(path, "Threads:");
  }
  closedir(all);
  long pages = 0, stacks = 0;
  for (const char *line = contents("/proc/vmallocinfo"); line && *line;) {
    const char *end = strchr(line, '\n');
    const char *found = strstr(line, " pages=");
    if (found && (!end || found < end)) pages += atol(found + 7);
    found = strstr(line, " kernel_clone");
    if (found && (!end || found < end)) stacks++;
    line = end ? end + 1 : 0;
  }
  printf("%s: tasks %ld stacks %ld KernelStack %ld VmallocUsed %ld vmallocinfo %ld\n", when, tasks,
         stacks, field("/proc/meminfo", "KernelStack:"), field("/proc/meminfo", "VmallocUsed:"),
         pages * (getpagesize() / 1024));
  fflush(stdout);
}

static void *wait(void *unused) {
  sem_wait(&go);
  return 0;
}

int main(void) {
  static pthread_t threads[THREADS];
  pthread_attr_t small;
  pthread_attr_init(&small);
  pthread_attr_setstacksize(&small, 128 << 10);
  sem_init(&go, 0, 0);
  count("before");
  int made = 0;
  while (made < THREADS && !pthread_create(&threads[made], &small, wait, 0)) made++;
  count("during");
  for (int i = 0; i < made; i++) sem_post(&go);
  for (int i = 0; i < made; i++) pthread_join(threads[i], 0);
  // The last ones are joined before they are wholly gone.
  for (int i = 0; i < 100; i++) sched_yield();
  count("after");
  return 0;
}
