import Arm64
package import BoardFormat

/// Where in a guest's files the allocator begins: what `--heap` listens to.
package struct AllocatorProbes {
  /// What the kernel is asked for.
  package private(set) var requests: [ProbeRequest] = []
  /// The files that define `malloc`, in the order in which the dynamic loader looks.
  package private(set) var files: [String] = []

  /// Finds the allocation functions of a program and of the libraries that it will be loaded with.
  ///
  /// - Parameters:
  ///   - extra: files of the guest besides, for allocators that are loaded later, and programs
  ///     that the first one starts.
  package init(
    of guest: Guest, environment: [EnvironmentVariable], extra: [String]
  ) throws(MachineError) {
    for file in extra where guest.hostFile(at: file) == nil {
      throw .usage("--heap-file \(file): the guest has no such file")
    }
    var search = LibrarySearch(guest, environment)
    for path in search.files(from: [guest.executable] + extra) {
      guard let symbols = search.symbols(of: path) else { continue }
      try add(symbols, path)
    }
    guard !requests.isEmpty else {
      throw .failure(
        "--heap: neither \(guest.path) nor its libraries name a malloc",
        hint: "a static program must not be stripped; --heap-file names other files")
    }
  }

  private mutating func add(_ symbols: ELFSymbols, _ path: String) throws(MachineError) {
    var offsets: Set<UInt64> = []
    for function in AllocationFunction.allCases {
      guard let place = symbols.place(of: function.symbol),
        offsets.insert(place.offset).inserted
      else { continue }
      guard SteppedInstruction(place.word) != .refused else {
        throw .failure(
          "--heap: \(function.symbol) in \(path) begins with an instruction that no breakpoint "
            + "can stand in for")
      }
      let request = ProbeRequest(
        offset: place.offset, word: place.word, tag: function.rawValue,
        options: function.options, path: path.utf8)
      guard let request else {
        throw .failure("--heap: \(path) is too long a path")
      }
      requests.append(request)
      if function == .malloc { files.append(path) }
    }
    guard requests.count <= ProbeRequest.maximum else {
      throw .failure(
        "--heap: more than \(ProbeRequest.maximum) functions to listen to",
        hint: "the files are \(files.joined(separator: ", "))")
    }
  }
}

/// The libraries that a program is loaded with, as `ld.so` finds them (ld.so(8)).
struct LibrarySearch {
  private let guest: Guest
  private let preloaded: [String]
  private let folders: [String]
  private var read: [String: ELFSymbols] = [:]

  private static let standardFolders = [
    "/lib/aarch64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/lib", "/usr/lib", "/lib64",
    "/usr/lib64", "/usr/local/lib",
  ]

  init(_ guest: Guest, _ environment: [EnvironmentVariable]) {
    self.guest = guest
    func list(_ name: String, _ separators: Set<Character>) -> [String] {
      (environment.last { $0.name == name }?.value ?? "").split { separators.contains($0) }
        .map(String.init)
    }
    preloaded = list("LD_PRELOAD", [":", " "])
    folders = list("LD_LIBRARY_PATH", [":", ";"])
  }

  /// The files' own paths, those given first, then what they need, breadth first.
  mutating func files(from start: [String]) -> [String] {
    var found: [String] = []
    var names = start + preloaded
    var next = 0
    while next < names.count, found.count < 256 {
      let name = names[next]
      next += 1
      guard let path = guest.filePath(at: name), !found.contains(path),
        let symbols = symbols(of: path)
      else { continue }
      found.append(path)
      names += symbols.needed.compactMap { locate($0, neededBy: path, symbols.searchPath) }
    }
    return found
  }

  /// What a file of the guest defines.
  mutating func symbols(of path: String) -> ELFSymbols? {
    if let known = read[path] { return known }
    guard let host = guest.hostFile(at: path),
      let bytes = HostFile.contents(of: host, limit: 1 << 28)
    else { return nil }
    let symbols = ELFSymbols(bytes)
    read[path] = symbols
    return symbols
  }

  private func locate(_ name: String, neededBy path: String, _ own: [String]) -> String? {
    if name.contains("/") { return name }
    let origin = GuestPath.parent(of: path)
    let own = own.map {
      $0.replacing("$ORIGIN", with: origin).replacing("${ORIGIN}", with: origin)
    }
    return (own + folders + Self.standardFolders).map { GuestPath.joined($0, name) }
      .first { guest.filePath(at: $0) != nil }
  }
}
