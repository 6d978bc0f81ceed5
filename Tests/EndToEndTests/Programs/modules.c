// Loads and unloads kernel modules and shows files, as its arguments say, in their order:
//   load FILE PARAMETERS    finit_module(); @buffer, @constant, @nowhere become addresses of its own
//   image FILE PARAMETERS   init_module()
//   remove NAME             delete_module()
//   show FILE               its text
//   keep FILE, same FILE    keeps a text, says whether it is the same now; of /proc/vmallocinfo
//                           without what was given back and is not yet used again
//   memory                  the bytes at @buffer as text
//   user                    becomes user 1000 for what follows
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static char *buffer, *constant, *nowhere;
static char texts[8][65536];
static const char *names[8];

static const char *expand(const char *words) {
  static char out[4096];
  const struct { const char *name; char *address; } all[] = {
      {"@buffer", buffer}, {"@constant", constant}, {"@nowhere", nowhere}};
  char *to = out;
  while (*words) {
    int found = 0;
    for (int i = 0; i < 3 && !found; i++)
      if (!strncmp(words, all[i].name, strlen(all[i].name))) {
        to += sprintf(to, "%p", all[i].address);
        words += strlen(all[i].name);
        found = 1;
      }
    if (!found) *to++ = *words++;
  }
  *to = 0;
  return out;
}

static void said(const char *what, const char *name, long result) {
  const char *slash = strrchr(name, '/');
  printf("%s %s: %s\n", what, slash ? slash + 1 : name, result < 0 ? strerror(errno) : "done");
  fflush(stdout);
}

static long load(const char *path, const char *words, int is_image) {
  int file = open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0) return -1;
  long result;
  if (is_image) {
    struct stat status;
    fstat(file, &status);
    void *image = malloc(status.st_size);
    if (read(file, image, status.st_size) != status.st_size) return -1;
    result = syscall(SYS_init_module, image, status.st_size, words);
    int error = errno;
    free(image);
    errno = error;
  } else {
    result = syscall(SYS_finit_module, file, words, 0);
  }
  int error = errno;
  close(file);
  errno = error;
  return result;
}

static char *text_of(const char *path, char *text, size_t room) {
  int file = open(path, O_RDONLY);
  if (file < 0) return NULL;
  size_t length = 0;
  long count;
  while (length < room - 1 && (count = read(file, text + length, room - 1 - length)) > 0)
    length += count;
  text[length] = 0;
  close(file);
  char *lazy;
  while ((lazy = strstr(text, " unpurged vm_area\n"))) {
    char *line = lazy, *rest = strchr(lazy, '\n') + 1;
    while (line > text && line[-1] != '\n') line--;
    memmove(line, rest, strlen(rest) + 1);
  }
  return text;
}

int main(int count, char **words) {
  buffer = mmap(0, 65536, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  constant = mmap(0, 65536, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  nowhere = mmap(0, 65536, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  munmap(nowhere, 65536);
  strcpy(buffer, "of the program");
  static char now[65536];
  int kept = 0;
  for (int i = 1; i < count; i++) {
    const char *verb = words[i];
    if (!strcmp(verb, "load") || !strcmp(verb, "image")) {
      said(verb, words[i + 1], load(words[i + 1], expand(words[i + 2]), verb[0] == 'i'));
      i += 2;
    } else if (!strcmp(verb, "remove")) {
      said(verb, words[i + 1], syscall(SYS_delete_module, words[i + 1], O_NONBLOCK));
      i++;
    } else if (!strcmp(verb, "show")) {
      char *text = text_of(words[++i], now, sizeof now);
      printf("--- %s\n%s", words[i], text ? text : "not there\n");
    } else if (!strcmp(verb, "keep")) {
      names[kept] = words[++i];
      text_of(words[i], texts[kept++], sizeof now);
    } else if (!strcmp(verb, "same")) {
      i++;
      for (int k = 0; k < kept; k++) {
        if (strcmp(names[k], words[i])) continue;
        text_of(words[i], now, sizeof now);
        int same = !strcmp(now, texts[k]);
        printf("%s: %s\n", words[i], same ? "the same" : "another");
        if (!same) printf("%s--- was\n%s", now, texts[k]);
      }
    } else if (!strcmp(verb, "memory")) {
      printf("buffer: %s\n", buffer);
    } else if (!strcmp(verb, "user")) {
      setresgid(1000, 1000, 1000);
      setresuid(1000, 1000, 1000);
    }
    fflush(stdout);
  }
  return 0;
}
