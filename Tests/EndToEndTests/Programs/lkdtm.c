// lkdtm MODULE.ko NAME…: a child loads the module that goes wrong, and unloads it; says how it ended.
// A word SETTING=VALUE is written to /proc/sys/kernel first.
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

static void rung(int signal) { write(1, "-- alarm\n", 9); }

int main(int argc, char **argv) {
  char name[64], parameters[128];
  char *slash = strrchr(argv[1], '/');
  snprintf(name, sizeof name, "%s", slash ? slash + 1 : argv[1]);
  *strchr(name, '.') = 0;
  for (int i = 2; i < argc; i++) {
    char *value = strchr(argv[i], '=');
    if (value) {
      *value++ = 0;
      snprintf(parameters, sizeof parameters, "/proc/sys/kernel/%s", argv[i]);
      FILE *setting = fopen(parameters, "w");
      if (!setting || fputs(value, setting) < 0 || fclose(setting)) return 3;
      continue;
    }
    snprintf(parameters, sizeof parameters, "case=%s", argv[i]);
    int child = fork(), status;
    if (!child) {
      int file = open(argv[1], O_RDONLY);
      if (!strcmp(argv[i], "INTERRUPTED")) {
        struct itimerval soon = {.it_value.tv_usec = 5000};
        signal(SIGALRM, rung);
        setitimer(ITIMER_REAL, &soon, NULL);
      }
      if (syscall(SYS_finit_module, file, parameters, 0)) _exit(1);
      if (syscall(SYS_delete_module, name, O_NONBLOCK)) _exit(2);
      _exit(0);
    }
    waitpid(child, &status, 0);
    if (WIFSIGNALED(status)) printf("-- child: killed by signal %d\n", WTERMSIG(status));
    else printf("-- child: write returned, exit %d\n", WEXITSTATUS(status));
  }
  return 0;
}
