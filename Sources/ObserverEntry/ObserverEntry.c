// What QEMU looks for in a plugin: the version of the interface, and where it begins.
#include "ObserverEntry.h"

#define EXPORTED __attribute__((visibility("default")))

EXPORTED int qemu_plugin_version = 1;
struct kilburn_recorder kilburn_recorder;

// Swift's.
int kilburn_observer_install(qemu_plugin_id_t id, int count, char **arguments);

EXPORTED int qemu_plugin_install(qemu_plugin_id_t id, const void *info, int count,
                                 char **arguments) {
  (void)info;
  return kilburn_observer_install(id, count, arguments);
}
