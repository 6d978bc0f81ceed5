/// Words of the kernel by which whoever watches its accesses hears what no access shows.
///
/// The kernel stores to one of them where it tells the CPU something: the store is the record. It
/// is made whether anybody watches or not, so that a run that is watched executes the same
/// instructions as one that is not, and it costs two instructions where nobody does
/// (Documentation/Theory/Observer.md). The words are numbered as in
/// `KernelAssembly/include/Instructions.h`, and lie where ``BoardHeader/doorbells`` says. What
/// ``Statistics`` counts needs none: its own words are watched, too.
public enum Doorbell: UInt64, BitwiseCopyable, CaseIterable, Sendable {
  /// The root of the user half's tables that is used from here on, 0 for none.
  case root = 0
  /// The ASID that belongs to it; stored after it.
  case space
  /// The root of the kernel half's tables.
  case kernelRoot
  /// 1 where instructions are no longer counted, 0 where they are again.
  case uncounted
  /// The operands of TLBI instructions.
  case lastLevelPage
  case page
  case pageOfAllSpaces
  case addressSpace
  case everything
  /// Memory is cleared by DC ZVA, which makes no access that can be watched: from this virtual
  /// address, so many bytes; stored after it.
  case clearAddress
  case clearBytes
  /// All instructions are forgotten (IC IALLUIS).
  case instructions
  /// Mappings of the kernel half are about to go or to change.
  case unmapping

  /// The bytes of all of them.
  @inlinable public static var size: UInt64 { 128 }
}
