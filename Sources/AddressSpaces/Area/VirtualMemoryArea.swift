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
/// | `policy` | mbind |
/// | `anonymousLinks` | the reverse map (``AnonVMA``): first write fault, fork, split, merge |
/// | `interval`, `isInFileTree` | the reverse map, in the file's tree of areas |
/// | tree and list links | ``AreaTree`` alone |
///
/// Whoever moves `start`, `end` or `pageOffset` says so to the reverse map at once
/// (`MemoryContext.boundsChanged`). It is as large as Linux's: 144 bytes.
@safe public struct VirtualMemoryArea: BitwiseCopyable {
  /// The first byte, and the byte after the last; page aligned, `start < end`.
  public internal(set) var start: VirtualAddress
  public internal(set) var end: VirtualAddress
  public internal(set) var flags: AreaFlags {
    @inline(__always) get { AreaFlags(rawValue: UInt64(flagBits)) }
    @inline(__always) set { flagBits = UInt32(truncatingIfNeeded: newValue.rawValue) }
  }
  private var flagBits: UInt32
  /// From the low end: 4 bits of `special`, `isAnonymous`, `isInFileTree`, 10 bits of `policy`.
  private var traits: UInt16 = 0
  /// The height of the right subtree less that of the left: -1, 0 or 1; of its space's tree, and of
  /// its file's.
  var balance: Int8 = 0
  var intervalBalance: Int8 = 0
  /// The place of `start` in its object, in pages; for private anonymous memory the page number
  /// of the address it was first mapped at.
  public internal(set) var pageOffset: UInt64
  /// The file under it, with a reference; shared anonymous memory has one without a name.
  public internal(set) var file: KernelPointer<OpenFile>?
  /// The attributes of a present last-level descriptor in this area (`vm_page_prot`).
  var protection: Descriptor.Attributes = []
  /// The address of the space that it is of (`vm_mm`).
  var spaceAddress: UInt = 0
  /// Its links to the objects that its anonymous pages belong to, the one for new pages first.
  var anonymousLinks: KernelPointer<AnonVMAChain>?

  /// Links: of its space's ``AreaTree``, whose values are the gaps below areas.
  var tree = TreeLinks<Self>()
  /// The neighbours in address order.
  public internal(set) var previous: KernelPointer<Self>?
  public internal(set) var next: KernelPointer<Self>?
  /// Links: of its file's tree of areas.
  var interval = TreeLinks<Self>()

  init(
    start: VirtualAddress, end: VirtualAddress, flags: AreaFlags, pageOffset: UInt64,
    file: KernelPointer<OpenFile>? = nil
  ) {
    self.start = start
    self.end = end
    flagBits = UInt32(truncatingIfNeeded: flags.rawValue)
    self.pageOffset = pageOffset
    self.file = file
    isAnonymous = file == nil
  }

  /// Whether its pages begin as zeros (`vma_is_anonymous()`): private memory without a file, or a
  /// private mapping of `/dev/zero`, which keeps its file for its name only.
  public internal(set) var isAnonymous: Bool {
    @inline(__always) get { traits & 0x10 != 0 }
    @inline(__always) set { traits = traits & ~0x10 | (newValue ? 0x10 : 0) }
  }

  /// What it is, if it is neither file nor memory.
  public internal(set) var special: SpecialMapping {
    @inline(__always) get {
      SpecialMapping(rawValue: UInt8(truncatingIfNeeded: traits & 0xf)) ?? .none
    }
    @inline(__always) set { traits = traits & ~0xf | UInt16(newValue.rawValue) }
  }

  /// Where its new pages are to be (`vm_policy`).
  var policy: PolicyNumber {
    @inline(__always) get { PolicyNumber(rawValue: traits &>> 6) }
    @inline(__always) set { traits = traits & 0x3f | newValue.rawValue &<< 6 }
  }

  /// Whether it is plain memory or a plain file, with this policy: what merges.
  @inline(__always) func isPlain(with policy: PolicyNumber) -> Bool {
    traits & ~0x30 == policy.rawValue &<< 6
  }

  /// Whether it hangs in its file's tree.
  var isInFileTree: Bool {
    @inline(__always) get { traits & 0x20 != 0 }
    @inline(__always) set { traits = traits & ~0x20 | (newValue ? 0x20 : 0) }
  }

  /// Where its new anonymous pages are born; nil before it may have any (`vma->anon_vma`).
  @inline(__always) var anonVMA: KernelPointer<AnonVMA>? { anonymousLinks?.pointee.anonVMA }

  /// Whether it has one link only, so that it was not forked since (`list_is_singular()`).
  @inline(__always) var hasOneLink: Bool {
    guard let anonymousLinks else { return false }
    return anonymousLinks.pointee.next == nil
  }

  /// Its length in bytes.
  @inlinable public var length: ByteCount { end - start }

  /// Whether anything may be done with it (`vma_is_accessible()`); a guard is not accessible.
  @inlinable public var isAccessible: Bool { !flags.isDisjoint(with: .access) }

  @inlinable public func contains(_ address: VirtualAddress) -> Bool {
    start <= address && address < end
  }
}

/// Mappings that are not just a file's or memory: they never merge.
public enum SpecialMapping: UInt8, BitwiseCopyable, Sendable {
  case none = 0
  /// A segment of shared memory, which counts the areas that show it.
  case attachment
  /// `[vvar]`: data of the vdso.
  case vvar
  /// `[vdso]`: code of the kernel that programs call.
  case vdso
  /// The `[vdso]` of a 32-bit program.
  case vdso32
  /// `[vectors]` of a 32-bit program: helpers at fixed addresses (arch/arm64/kernel/kuser32.S).
  case vectors
  /// `[sigpage]` of a 32-bit program: what a handler returns to.
  case signalPage

  /// Put in by the kernel itself, whole (mm/mmap.c:_install_special_mapping()).
  @inlinable public var isKernels: Bool { rawValue > Self.attachment.rawValue }
}
