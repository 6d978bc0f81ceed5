// Starting the emulator so that nothing of it outlives this process, and the few Linux calls that
// Swift's C library module does not show. C, because between fork and exec only calls that are
// safe in a signal handler may be made.
#ifndef KILBURN_PROCESS_LAUNCH_H
#define KILBURN_PROCESS_LAUNCH_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/// Starts a program in a process group of its own.
///
/// `descriptors[i]` becomes descriptor `i` of the child, for each of the `count`; every other one
/// is closed. When the thread that calls this dies, by whatever cause, the child gets SIGKILL: so
/// call it on the main thread. Returns the child's id, or a negated errno: also that of a failed
/// exec, which is reported back through a pipe.
pid_t kilburn_launch(const char *path, char *const argv[], const int descriptors[], int count);

/// Blocks SIGINT, SIGTERM, SIGHUP and SIGQUIT and returns a descriptor that delivers them
/// (signalfd), or a negated errno. SIGPIPE is ignored from then on.
int kilburn_catch_signals(void);

/// The number of the next signal from such a descriptor, or 0 where there is none.
int kilburn_next_signal(int descriptor);

/// An anonymous file of that many bytes, closed on exec, whose size cannot change any more, or a
/// negated errno.
int kilburn_anonymous_file(const char *name, uint64_t size);

/// An empty anonymous file, closed on exec, or a negated errno.
int kilburn_memory_file(const char *name);

/// A pipe, its reading end first, closed on exec. Returns 0, or -1 with errno.
int kilburn_pipe(int ends[2]);

/// Waits for the child to end. Returns its wait status, or a negated errno.
int kilburn_wait(pid_t child);

#endif
