import MemoryTypes
import Yams

/// Walks a core's file, and notes each figure that it reads.
///
/// A figure is `{value: …, source: {doc: …, where: …}}` or `{value: …, assumed: …}`, with a `note`
/// where there is more to say; a file of one's own may write the value alone.
struct FileReader {
  let file: String
  var figures: [Figure] = []
  /// The documents' names, with the lines where figures name them.
  var named: [(id: String, line: Int?)] = []

  func error(_ node: Node?, _ cause: String, hint: String? = nil) -> CoreFileError {
    CoreFileError(file: file, line: node?.mark?.line, cause: cause, hint: hint)
  }

  /// The members of a node, each of which has to be one of these words.
  func members(_ node: Node, _ path: String, _ words: [String]) throws(CoreFileError)
    -> Node.Mapping
  {
    guard let mapping = node.mapping else {
      throw error(node, "\(path.isEmpty ? "a core" : path) is written as 'word: value' lines")
    }
    for (key, _) in mapping {
      let word = key.string ?? ""
      guard words.contains(word) else {
        throw error(
          key, "there is no '\(word)' in \(path.isEmpty ? "a core" : path)",
          hint: "there are \(words.joined(separator: ", "))")
      }
    }
    return mapping
  }

  /// A member that has to be there.
  func member(_ word: String, of mapping: Node.Mapping, _ node: Node, _ path: String)
    throws(CoreFileError) -> Node
  {
    guard let member = mapping[word] else {
      throw error(node, "there is no '\(word)' in \(path.isEmpty ? "a core" : path)")
    }
    return member
  }

  /// A text that is no figure.
  func text(_ node: Node, _ path: String) throws(CoreFileError) -> String {
    guard let text = node.string, !text.isEmpty, text.utf8.count <= 1000 else {
      throw error(node, "\(path) is not a text")
    }
    return text
  }

  /// Texts in a list.
  func texts(_ node: Node, _ path: String) throws(CoreFileError) -> [String] {
    guard let list = node.sequence else { throw error(node, "\(path) is not a list") }
    var texts: [String] = []
    for one in list { texts.append(try text(one, path)) }
    return texts
  }

  /// The value of a figure, noted with how it is known.
  mutating func value(_ node: Node, _ path: String, isUsed: Bool = true) throws(CoreFileError)
    -> Node
  {
    guard let mapping = node.mapping else {
      figures.append(
        Figure(path: path, text: Self.written(node), basis: .unstated, isUsed: isUsed))
      return node
    }
    _ = try members(node, path, ["value", "source", "assumed", "note"])
    let value = try self.member("value", of: mapping, node, path)
    var note: String?
    if let told = mapping["note"] { note = try text(told, "\(path).note") }
    let basis: Figure.Basis
    switch (mapping["source"], mapping["assumed"]) {
    case (let node?, nil): basis = try source(node, path)
    case (nil, let assumed?): basis = .assumed(try text(assumed, "\(path).assumed"))
    case (nil, nil): basis = .unstated
    default:
      throw error(node, "\(path) has a source and is assumed", hint: "it is one of the two")
    }
    figures.append(
      Figure(path: path, text: Self.written(value), basis: basis, note: note, isUsed: isUsed))
    return value
  }

  private mutating func source(_ node: Node, _ path: String) throws(CoreFileError)
    -> Figure.Basis
  {
    let mapping = try members(node, "\(path).source", ["doc", "where"])
    let document = try text(
      member("doc", of: mapping, node, "\(path).source"), "\(path).source.doc")
    let place = try text(
      member("where", of: mapping, node, "\(path).source"), "\(path).source.where")
    named.append((document, node.mark?.line))
    return .source(document: document, place: place)
  }

  /// A value as it is shown.
  private static func written(_ node: Node) -> String {
    if let list = node.sequence {
      return list.map { $0.string ?? "?" }.joined(separator: " ")
    }
    return isNull(node) ? "none" : node.string ?? "?"
  }

  static func isNull(_ node: Node) -> Bool {
    guard case .scalar(let scalar) = node, scalar.style == .plain else { return false }
    return ["", "~", "null"].contains(scalar.string)
  }
}

/// Values of the kinds that figures have.
extension FileReader {
  mutating func number(_ node: Node, _ path: String, in range: ClosedRange<Int>)
    throws(CoreFileError) -> Int
  {
    try parsed(node, path, in: range)
  }

  /// A number that need not be whole.
  mutating func measure(_ node: Node, _ path: String, in range: ClosedRange<Double>)
    throws(CoreFileError) -> Double
  {
    try parsed(node, path, in: range)
  }

  private mutating func parsed<T: LosslessStringConvertible>(
    _ node: Node, _ path: String, in range: ClosedRange<T>
  ) throws(CoreFileError) -> T {
    let value = try value(node, path)
    guard let number = value.string.flatMap({ T($0) }), range.contains(number) else {
      throw error(
        value, "\(path) is not a number of \(range.lowerBound) to \(range.upperBound)")
    }
    return number
  }

  mutating func truth(_ node: Node, _ path: String) throws(CoreFileError) -> Bool {
    let value = try value(node, path)
    guard let truth = value.bool else { throw error(value, "\(path) is true or false") }
    return truth
  }

  mutating func word(_ node: Node, _ path: String, _ words: [String]) throws(CoreFileError)
    -> String
  {
    let value = try value(node, path)
    guard let word = value.string, words.contains(word) else {
      throw error(
        value, "\(path) cannot be '\(value.string ?? "?")'",
        hint: "it is one of \(words.joined(separator: ", "))")
    }
    return word
  }

  /// Sizes as `[4K, 2M]`.
  mutating func sizes(_ node: Node, _ path: String) throws(CoreFileError) -> [ByteCount] {
    let value = try value(node, path)
    var sizes: [ByteCount] = []
    for text in try texts(value, path) {
      guard let size = ByteCount(parsing: text.utf8) else {
        throw error(value, "\(path): '\(text)' is not a size", hint: "write 4K or 2M")
      }
      sizes.append(size)
    }
    return sizes
  }

  /// Figures that nothing here goes by.
  mutating func told(_ mapping: Node.Mapping, _ words: [String], _ path: String)
    throws(CoreFileError)
  {
    for word in words {
      if let node = mapping[word] { _ = try value(node, "\(path).\(word)", isUsed: false) }
    }
  }
}
