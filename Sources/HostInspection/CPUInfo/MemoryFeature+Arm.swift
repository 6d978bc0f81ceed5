extension MemoryFeature {
  /// Words of `Features` (Linux's Documentation/arch/arm64/elf_hwcaps.rst).
  static let arm: [String: String] = [
    "atomics": "single-instruction atomics (FEAT_LSE): no loop of exclusive load and store",
    "lrcpc": "loads with the weaker acquire that C++ asks for",
    "ilrcpc": "the same with an offset", "lrcpc3": "the same for pairs and vectors",
    "uscat": "accesses within 16 bytes are single-copy atomic even when unaligned",
    "lse128": "atomics on 16 bytes", "lsfe": "atomic floating-point operations on memory",
    "dcpop": "a line can be cleaned to where memory is persistent",
    "dcpodp": "and to where it is so even when power fails at once",
    "dit": "loads whose time does not depend on data",
    "mops": "memcpy and memset as instructions",
    "paca": "pointers signed in their upper bits, for addresses",
    "pacg": "the same with a generic key",
    "mte": "memory tags: a tag in the pointer and one for every 16 bytes must agree",
    "mte3": "tag checks whose loads are reported later than stores'",
    "mtefar": "the tag of a faulting address is reported",
    "mtestoreonly": "tags checked for stores only",
    "bti": "guarded pages: indirect branches must land on a marker",
    "gcs": "shadow stacks, in pages of their own kind",
    "poe": "permission overlays: a program revokes its own access to pages at once",
    "ssbs": "a load overtaking a store in speculation can be forbidden",
    "sb": "a barrier against speculation",
    "cpuid": "ID registers can be read by programs, as far as Linux shows them",
    "ecv": "finer views of the counter", "wfxt": "waiting for an event with a time-out",
    "rprfm": "prefetch of whole ranges",
    "lpae": "long descriptors: 40-bit physical addresses (32-bit arm)",
  ]
}
