/* What a thread says of itself with prctl, what of it children have, and what a change of users makes
   of it. */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define TELL(call)                                              \
  do {                                                          \
    errno = 0;                                                  \
    long result = (call);                                       \
    printf(#call " = %ld, %d\n", result, result < 0 ? errno : 0); \
    fflush(stdout);                                             \
  } while (0)

static void status(void) {
  char line[200];
  FILE *file = fopen("/proc/self/status", "r");
  while (file && fgets(line, sizeof line, file))
    if (!strncmp(line, "NoNewPrivs", 10) || !strncmp(line, "CapPrm", 6) || !strncmp(line, "CapEff", 6))
      fputs(line, stdout);
  if (file) fclose(file);
  fflush(stdout);
}

static void child(void) {
  fflush(stdout);
  if (fork() == 0) {
    puts("child");
    TELL(prctl(PR_GET_DUMPABLE));
    TELL(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0));
    TELL(prctl(PR_GET_TIMERSLACK));
    TELL(prctl(PR_SET_TIMERSLACK, 0));
    TELL(prctl(PR_GET_TIMERSLACK));
    TELL(prctl(PR_GET_THP_DISABLE, 0, 0, 0, 0));
    TELL(prctl(PR_GET_KEEPCAPS));
    fflush(stdout);
    _exit(0);
  }
  wait(NULL);
}

int main(void) {
  TELL(prctl(PR_GET_DUMPABLE));
  TELL(prctl(PR_SET_DUMPABLE, 2));
  TELL(prctl(PR_SET_DUMPABLE, 3));
  TELL(prctl(PR_SET_DUMPABLE, 0));
  TELL(prctl(PR_GET_DUMPABLE));
  child();
  TELL(prctl(PR_SET_DUMPABLE, 1));
  TELL(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0));
  TELL(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 1));
  TELL(prctl(PR_SET_NO_NEW_PRIVS, 0, 0, 0, 0));
  TELL(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
  TELL(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0));
  TELL(prctl(PR_GET_NO_NEW_PRIVS, 1, 0, 0, 0));
  status();
  TELL(prctl(PR_GET_TIMERSLACK));
  TELL(prctl(PR_SET_TIMERSLACK, 1234));
  TELL(prctl(PR_GET_TIMERSLACK));
  TELL(prctl(PR_CAPBSET_READ, 40));
  TELL(prctl(PR_CAPBSET_READ, 41));
  TELL(prctl(PR_GET_TIMING));
  TELL(prctl(PR_SET_TIMING, 1));
  TELL(prctl(PR_SET_TIMING, 0));
  TELL(prctl(PR_GET_THP_DISABLE, 0, 0, 0, 0));
  TELL(prctl(PR_SET_THP_DISABLE, 1, 1, 0, 0));
  TELL(prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0));
  TELL(prctl(PR_GET_THP_DISABLE, 0, 0, 0, 0));
  TELL(prctl(PR_SET_PDEATHSIG, 65));
  TELL(prctl(9999));
  TELL(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, 0, 0, 0));
  TELL(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, 41, 0, 0));
  TELL(prctl(PR_MCE_KILL_GET, 0, 0, 0, 0));
  TELL(prctl(PR_GET_KEEPCAPS));
  TELL(prctl(PR_SET_KEEPCAPS, 2));
  TELL(prctl(PR_SET_KEEPCAPS, 1));
  TELL(prctl(PR_GET_KEEPCAPS));
  TELL(prctl(PR_GET_SECUREBITS));
  child();
  /* Another user: what is permitted stays, what is effective does not; nobody may look. */
  TELL(setuid(1000));
  TELL(prctl(PR_GET_DUMPABLE));
  status();
  TELL(prctl(PR_SET_DUMPABLE, 1));
  child();
  TELL(prctl(PR_GET_DUMPABLE));
  return 0;
}
