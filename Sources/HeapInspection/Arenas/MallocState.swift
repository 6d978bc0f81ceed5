/// Where the fields of glibc's structures lie in a 64-bit process (malloc/malloc.c, malloc/arena.c).
///
/// Terms. A *chunk* is what malloc cuts memory into: two words (`prev_size`, `size`) and then what
/// the program gets. The low three bits of `size` are PREV_INUSE, IS_MMAPPED and NON_MAIN_ARENA. An
/// *arena* (`malloc_state`) owns chunks: those in use it does not list; free ones are in its
/// *fastbins* (single lists that still count as in use), the *unsorted* list, 62 *small* bins of one
/// size each and 63 *large* ones; what is above all of them is *top*. A *tcache* is a thread's own
/// store of chunks, which count as in use, too. The *main arena* grows by `brk`; each other one lives
/// in *heaps*, aligned pieces of 64 MiB, each beginning with a `heap_info`.
///
/// `malloc_state` has been the same from 2.27 to 2.41. What differs: safe-linking (from 2.32 on, the
/// pointers of single lists are stored XORed with their own address shifted by 12), the size of
/// `heap_info` (32 bytes, 48 from 2.35 on), of `malloc_par` (2.35 inserted three fields) and of the
/// tcache (0x250 bytes with its header up to 2.29, then 0x290).
enum MallocState {
  static let flags: UInt64 = 4
  static let fastbins: UInt64 = 16
  static let top: UInt64 = 96
  static let lastRemainder: UInt64 = 104
  static let next: UInt64 = 2160
  static let attachedThreads: UInt64 = 2176
  static let systemMemory: UInt64 = 2184
  static let maximumSystemMemory: UInt64 = 2192
  static let size: UInt64 = 2200

  static let fastbinCount: UInt64 = 10
  /// NBINS: indices of bins are below it, and above 0.
  static let binCount: UInt64 = 128
  /// NONCONTIGUOUS_BIT.
  static let noncontiguous: UInt32 = 2

  /// bin_at(): the pseudo chunk whose links are a bin's.
  static func bin(_ index: UInt64, of arena: UInt64) -> UInt64 { arena &+ 80 &+ index &* 16 }

  /// bin_index(): the bin of a free chunk's size.
  static func binIndex(_ size: UInt64) -> UInt64 {
    if size < 1024 { return size >> 4 }
    if size >> 6 <= 48 { return 48 + size >> 6 }
    if size >> 9 <= 20 { return 91 + size >> 9 }
    if size >> 12 <= 10 { return 110 + size >> 12 }
    if size >> 15 <= 4 { return 119 + size >> 15 }
    if size >> 18 <= 2 { return 124 + size >> 18 }
    return 126
  }
}

/// The fields of a chunk, from its first byte, and the bits of its size.
enum ChunkField {
  static let size: UInt64 = 8
  /// What the program gets begins here; a free chunk has its links here.
  static let forward: UInt64 = 16
  static let backward: UInt64 = 24
  static let nextSizeForward: UInt64 = 32
  static let nextSizeBackward: UInt64 = 40

  static let previousInUse: UInt64 = 1
  static let isMapped: UInt64 = 2
  static let isNotMain: UInt64 = 4
  static let sizeMask: UInt64 = ~7
  /// MINSIZE.
  static let minimum: UInt64 = 32
}

/// What differs between versions of glibc, as far as it was found out.
package struct GlibcForm: Equatable, Sendable {
  /// Links of single lists are stored XORed (2.32).
  package var hasSafeLinking = true
  /// sizeof (heap_info).
  package var heapInfoSize: UInt64 = 48
  /// The chunk size of a tcache; nil where none was seen.
  package var tcacheSize: UInt64?
  /// The version that the library says it is, from its file.
  package var version: String?

  /// The versions 2.x whose structures are as they are described here.
  static let versions = 27...41

  /// The versions that have this form.
  package var text: String {
    if let version { return "glibc \(version)" }
    if !hasSafeLinking { return tcacheSize == 0x250 ? "glibc 2.27 to 2.29" : "glibc 2.27 to 2.31" }
    return heapInfoSize == 32 ? "glibc 2.32 to 2.34" : "glibc 2.35 or later"
  }
}
