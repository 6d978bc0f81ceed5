import HardwareModel
import MemoryTypes
import Yams

extension CoreDescription {
  /// Reads a core's file (Documentation/CoreFiles.md).
  ///
  /// - Parameter file: what the file is called in errors.
  package init(parsing text: String, named file: String) throws(CoreFileError) {
    guard text.utf8.count <= 1 << 18 else {
      throw CoreFileError(file: file, cause: "this is longer than 256K, and no core")
    }
    let composed: Node?
    do { composed = try Yams.compose(yaml: text) } catch {
      throw CoreFileError(notYAML: error, file)
    }
    var reader = FileReader(file: file)
    guard let root = composed, !FileReader.isNull(root) else {
      throw CoreFileError(file: file, cause: "there is nothing in it")
    }
    let members = try reader.members(
      root, "",
      [
        "format", "name", "title", "clock_ghz", "tlb", "walk", "caches", "latency", "arch", "qemu",
        "documents",
      ])
    let format = try reader.member("format", of: members, root, "")
    guard format.string == "kilburn-core-1" else {
      throw reader.error(format, "the format is not kilburn-core-1")
    }
    name = try reader.text(reader.member("name", of: members, root, ""), "name")
    title =
      try members["title"].map { node throws(CoreFileError) in
        try reader.text(node, "title")
      } ?? name
    hardware = try reader.hardware(members, root)
    architecture = try reader.architecture(reader.member("arch", of: members, root, ""))
    emulator = try reader.emulator(reader.member("qemu", of: members, root, ""), architecture)
    documents =
      try members["documents"].map { node throws(CoreFileError) in
        try reader.documents(node)
      } ?? []
    for (id, line) in reader.named where !documents.contains(where: { $0.id == id }) {
      throw CoreFileError(
        file: file, line: line, cause: "there is no document '\(id)'",
        hint: "documents: says what it is")
    }
    figures = reader.figures
  }
}

extension CoreFileError {
  /// What the YAML library found.
  init(notYAML error: any Error, _ file: String) {
    let (line, problem): (Int?, String) =
      switch error {
      case YamlError.scanner(_, let problem, let mark, _): (mark.line, problem)
      case YamlError.parser(_, let problem, let mark, _): (mark.line, problem)
      case YamlError.composer(_, let problem, let mark, _): (mark.line, problem)
      case YamlError.duplicatedKeysInMapping(let words, let context):
        (context.mark.line, "'\(words.joined(separator: "', '"))' is there twice")
      case YamlError.reader(let problem, let offset, _, _):
        (nil, "byte \(offset ?? 0): \(problem)")
      default: (nil, "\(error)".split(separator: "\n").first.map(String.init) ?? "")
      }
    self.init(file: file, line: line, cause: "not YAML: \(problem)")
  }
}

extension FileReader {
  mutating func architecture(_ node: Node) throws(CoreFileError)
    -> CoreDescription.Architecture
  {
    let needed = ["granules", "pa_bits", "hw_access_dirty", "aarch32_el0", "lva"]
    let told = ["va_bits", "asid_bits", "sve", "sve_bits", "pauth", "mte", "lpa", "bbm"]
    let members = try members(node, "arch", needed + told)
    let granules = try member("granules", of: members, node, "arch")
    var pageSizes: [PageSize] = []
    for size in try sizes(granules, "arch.granules") {
      guard let pageSize = PageSize(shift: UInt64(size.rawValue.trailingZeroBitCount)),
        pageSize.bytes == size
      else { throw error(granules, "arch.granules: there are no \(size) pages") }
      pageSizes.append(pageSize)
    }
    guard !pageSizes.isEmpty else { throw error(granules, "arch.granules is empty") }
    let bits = try number(
      member("pa_bits", of: members, node, "arch"), "arch.pa_bits", in: 32...52)
    let hafdbs = try truth(
      member("hw_access_dirty", of: members, node, "arch"), "arch.hw_access_dirty")
    let aarch32 = try truth(member("aarch32_el0", of: members, node, "arch"), "arch.aarch32_el0")
    let large = try truth(member("lva", of: members, node, "arch"), "arch.lva")
    try self.told(members, told, "arch")
    return .init(
      pageSizes: pageSizes, physicalBits: UInt64(bits), hasHardwareAccessAndDirty: hafdbs,
      hasAArch32: aarch32, hasLargeAddresses: large)
  }

