// Where the kernel placed a program: a line for itself, one for what it executes once more, and one
// for what it executes after it asked for no randomisation.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/syscall.h>
#include <unistd.h>

static int global = 42;

int main(int argc, char **argv, char **environment) {
  int round = argc > 1 ? atoi(argv[1]) : 0;
  char line[512], word[16];
  unsigned long start, end, program = 0, stack = 0, top = 0;
  FILE *maps = fopen("/proc/self/maps", "r");
  while (fgets(line, sizeof line, maps)) {
    sscanf(line, "%lx-%lx", &start, &end);
    if (strstr(line, "/bin/placed")) program = program ? program : start;
    if (strstr(line, "[stack]")) stack = end;
    else if (!stack) top = end;  // In order: the last is the highest below the stack.
  }
  fclose(maps);
  char *fields = malloc(4096);
  FILE *stat = fopen("/proc/self/stat", "r");
  fgets(fields, 4096, stat);
  fclose(stat);
  fields = strrchr(fields, ')');
  for (int field = 2; field < 47; field++) fields = strchr(fields, ' ') + 1;
  unsigned long heap = strtoul(fields, 0, 10);
  unsigned long pointer = (unsigned long)(argv - 1);
  // It is right when its strings, its data, its heap and its stack are where they should be.
  int right = global == 42 && pointer % 16 == 0 && pointer < stack
      && (unsigned long)&round < pointer && (unsigned long)sbrk(0) >= heap
      && strncmp(argv[0], "/bin/placed", 11) == 0 && strncmp(environment[0], "HOME=", 5) == 0;
  printf("%lx %lx %lx %lx %lx %lx %s\n", stack, pointer, top, heap, program,
      (unsigned long)&global, right ? "right" : "WRONG");
  fflush(stdout);
  if (round == 2) return 0;
  if (round == 1) personality(ADDR_NO_RANDOMIZE);
  sprintf(word, "%d", round + 1);
  char *again[] = {argv[0], word, 0};
  execve("/proc/self/exe", again, environment);
  return 1;
}
