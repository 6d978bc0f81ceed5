package import MemoryTypes

/// A file of the host that the machine swaps to: `--swap-file FILE[:priority]`.
package struct SwapFile: Hashable, Sendable {
  package var path: String
  /// As `swapon -p`; nil takes the next lower one.
  package var priority: UInt32?

  /// The most that a machine can have beside `--swap`.
  package static let most = 7

  /// Reads `FILE`, or `FILE:priority` where no file has the whole as its name.
  package init(parsing text: String) throws(MachineError) {
    path = text
    if HostFile.status(text, following: true) == nil, let colon = text.lastIndex(of: ":") {
      let word = text[text.index(after: colon)...]
      guard let priority = UInt32(word), priority <= 32767 else {
        throw .usage("--swap-file \(text): '\(word)' is no priority", hint: "it is 0 to 32767")
      }
      self.priority = priority
      path = String(text[..<colon])
    }
    guard let status = HostFile.status(path, following: true) else {
      throw .usage("--swap-file \(path): there is no such file", hint: "fallocate -l 64M FILE")
    }
    guard !status.isFolder else { throw .usage("--swap-file \(path): it is a directory") }
    guard status.isRegular else { throw .usage("--swap-file \(path): it is not a file") }
  }

  /// The whole pages that it has, which are neither too few nor too many for an area.
  package func pages(of size: PageSize) throws(MachineError) -> PageCount {
    guard let status = HostFile.status(path, following: true) else {
      throw .usage("--swap-file \(path): there is no such file")
    }
    let length = ByteCount(status.size)
    let pages = length.wholePages(of: size)
    guard pages >= PageCount(10) else {
      throw .usage(
        "--swap-file \(path): \(length) is too small",
        hint: "an area has ten pages at least, \(PageCount(10).bytes(of: size))")
    }
    guard length <= .gibibytes(64) else {
      throw .usage("--swap-file \(path): \(length) is too large", hint: "64G is the most")
    }
    return pages
  }
}
