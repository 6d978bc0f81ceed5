// Sockets of AF_UNIX: pairs, names, messages with files and identities, what is refused.
// Recorded on Debian's kernel of the same version, which has all of them.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *name(int error) { return error ? strerrorname_np(error) : "ok"; }
#define SAY(what, call)                                      \
  do {                                                       \
    errno = 0;                                               \
    long result = (long)(call);                              \
    printf("  %s: %ld %s\n", what, result, name(errno));     \
  } while (0)

static void ready(const char *what, int file) {
  struct pollfd list = {file, POLLIN | POLLOUT | POLLPRI | POLLRDHUP, 0};
  int count = poll(&list, 1, 0);
  printf("  %s: %d %#x\n", what, count, list.revents);
}

static socklen_t place(struct sockaddr_un *address, const char *path) {
  memset(address, 0, sizeof *address);
  address->sun_family = AF_UNIX;
  if (path[0] == '@') {
    memcpy(address->sun_path + 1, path + 1, strlen(path) - 1);
    return 2 + strlen(path);
  }
  strcpy(address->sun_path, path);
  return 2 + strlen(path) + 1;
}

static void say_name(const char *what, int file, int peer) {
  struct sockaddr_un address;
  socklen_t length = sizeof address;
  memset(&address, 0, sizeof address);
  errno = 0;
  int result = peer ? getpeername(file, (void *)&address, &length) : getsockname(file, (void *)&address, &length);
  printf("  %s: %d %s length %d \"%s%s\"\n", what, result, name(errno), (int)length,
         length > 2 && !address.sun_path[0] ? "@" : "",
         length > 2 && !address.sun_path[0] ? address.sun_path + 1 : address.sun_path);
}

static int option(int file, int which) {
  int value = -1;
  socklen_t length = sizeof value;
  if (getsockopt(file, SOL_SOCKET, which, &value, &length)) return -errno;
  return value;
}

