/// The files that a process had mapped, opened as they are needed, each once.
package final class BackingFiles {
  /// Where the process's root is on this host; nil where its files cannot be had.
  private let root: String?
  private var open: [String: MappedBytes?] = [:]

  package init(root: String?) { self.root = root }

  /// The file that the process knew by a path.
  package subscript(path: String) -> MappedBytes? {
    guard let root else { return nil }
    if let known = open[path] { return known }
    let file = try? MappedBytes(root + path)
    open[path] = .some(file)
    return file
  }
}
