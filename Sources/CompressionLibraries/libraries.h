// The compressions of kdump-compressed files and of traces, each by the library that made the format.
#include <lzma.h>
#include <lzo/lzo1x.h>
#include <snappy-c.h>
#include <zlib.h>
#include <zstd.h>
