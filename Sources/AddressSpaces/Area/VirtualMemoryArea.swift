import Arm64
public import Files
public import MemoryTypes

/// A run of pages with one meaning: Linux's `vm_area_struct`.
///
/// Areas of a space never overlap. Each is a node of the space's balanced tree (``AreaTree``) and
/// a link of its list in address order. The fields and who may write them:
///
/// | fields | written by |
/// |---|---|
/// | `start`, `end` | ``AreaTree`` while the area is in it: gaps depend on them |
/// | `flags`, `protection` | map, protect, advise, lock |
/// | `anonymousID`, `anonymousChain` | the first write fault, fork, merging |
/// | tree and list links | ``AreaTree`` alone |
///
/// In Linux every area that was written to names an `anon_vma`, through which its pages' owners
/// are found, and areas with different ones do not merge. Here it is an identity: a number given
/// at the first write and shared by the pieces of a split; `anonymousChain` is how many of them
/// the area would be linked to (1, and one more for each fork since).
@safe public struct VirtualMemoryArea: BitwiseCopyable {
  /// The first byte, and the byte after the last; page aligned, `start < end`.
  public internal(set) var start: VirtualAddress
  public internal(set) var end: VirtualAddress
  public internal(set) var flags: AreaFlags
  /// The place of `start` in its object, in pages; for private anonymous memory the page number
  /// of the address it was first mapped at.
  public internal(set) var pageOffset: UInt64
  /// The file under it, with a reference; shared anonymous memory has one without a name.
  public internal(set) var file: KernelPointer<OpenFile>?
  /// What it is, if it is neither file nor memory.
  public internal(set) var special: SpecialMapping = .none
  /// Whether its pages begin as zeros (`vma_is_anonymous()`): private memory without a file, or a
  /// private mapping of `/dev/zero`, which keeps its file for its name only.
  public internal(set) var isAnonymous: Bool

  /// The attributes of a present last-level descriptor in this area (`vm_page_prot`).
  var protection: Descriptor.Attributes = []
  var anonymousChain: UInt32 = 0
  var anonymousID: UInt64 = 0

  // Links: of AreaTree.
  var left: KernelPointer<Self>?
  var right: KernelPointer<Self>?
  var parent: KernelPointer<Self>?
  /// The neighbours in address order.
  public internal(set) var previous: KernelPointer<Self>?
  public internal(set) var next: KernelPointer<Self>?
  /// The largest gap below an area of this subtree.
  var largestGap: UInt64 = 0
  /// The height of the right subtree less that of the left: -1, 0 or 1.
  var balance: Int8 = 0

  init(
    start: VirtualAddress, end: VirtualAddress, flags: AreaFlags, pageOffset: UInt64,
    file: KernelPointer<OpenFile>? = nil
  ) {
    self.start = start
    self.end = end
    self.flags = flags
    self.pageOffset = pageOffset
    self.file = file
    isAnonymous = file == nil
  }

  /// Its length in bytes.
  @inlinable public var length: ByteCount { end - start }

  /// Whether anything may be done with it (`vma_is_accessible()`); a guard is not accessible.
  @inlinable public var isAccessible: Bool { !flags.isDisjoint(with: .access) }

  @inlinable public func contains(_ address: VirtualAddress) -> Bool {
    start <= address && address < end
  }
}

/// Mappings that the kernel itself puts in (mm/mmap.c:_install_special_mapping()).
public enum SpecialMapping: UInt8, BitwiseCopyable, Sendable {
  case none = 0
  /// `[vvar]`: data of the vdso.
  case vvar
  /// `[vdso]`: code of the kernel that programs call.
  case vdso
}
