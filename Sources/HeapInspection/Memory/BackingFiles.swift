/// The files that a process had mapped, opened as they are needed, each once.
package final class BackingFiles {
  /// Where a file of the process is on this host; nil where it cannot be had.
  private let place: (String) -> String?
  private var open: [String: MappedBytes?] = [:]

  package init(_ place: @escaping (String) -> String?) { self.place = place }

  /// Files under a root of this host; none where that is nil.
  package convenience init(root: String?) {
    self.init { path in root.map { $0 + path } }
  }

  /// The file that the process knew by a path.
  package subscript(path: String) -> MappedBytes? {
    if let known = open[path] { return known }
    let file = place(path).flatMap { try? MappedBytes($0) }
    open[path] = .some(file)
    return file
  }
}
