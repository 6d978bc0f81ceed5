import MemoryTypes

/// Hands out address space identifiers, 16 bits of them (arch/arm64/mm/context.c).
///
/// An address space keeps its ASID together with the generation it was given in. When all numbers
/// are used up a new generation begins: the TLB is emptied once, and every space gets a new number
/// when it runs next. ASID 0 is never given: it tags the reserved tables that are active while a
/// processor runs no program.
struct ASIDAllocator: BitwiseCopyable {
  static var bits: UInt64 { 16 }
  /// The generation, above the bits of an ASID; the first is 1, so that no space's 0 is valid.
  private var generation: UInt64 = 1 &<< 16
  private var next: UInt64 = 1

  init() {}

  /// Whether an identifier is of this generation.
  @inline(__always) func isCurrent(_ contextID: UInt64) -> Bool {
    contextID & ~0xFFFF == generation
  }

  /// A new identifier, and whether the TLB must be emptied before it is used.
  mutating func allocate() -> (contextID: UInt64, rolledOver: Bool) {
    var rolledOver = false
    if next > 0xFFFF {
      generation &+= 1 &<< 16
      next = 1
      rolledOver = true
    }
    defer { next &+= 1 }
    return (generation | next, rolledOver)
  }
}
