// The compressions of kdump-compressed files, each by the library that made the format.
#include <lzo/lzo1x.h>
#include <snappy-c.h>
#include <zlib.h>
#include <zstd.h>
