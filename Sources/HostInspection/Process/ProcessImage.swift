import MemoryTypes

/// A process's memory at one moment: what `/proc` says of it, or what a snapshot recorded of that.
///
/// Every view is made from this value and from nothing else, so a snapshot shows what the live
/// process would have shown.
package struct ProcessImage: Equatable, Sendable {
  package var host: HostPages
  package var stat: [UInt8]
  package var status: [UInt8]
  package var smaps: [UInt8]
  /// What the page tables hold, by address; nil where nobody let us see.
  package var runs: [PageRun]?
  /// The programs and libraries that it executes.
  package var images: [ELFImage]
  /// What could not be seen, and what it takes.
  package var limits: [String]

  package var state: ProcessState
  package var areas: [VirtualArea]

  package init?(
    host: HostPages, stat: [UInt8], status: [UInt8], smaps: [UInt8], runs: [PageRun]?,
    images: [ELFImage], limits: [String]
  ) {
    guard let state = ProcessState(stat: stat, status: status) else { return nil }
    self.host = host
    self.stat = stat
    self.status = status
    self.smaps = smaps
    self.runs = runs
    self.images = images
    self.limits = limits
    self.state = state
    // The vsyscall page is the kernel's, and not in a program's half.
    areas = VirtualArea.all(smaps: smaps).filter { $0.end.rawValue <= 1 << 57 }
  }
}
