public import MemoryTypes

/// A range of addresses that somebody has, or had and that the TLB may still know: Linux's
/// `struct vmap_area`, as many bytes.
///
/// | field | owner |
/// |---|---|
/// | `start`, `units` | the ``VMAllocator``; the guard page is inside |
/// | `tree`, `balance`, `previous` | the ``VMAreaTree`` that the area hangs in |
/// | `word` | what `kind` says: the description of a busy area, the next one of the lazy ones |
public struct VMArea {
  public internal(set) var start: VirtualAddress
  var tree = TreeLinks<VMArea>()
  /// The area with the next lower addresses in the same region.
  var previous: KernelPointer<VMArea>?
  /// The ``VMDescription`` of an area in use, 0 for a mapping without one (`vm_map_ram()`); the
  /// next area of the lazy list, 0 for its last.
  var word: UInt = 0
  /// Its length in units of 4 KiB, the smallest page.
  var units: UInt32
  var balance: Int8 = 0
  var kind: Kind = .busy

  /// Whether somebody has the addresses.
  enum Kind: UInt8, BitwiseCopyable {
    case busy
    /// Unmapped; may be had again once the TLB has forgotten it.
    case lazy
  }

  init(start: VirtualAddress, length: ByteCount) {
    self.start = start
    units = UInt32(truncatingIfNeeded: length.rawValue &>> 12)
  }

  /// The longest area: what `units` can hold.
  static var longest: ByteCount { ByteCount(UInt64(UInt32.max) &<< 12) }

  var length: ByteCount { ByteCount(UInt64(units) &<< 12) }
  public var end: VirtualAddress { start + length }
}

/// What an area in use is: Linux's `struct vm_struct`.
///
/// There is no array of its pages: the page tables say which frames it has.
public struct VMDescription {
  public let area: KernelPointer<VMArea>
  public let start: VirtualAddress
  /// The length with the guard page (`area->size`).
  public let size: ByteCount
  public var flags: VMFlags
  /// The order of the blocks that it is mapped with (`vm_area_page_order()`).
  public internal(set) var pageOrder: UInt8 = 0
  /// The frames that are its own (`nr_pages`).
  public internal(set) var pages: UInt32 = 0
  /// What is mapped, where that is one piece: devices, the kernel's image.
  public internal(set) var physical = PhysicalAddress(0)
  public let caller: VMCaller

  /// The length that may be used (`get_vm_area_size()`).
  public func usableSize(_ pageSize: PageSize) -> ByteCount {
    flags.contains(.noGuard) ? size : size - pageSize.bytes
  }
}

/// What an area is for (include/linux/vmalloc.h: VM_*).
public struct VMFlags: OptionSet, BitwiseCopyable, Sendable {
  public var rawValue: UInt32
  @inlinable public init(rawValue: UInt32) { self.rawValue = rawValue }

  @inlinable public static var ioremap: Self { Self(rawValue: 0x1) }
  @inlinable public static var alloc: Self { Self(rawValue: 0x2) }
  @inlinable public static var map: Self { Self(rawValue: 0x4) }
  @inlinable public static var userMap: Self { Self(rawValue: 0x8) }
  @inlinable public static var dmaCoherent: Self { Self(rawValue: 0x10) }
  /// No guard page behind it.
  @inlinable public static var noGuard: Self { Self(rawValue: 0x40) }
  /// ``VMAllocator/vunmap(_:)`` gives the mapped frames back, too (VM_MAP_PUT_PAGES).
  @inlinable public static var putPages: Self { Self(rawValue: 0x200) }
  /// May be mapped by blocks (VM_ALLOW_HUGE_VMAP).
  @inlinable public static var allowHuge: Self { Self(rawValue: 0x400) }
}

/// Who asked for an area: the address of code, or a name that stays in memory.
///
/// Linux has `__builtin_return_address(0)`, for which Swift has no word: the kernel's own callers
/// name themselves, C callers and modules give their address.
@safe public struct VMCaller: ExpressibleByStringLiteral, BitwiseCopyable, Sendable {
  /// An address of code, or of a name that ends with a zero byte.
  public let word: UInt
  public let isName: Bool

  /// The code at an address asked.
  public init(address: UInt) {
    word = address
    isName = false
  }

  /// The function of that name asked.
  public init(_ name: StaticString) {
    word = unsafe UInt(bitPattern: name.utf8Start)
    isName = true
  }

  public init(stringLiteral name: StaticString) { self.init(name) }

  /// Visits the bytes of a name.
  public func forEachByte(_ body: (UInt8) -> Void) {
    guard isName, var at = unsafe UnsafePointer<UInt8>(bitPattern: word) else { return }
    // SAFETY: the bytes of a static string stay, and a zero byte follows them.
    while unsafe at.pointee != 0 {
      unsafe body(at.pointee)
      unsafe at += 1
    }
  }
}
