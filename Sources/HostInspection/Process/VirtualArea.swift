package import MemoryTypes

/// One area of a process (a VMA), as `/proc/PID/smaps` describes it (fs/proc/task_mmu.c).
package struct VirtualArea: Equatable, Sendable {
  package var start: VirtualAddress
  package var end: VirtualAddress
  /// `r-xp` and so on.
  package var permissions: String
  /// Where in the file it begins.
  package var offset: UInt64
  package var inode: UInt64
  /// The file, or a name in brackets; empty for anonymous memory.
  package var name: String

  package var rss = ByteCount.zero
  package var pss = ByteCount.zero
  package var anonymous = ByteCount.zero
  package var swap = ByteCount.zero
  package var swapPss = ByteCount.zero
  package var locked = ByteCount.zero
  /// In transparent huge pages, of all kinds.
  package var huge = ByteCount.zero
  /// In the huge page pool; not part of `rss`.
  package var hugetlb = ByteCount.zero
  /// The page size of its mapping.
  package var pageSize = ByteCount.zero
  package var mayBeHuge = false
  /// `rd`, `wr`, … of `VmFlags`, the ones that are asked for here.
  package var flags: Flags = []

  package struct Flags: OptionSet, Equatable, Sendable {
    package var rawValue: UInt8
    package init(rawValue: UInt8) { self.rawValue = rawValue }
    /// `ht`: pages of the pool.
    package static let hugetlb = Flags(rawValue: 1)
    /// `pf`, `io`: frames without accounting, of a device or of the kernel.
    package static let frames = Flags(rawValue: 2)
    /// `gd`: grows downwards.
    package static let growsDown = Flags(rawValue: 4)
    /// `hg`: huge pages are wanted (MADV_HUGEPAGE).
    package static let wantsHuge = Flags(rawValue: 8)
  }

  package var size: ByteCount { end - start }
  package var isAnonymous: Bool { inode == 0 }
  package var isExecutable: Bool { permissions.contains("x") }

  /// What it is called: the file's last name, the name in brackets, or that it has none.
  package var label: String {
    if name.isEmpty { return "anonymous" }
    guard name.hasPrefix("/") else { return name }
    return name.split(separator: "/").last.map(String.init) ?? name
  }
}
