/* process_vm_readv into its own vector: what it has counted is no longer there. */
#define _GNU_SOURCE
#include <stdio.h>
#include <sys/uio.h>
#include <unistd.h>

static struct iovec local[2];
static char buffer[100], zeros[108];

int main(void) {
  struct iovec remote = {zeros, sizeof zeros};
  local[0] = (struct iovec){&local[1].iov_len, 8};
  local[1] = (struct iovec){buffer, sizeof buffer};
  long count = process_vm_readv(getpid(), local, 2, &remote, 1, 0);
  puts(count >= 8 ? "over" : "nothing moved");
  return 0;
}
