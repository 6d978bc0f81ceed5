// Sockets that lie in messages that lie in sockets, and receivers that go before who sends to them.
// Recorded on Debian's kernel of the same version, which has sockets.
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static const char *name(int error) { return error ? strerrorname_np(error) : "ok"; }

static int send_file(int socket, int file) {
  char control[CMSG_SPACE(sizeof(int))];
  struct iovec vector = {"x", 1};
  struct msghdr message = {.msg_iov = &vector, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
  struct cmsghdr *part = CMSG_FIRSTHDR(&message);
  part->cmsg_level = SOL_SOCKET;
  part->cmsg_type = SCM_RIGHTS;
  part->cmsg_len = CMSG_LEN(sizeof(int));
  memcpy(CMSG_DATA(part), &file, sizeof file);
  return sendmsg(socket, &message, MSG_DONTWAIT);
}

static int bound(const char *path) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  memcpy(address.sun_path + 1, path, strlen(path));
  int file = socket(AF_UNIX, SOCK_DGRAM, 0);
  if (bind(file, (void *)&address, 3 + strlen(path))) perror("bind");
  return file;
}

static int connected(int file, const char *path) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  memcpy(address.sun_path + 1, path, strlen(path));
  return connect(file, (void *)&address, 3 + strlen(path));
}

static void say(const char *what, int file) {
  errno = 0;
  long result = send(file, "x", 1, MSG_NOSIGNAL | MSG_DONTWAIT);
  printf("%s: %ld %s\n", what, result, name(errno));
}

int main(void) {
  // Each pair's one end lies in the next pair's queue; the last close frees them all.
  int inner[2], outer[2];
  socketpair(AF_UNIX, SOCK_STREAM, 0, inner);
  for (int depth = 0; depth < 20000; depth++) {
    socketpair(AF_UNIX, SOCK_STREAM, 0, outer);
    send_file(outer[0], inner[0]);
    send_file(outer[0], inner[1]);
    close(inner[0]);
    close(inner[1]);
    memcpy(inner, outer, sizeof inner);
  }
  close(inner[0]);
  close(inner[1]);
  puts("a chain");

  int receiver = bound("one"), other = bound("two");
  int senders[4];
  for (int i = 0; i < 4; i++) {
    senders[i] = socket(AF_UNIX, SOCK_DGRAM, 0);
    printf("connect %d\n", connected(senders[i], "one"));
  }
  say("to one", senders[0]);
  printf("connect %d\n", connected(senders[1], "two"));
  close(senders[2]);
  close(receiver);
  say("to one that is gone", senders[0]);
  say("to two", senders[1]);
  say("to one that is gone", senders[3]);
  close(other);
  say("to two that is gone", senders[1]);
  int pair[2];
  other = bound("two");
  socketpair(AF_UNIX, SOCK_DGRAM, 0, pair);
  printf("connect %d\n", connected(pair[0], "two"));
  close(pair[0]);
  say("to an end that chose another and is gone", pair[1]);
  // Connected to itself.
  printf("connect %d\n", connected(other, "two"));
  say("to itself", other);
  close(other);
  puts("done");
  return 0;
}