static long send_file(int socket, int file, const char *text) {
  char control[CMSG_SPACE(sizeof(int))];
  struct iovec vector = {(char *)text, strlen(text)};
  struct msghdr message = {.msg_iov = &vector, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
  struct cmsghdr *part = CMSG_FIRSTHDR(&message);
  part->cmsg_level = SOL_SOCKET;
  part->cmsg_type = SCM_RIGHTS;
  part->cmsg_len = CMSG_LEN(sizeof(int));
  memcpy(CMSG_DATA(part), &file, sizeof file);
  return sendmsg(socket, &message, 0);
}

static int receive(int socket, int room) {
  char control[256], text[100] = {0};
  struct iovec vector = {text, 99};
  struct msghdr message = {.msg_iov = &vector, .msg_iovlen = 1, .msg_control = control, .msg_controllen = room};
  errno = 0;
  long result = recvmsg(socket, &message, MSG_DONTWAIT);
  printf("  received %ld %s \"%s\" flags %#x control %d", result, name(errno), text, message.msg_flags, (int)message.msg_controllen);
  int file = -1;
  if (result >= 0)
    for (struct cmsghdr *part = CMSG_FIRSTHDR(&message); part; part = CMSG_NXTHDR(&message, part)) {
      printf(" type %d length %d", part->cmsg_type, (int)part->cmsg_len);
      if (part->cmsg_type == SCM_RIGHTS) memcpy(&file, CMSG_DATA(part), sizeof file);
      if (part->cmsg_type == SCM_CREDENTIALS) {
        struct ucred who;
        memcpy(&who, CMSG_DATA(part), sizeof who);
        printf(" mine %d user %d group %d", who.pid == getpid(), who.uid, who.gid);
      }
    }
  puts("");
  return file;
}

int main(void) {
  setvbuf(stdout, 0, _IOLBF, 0);
  for (int file = 3; file < 30; file++) close(file);
  int pair[2];
  char text[300000];
  memset(text, 'x', sizeof text);
  struct sockaddr_un address;

  puts("streams:");
  SAY("pair", socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
  ready("new", pair[0]);
  SAY("write", write(pair[0], "hello", 5));
  SAY("write", write(pair[0], " you", 4));
  int bytes;
  ioctl(pair[1], FIONREAD, &bytes);
  printf("  %d bytes\n", bytes);
  memset(text, 0, 20);
  SAY("peek", recv(pair[1], text, 3, MSG_PEEK));
  SAY("read", read(pair[1], text, 20));
  printf("  %.9s\n", text);
  SAY("nothing", recv(pair[1], text, 20, MSG_DONTWAIT));
  SAY("shut down writing", shutdown(pair[0], SHUT_WR));
  ready("its end", pair[0]);
  ready("the other", pair[1]);
  SAY("read the end", read(pair[1], text, 20));
  SAY("write after", send(pair[0], "x", 1, MSG_NOSIGNAL));
  SAY("the other writes", write(pair[1], "back", 4));
  SAY("read", read(pair[0], text, 20));
  SAY("shut down what", shutdown(pair[0], 7));
  close(pair[1]);
  ready("alone", pair[0]);
  SAY("write to nobody", send(pair[0], "x", 1, MSG_NOSIGNAL));
  close(pair[0]);
  socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair);
  write(pair[0], "unread", 6);
  close(pair[1]);
  SAY("reset", read(pair[0], text, 20));
  close(pair[0]);

  puts("packets:");
  socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, pair);
  write(pair[0], "first", 5);
  write(pair[0], "second", 6);
  write(pair[0], "", 0);
  SAY("part", recv(pair[1], text, 2, 0));
  SAY("true length", recv(pair[1], text, 2, MSG_TRUNC));
  SAY("empty", recv(pair[1], text, 2, 0));
  SAY("none", recv(pair[1], text, 2, 0));
  close(pair[0]);
  SAY("end", recv(pair[1], text, 2, 0));
  close(pair[1]);
  socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, pair);
  int count = 0;
  while (send(pair[0], text, 1000, 0) == 1000) count++;
  printf("  datagrams until full: %d %s\n", count > 50, name(errno));
  SAY("too long", send(pair[0], text, 300000, 0));
  ready("full", pair[0]);
  ready("the other", pair[1]);
  close(pair[1]);
  SAY("to nobody", send(pair[0], "x", 1, MSG_NOSIGNAL));
  close(pair[0]);

  puts("names:");
  unlink("/tmp/name");
  int server = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  say_name("unbound", server, 0);
  socklen_t length = place(&address, "/tmp/name");
  SAY("connect to nothing", connect(server, (void *)&address, length));
  SAY("listen unbound", listen(server, 1));
  SAY("bind", bind(server, (void *)&address, length));
  SAY("bind again", bind(server, (void *)&address, length));
  struct stat status;
  stat("/tmp/name", &status);
  printf("  mode %o\n", status.st_mode);
  SAY("open", open("/tmp/name", O_RDWR));
  say_name("bound", server, 0);
  int client = socket(AF_UNIX, SOCK_STREAM, 0);
  SAY("before listening", connect(client, (void *)&address, length));
  SAY("accept before", accept(server, 0, 0));
  SAY("listen", listen(server, 1));
  printf("  accepts %d type %d domain %d protocol %d error %d\n", option(server, SO_ACCEPTCONN), option(server, SO_TYPE),
         option(server, SO_DOMAIN), option(server, SO_PROTOCOL), option(server, SO_ERROR));
  SAY("connect", connect(client, (void *)&address, length));
  SAY("connect again", connect(client, (void *)&address, length));
  ready("server", server);
  struct sockaddr_un from;
  socklen_t from_length = sizeof from;
  int accepted = accept4(server, (void *)&from, &from_length, SOCK_NONBLOCK);
  printf("  accepted %d, from length %d, flags %#x\n", accepted >= 0, (int)from_length, fcntl(accepted, F_GETFL) & O_NONBLOCK);
  say_name("peer of the client", client, 1);
  say_name("peer of the accepted", accepted, 1);
  say_name("name of the accepted", accepted, 0);
  struct ucred who;
  length = sizeof who;
  SAY("peer's identity", getsockopt(client, SOL_SOCKET, SO_PEERCRED, &who, &length));
  printf("  mine %d user %d\n", who.pid == getpid(), who.uid);
  fcntl(server, F_SETFL, O_NONBLOCK);
  SAY("nobody", accept(server, 0, 0));
  length = place(&address, "/tmp/name");
  for (int i = 0; i < 4; i++) {
    int another = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
    SAY("one more", connect(another, (void *)&address, length));
  }
  int datagrams = socket(AF_UNIX, SOCK_DGRAM, 0);
  SAY("another type", connect(datagrams, (void *)&address, length));
  close(server);
  SAY("gone", connect(socket(AF_UNIX, SOCK_STREAM, 0), (void *)&address, length));
  close(accepted);
  SAY("read of the dropped", read(client, text, 1));
  unlink("/tmp/name");
  length = place(&address, "@hidden");
  SAY("abstract", bind(datagrams, (void *)&address, length));
  say_name("abstract", datagrams, 0);
  int sender = socket(AF_UNIX, SOCK_DGRAM, 0);
  SAY("in use", bind(sender, (void *)&address, length));
  SAY("send to", sendto(sender, "hi", 2, 0, (void *)&address, length));
  from_length = sizeof from;
  SAY("receive from", recvfrom(datagrams, text, 10, 0, (void *)&from, &from_length));
  printf("  from length %d\n", (int)from_length);
  SAY("unconnected", send(sender, "hi", 2, 0));
  length = 2;
  address.sun_family = AF_UNIX;
  SAY("autobind", bind(sender, (void *)&address, 2));
  length = sizeof from;
  getsockname(sender, (void *)&from, &length);
  printf("  autobound length %d\n", (int)length);
  SAY("too short", bind(sender, (void *)&address, 1));
  address.sun_family = 9;
  SAY("family", bind(socket(AF_UNIX, SOCK_DGRAM, 0), (void *)&address, 10));

  puts("files in messages:");
  socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
  int regular = open("/tmp/sent", O_RDWR | O_CREAT | O_TRUNC, 0644);
  SAY("send", send_file(pair[0], regular, "file"));
  write(pair[0], "more", 4);
  int got = receive(pair[1], 256);
  write(got, "through", 7);
  SAY("position", lseek(regular, 0, SEEK_CUR));
  receive(pair[1], 256);
  SAY("send", send_file(pair[0], regular, "cut"));
  receive(pair[1], 8);
  SAY("send", send_file(pair[0], regular, "no room"));
  receive(pair[1], 0);
  SAY("send a bad one", send_file(pair[0], 99, "bad"));
  SAY("send itself", send_file(pair[0], pair[0], "itself"));
  got = receive(pair[1], 256);
  close(got);
  bytes = 1;
  SAY("pass identities", setsockopt(pair[1], SOL_SOCKET, SO_PASSCRED, &bytes, 4));
  write(pair[0], "who", 3);
  receive(pair[1], 256);
  SAY("send into its own queue", send_file(pair[0], pair[1], "cycle"));
  close(pair[0]);
  close(pair[1]);

  puts("refused:");
  SAY("family", socket(77, SOCK_STREAM, 0));
  SAY("type", socket(AF_UNIX, 77, 0));
  SAY("protocol", socket(AF_UNIX, SOCK_STREAM, 77));
  SAY("raw", socket(AF_UNIX, SOCK_RAW, 0));
  SAY("pair nowhere", socketpair(AF_UNIX, SOCK_STREAM, 0, (int *)8));
  SAY("not a socket", listen(regular, 1));
  SAY("no file", listen(99, 1));
  SAY("no option", option(client, 9999));
  SAY("send buffer", option(client, SO_SNDBUF));
  bytes = 1;
  setsockopt(client, SOL_SOCKET, SO_SNDBUF, &bytes, 4);
  SAY("least send buffer", option(client, SO_SNDBUF));
  SAY("seek", lseek(client, 0, SEEK_SET));
  fstat(client, &status);
  printf("  mode %o\n", status.st_mode & S_IFMT);
  return 0;
}
