// What the files of the multi-generational LRU say to what is written there; and with a number, that
// many switches of policy while three programs use more memory than there is, with a third argument
// with so many milliseconds for which what was used is kept. One switch turns generations on.
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *enabled = "/sys/kernel/mm/lru_gen/enabled";
static const char *life = "/sys/kernel/mm/lru_gen/min_ttl_ms";

static void show(const char *path) {
  char text[64];
  int file = open(path, O_RDONLY);
  long length = read(file, text, 63);
  close(file);
  text[length < 0 ? 0 : length] = 0;
  printf("%s: %s", path, text);
}

static void put(const char *path, const char *text) {
  int file = open(path, O_WRONLY);
  long written = write(file, text, strlen(text));
  printf("write '%s' -> %ld %s\n", text, written, written < 0 ? strerror(errno) : "");
  close(file);
}

static void quietly(const char *text) {
  int file = open(enabled, O_WRONLY);
  if (write(file, text, strlen(text)) < 0) printf("%s: %s\n", text, strerror(errno));
  close(file);
}

static void texts(void) {
  show(enabled);
  show(life);
  put(enabled, "n");
  show(enabled);
  put(enabled, "y");
  show(enabled);
  put(enabled, "5");
  show(enabled);
  put(enabled, "x");
  put(enabled, "0x0003\n");
  show(enabled);
  put(enabled, "99");
  show(enabled);
  put(life, "1000\n");
  show(life);
  put(life, "x");
  put(life, "-1");
  put(enabled, "N");
  show(enabled);
}

// Writes its pages and finds them again, in an order that differs each time; the errors.
static int load(long bytes, unsigned long key) {
  long page = sysconf(_SC_PAGESIZE), pages = bytes / page, wrong = 0;
  char *at = mmap(0, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  // Each is prime to the number of pages.
  const int steps[] = {1, 3, 5, 9};
  for (int round = 0; round < 4; round++)
    for (long i = 0; i < pages; i++) {
      unsigned long *word = (unsigned long *)(at + i * steps[round] % pages * page);
      unsigned long index = ((char *)word - at) / page;
      if (round && *word != key + index * 7 + round - 1) wrong++;
      *word = key + index * 7 + round;
    }
  return wrong != 0;
}

int main(int count, char **arguments) {
  setvbuf(stdout, 0, _IONBF, 0);
  int switches = count > 1 ? atoi(arguments[1]) : 0;
  if (!switches) {
    quietly("y");
    texts();
    return 0;
  }
  long bytes = atol(arguments[2]);
  for (int child = 0; child < 3; child++)
    if (!fork()) _exit(load(bytes, child * 1000003ul));
  if (count > 3) {
    int file = open(life, O_WRONLY);
    if (write(file, arguments[3], strlen(arguments[3])) < 0) perror(life);
    close(file);
  }
  const char *states[] = {"7", "0", "1", "n", "y", "0"};
  for (int i = 0; i < switches; i++) {
    quietly(states[i % 6]);
    usleep(2000);
  }
  int wrong = 0, killed = 0, status;
  while (wait(&status) > 0)
    if (WIFSIGNALED(status))
      killed++;
    else
      wrong += status != 0;
  printf(killed ? "wrong %d, some killed\n" : "wrong %d\n", wrong);
  return 0;
}
