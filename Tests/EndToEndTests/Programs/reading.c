/* Keeps the kernel busy: reads from /dev/zero for ever. */
#include <fcntl.h>
#include <unistd.h>
static char buffer[1 << 20];
int main(void) {
  int zero = open("/dev/zero", O_RDONLY);
  for (;;) read(zero, buffer, sizeof buffer);
}
