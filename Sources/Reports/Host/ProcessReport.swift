package import HostInspection
import Machine
import MemoryTypes

/// What there is to say of a process's memory, live or recorded.
package struct ProcessReport: Sendable {
  package var image: ProcessImage
  package var cost: ProcessCost
  /// The entries of the TLB that reaches are computed for, and whose it is.
  package var tlb: (entries: UInt64, source: String)
  /// Whether all areas are listed, or the largest.
  package var showsAll = false

  package init(_ image: ProcessImage, tlbEntries: UInt64? = nil) {
    self.image = image
    cost = ProcessCost(image)
    tlb =
      tlbEntries.map { ($0, "as asked") }
      ?? image.host.tlbEntries.map { ($0, "this machine's, by /proc/cpuinfo") }
      ?? (1280, "a Neoverse-N1's second level")
  }

  /// A sum over all areas.
  func sum(_ value: (VirtualArea) -> ByteCount) -> ByteCount {
    image.areas.reduce(.zero) { $0 + value($1) }
  }

  /// What is not there to be looked at, in a sentence; nil for a process with memory.
  var absence: String? {
    if image.state.isKernelThread {
      return "It is a kernel thread: it has no memory of its own and runs in the kernel's half."
    }
    if image.state.isZombie, image.areas.isEmpty {
      return "It has ended and its memory is free again; only its number waits for process "
        + "\(image.state.parent) to ask how it ended."
    }
    return nil
  }
}
