import AddressSpaces
import MemoryTypes
import PageFrames

/// The two policies: what either of them is asked.
///
/// | asked | active and inactive lists | generations |
/// |---|---|---|
/// | before a pass | ``prepareLists(_:)`` | nothing |
/// | to shrink a vector | ``shrinkLists(_:_:)`` | ``shrinkGenerations(_:_:)`` |
/// | before each round of kswapd's | ``ageLists(_:)`` | ``ageNode(_:)`` |
/// | how a page was used | the reverse map | the same, looking around (``lookAround(_:)``) |
///
/// Everything below, the decision about a page and what is done with it, is common to both.
extension Reclaimer {
  var usesGenerations: Bool { frames.pointee.usesGenerations }

  func prepare(_ scan: inout ScanControl) {
    if !usesGenerations { prepareLists(&scan) }
  }

  func shrink(_ vector: KernelPointer<LRUVector>, _ scan: inout ScanControl) {
    if usesGenerations {
      shrinkGenerations(vector, &scan)
    } else {
      shrinkLists(vector, &scan)
    }
  }

  func age(_ scan: inout ScanControl) {
    if usesGenerations { ageNode(&scan) } else { ageLists(scan) }
  }

  func references(_ number: PageFrameNumber) -> (
    entries: Int, isLocked: Bool, isExecutable: Bool
  ) {
    usesGenerations ? lookAround(number) : memory.pointee.referenced(number)
  }
}
