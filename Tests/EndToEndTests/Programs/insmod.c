// insmod FILE…: loads modules for this program's sake, so that they can reach its memory.
#include <fcntl.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(int count, char **arguments) {
  for (int i = 1; i < count; i++) {
    int file = open(arguments[i], O_RDONLY);
    if (file < 0 || syscall(SYS_finit_module, file, "", 0)) {
      perror(arguments[i]);
      return 1;
    }
    close(file);
  }
  return 0;
}
