#include "HostPrefetch.h"
