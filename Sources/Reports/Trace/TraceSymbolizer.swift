import BoardFormat
import Machine

/// Names places in programs, by the symbols of the files that the guest had mapped.
package struct TraceSymbolizer {
  /// The bytes of the file that the guest sees at a path, or nil.
  private let contents: (String) -> [UInt8]?
  private var files: [String: ELFSymbols?] = [:]

  package init(contents: @escaping (String) -> [UInt8]?) { self.contents = contents }

  /// `function+0x1c`, `file+0x4f00` where the file names no function there, or the bare address.
  mutating func name(_ address: UInt64, in space: TraceSpace?, pageSize: UInt64) -> String {
    guard let area = space?.area(at: address) else { return hexadecimal(address) }
    guard area.name == .file else {
      let place = hexadecimal(address - area.start)
      return area.label.isEmpty ? hexadecimal(address) : "\(area.label)+\(place)"
    }
    let offset = area.fileOffset(of: address, pageSize)
    if let found = function(at: offset, in: area.path) {
      return found.offset == 0
        ? found.name : "\(found.name)+\(hexadecimal(found.offset))"
    }
    let file = area.path.split(separator: "/").last.map(String.init) ?? area.path
    return "\(file)+\(hexadecimal(offset))"
  }

  /// The function at a place of a file, and how far into it.
  mutating func function(at offset: UInt64, in path: String) -> (name: String, offset: UInt64)? {
    symbols(of: path)?.function(atOffset: offset)
  }

  private mutating func symbols(of path: String) -> ELFSymbols? {
    if let known = files[path] { return known }
    let symbols = contents(path).flatMap { ELFSymbols($0) }
    files[path] = .some(symbols)
    return symbols
  }
}