  mutating func emulator(_ node: Node, _ architecture: CoreDescription.Architecture)
    throws(CoreFileError) -> CoreDescription.EmulatorCPU
  {
    let members = try members(
      node, "qemu", ["cpu", "version", "fit", "hides", "lacks", "source"])
    let cpu = try member("cpu", of: members, node, "qemu")
    let argument = try text(cpu, "qemu.cpu")
    // It becomes a word of QEMU's command line, and is nothing but a model and its features.
    let allowed = argument.utf8.allSatisfy {
      ($0 | 0x20) >= UInt8(ascii: "a") && ($0 | 0x20) <= UInt8(ascii: "z")
        || $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") || ",=-_.".utf8.contains($0)
    }
    guard allowed, !argument.hasPrefix("-") else {
      throw error(cpu, "qemu.cpu cannot be '\(argument)'", hint: "write MODEL,feature=off")
    }
    var hides: [HiddenFeature] = []
    if let list = members["hides"] {
      for word in try texts(list, "qemu.hides") {
        guard let feature = HiddenFeature(rawValue: word) else {
          let words = HiddenFeature.allCases.map(\.rawValue).joined(separator: ", ")
          throw error(list, "qemu.hides: nothing is called '\(word)'", hint: "there are \(words)")
        }
        if architecture.has(feature) {
          throw error(list, "qemu.hides has '\(word)', and by arch the core has it")
        }
        hides.append(feature)
      }
    }
    var lacks: [String] = []
    if let list = members["lacks"] { lacks = try texts(list, "qemu.lacks") }
    var fit = "as the file says"
    if let told = members["fit"] { fit = try text(told, "qemu.fit") }
    return .init(argument: argument, fit: fit, hides: hides, lacks: lacks)
  }

  func documents(_ node: Node) throws(CoreFileError) -> [SourceDocument] {
    guard let mapping = node.mapping else { throw error(node, "documents is not a mapping") }
    var all: [SourceDocument] = []
    for (key, value) in mapping {
      let id = try text(key, "documents")
      let path = "documents.\(id)"
      let members = try members(
        value, path, ["kind", "title", "number", "revision", "address"])
      let kindNode = try member("kind", of: members, value, path)
      guard let kind = SourceDocument.Kind(rawValue: kindNode.string ?? "") else {
        let kinds = SourceDocument.Kind.allCases.map(\.rawValue).joined(separator: ", ")
        throw error(kindNode, "\(path).kind is one of \(kinds)")
      }
      func optional(_ word: String) throws(CoreFileError) -> String? {
        guard let node = members[word] else { return nil }
        return try text(node, "\(path).\(word)")
      }
      all.append(
        SourceDocument(
          id: id, kind: kind, title: try text(member("title", of: members, value, path), path),
          number: try optional("number"), revision: try optional("revision"),
          address: try optional("address")))
    }
    return all
  }
}

extension CoreDescription.Architecture {
  /// Whether a core has what an emulated CPU may have to hide.
  func has(_ feature: HiddenFeature) -> Bool {
    switch feature {
    case .fourKiBPages: pageSizes.contains(.fourKiB)
    case .sixteenKiBPages: pageSizes.contains(.sixteenKiB)
    case .sixtyFourKiBPages: pageSizes.contains(.sixtyFourKiB)
    case .hardwareAccessAndDirty: hasHardwareAccessAndDirty
    case .largeAddresses: hasLargeAddresses
    case .aarch32: hasAArch32
    case .branchTargets, .longASIDs, .later: false
    }
  }
}
