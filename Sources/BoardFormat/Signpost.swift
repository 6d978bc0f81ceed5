/// Words in the kernel's data by which whoever reads RAM finds its page tables.
///
/// RAM says nothing of itself, and the tables lie wherever frames were free. So the kernel puts these
/// words into its image when the tables are in use: they are looked for on 8-byte boundaries of the
/// ``window`` from the place where QEMU puts the image, and are found by their first two words.
public struct Signpost: BitwiseCopyable, Sendable {
  /// "KILBURN-TABLES-1", its first byte lowest.
  @inlinable public static var magic: (UInt64, UInt64) {
    (0x2d4e_5255_424c_494b, 0x312d_5345_4c42_4154)
  }
  /// Where QEMU puts the image, counted from the first byte of RAM, and how far it may reach.
  @inlinable public static var image: UInt64 { 2 &<< 20 }
  @inlinable public static var window: UInt64 { 16 &<< 20 }

  public var magic0: UInt64 = Signpost.magic.0
  public var magic1: UInt64 = Signpost.magic.1
  /// The physical address of the kernel half's first table.
  public var root: UInt64
  public var pageShift: UInt64
  public var vaBits: UInt64

  /// The signpost for a root.
  @inlinable public init(root: UInt64, pageShift: UInt64, vaBits: UInt64) {
    self.root = root
    self.pageShift = pageShift
    self.vaBits = vaBits
  }
}
