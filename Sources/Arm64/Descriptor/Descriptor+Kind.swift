public import MemoryTypes

extension Descriptor {
  /// A descriptor taken apart: the four things it can be, each with what it has.
  public enum Kind: BitwiseCopyable, Hashable, Sendable {
    case invalid
    case table(PhysicalAddress, TableAttributes)
    case block(PhysicalAddress, Attributes)
    case page(PhysicalAddress, Attributes)
  }

  /// What the descriptor is at a level (Arm ARM, `AArch64.DecodeDescriptorType`).
  ///
  /// Bits 1:0 are 01 for a block, which only some levels may hold, and 11 for a page at level 3 and
  /// a table above it.
  @inlinable public func kind(at level: Int, in geometry: TranslationGeometry) -> Kind {
    switch rawValue & 0b11 {
    case 0b11 where level == 3: .page(output(in: geometry), attributes(in: geometry))
    case 0b11: .table(output(in: geometry), tableAttributes)
    case 0b01 where geometry.allowsBlocks(at: level):
      .block(output(at: level, in: geometry), attributes(in: geometry))
    default: .invalid
    }
  }
}
