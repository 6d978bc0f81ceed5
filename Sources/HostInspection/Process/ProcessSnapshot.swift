package import Machine
import MemoryTypes

/// The file of `kilburn inspect --snapshot`, described in Documentation/ReportFormat.md: a line that
/// says what it is, then sections of a name, a length and so many bytes, then `end`.
package enum ProcessSnapshot {
  static let magic = "kilburn-process-snapshot 1"

  /// The bytes of the file.
  package static func encode(_ image: ProcessImage) -> [UInt8] {
    var bytes = Array((magic + "\n").utf8)
    func section(_ name: String, _ content: [UInt8]) {
      bytes += Array("\(name) \(content.count)\n".utf8) + content + [UInt8(ascii: "\n")]
    }
    section("host", Array(image.host.lines.utf8))
    section("stat", image.stat)
    section("status", image.status)
    section("smaps", image.smaps)
    if let runs = image.runs { section("pages", PageRunCoding.encode(runs, image.host)) }
    section("images", Array(image.images.map(\.lines).joined().utf8))
    section("limits", Array(image.limits.map { $0 + "\n" }.joined().utf8))
    return bytes + Array("end\n".utf8)
  }

  /// Reads the bytes of a file of that name; an error says what is wrong and where.
  package static func decode(_ bytes: [UInt8], called name: String) throws(MachineError)
    -> ProcessImage
  {
    let sections = try sections(bytes, name)
    func damaged(_ section: String) -> MachineError {
      .failure("\(name): its section '\(section)' is damaged")
    }
    guard let host = sections["host"].flatMap({ HostPages(lines: $0) }) else {
      throw damaged("host")
    }
    var runs: [PageRun]?
    if let pages = sections["pages"] {
      guard let decoded = PageRunCoding.decode(pages, host) else { throw damaged("pages") }
      runs = decoded
    }
    guard let images = [ELFImage](lines: sections["images"] ?? []) else { throw damaged("images") }
    let limits = String.procLines(sections["limits"] ?? []).filter { !$0.isEmpty }.map(String.init)
    guard
      let image = ProcessImage(
        host: host, stat: sections["stat"] ?? [], status: sections["status"] ?? [],
        smaps: sections["smaps"] ?? [], runs: runs, images: images, limits: limits)
    else { throw damaged("stat") }
    return image
  }

  private static func sections(_ bytes: [UInt8], _ name: String) throws(MachineError)
    -> [String: [UInt8]]
  {
    var rest = bytes[...]
    func line() -> String? {
      guard let end = rest.prefix(4096).firstIndex(of: UInt8(ascii: "\n")) else { return nil }
      defer { rest = rest[(end + 1)...] }
      return String(decoding: rest[..<end], as: UTF8.self)
    }
    guard line() == magic else {
      throw .failure("\(name): it is not a snapshot of a process, or one of another version")
    }
    var sections: [String: [UInt8]] = [:]
    while true {
      let at = rest.startIndex
      guard let head = line() else {
        throw .failure("\(name): it is cut off at byte \(at)")
      }
      if head == "end" { break }
      let words = head.split(separator: " ", omittingEmptySubsequences: false)
      guard words.count == 2, let length = Int(words[1]), length >= 0 else {
        throw .failure("\(name): there is no section at byte \(at)")
      }
      guard length < rest.count else {
        throw .failure("\(name): its section '\(words[0])' is cut off at byte \(bytes.count)")
      }
      guard rest[rest.startIndex + length] == UInt8(ascii: "\n"),
        sections.updateValue(Array(rest.prefix(length)), forKey: String(words[0])) == nil
      else { throw .failure("\(name): its section '\(words[0])' is damaged") }
      rest = rest.dropFirst(length + 1)
    }
    guard rest.isEmpty else {
      throw .failure("\(name): there is more behind its end, at byte \(rest.startIndex)")
    }
    return sections
  }
}

extension HostPages {
  var lines: String {
    var text = "page-shift: \(pageShift)\nhuge-shift: \(hugeShift)\nfolio-shift: \(folioShift)\n"
    text += "folio-advice: \(folioNeedsAdvice ? 1 : 0)\n"
    if let tlbEntries { text += "tlb-entries: \(tlbEntries)\n" }
    return text + "machine: \(machine)\nrelease: \(release)\n"
  }

  init?(lines bytes: [UInt8]) {
    let fields = String.procLines(bytes).compactMap { ProcField(line: $0) }
    func field(_ name: String) -> ProcField? { fields.first { $0.name == name } }
    guard let page = field("page-shift")?.number, (12...16).contains(page),
      let huge = field("huge-shift")?.number, (page...40).contains(huge)
    else { return nil }
    self.init(pageShift: page)
    hugeShift = huge
    let folio = field("folio-shift")?.number ?? 0
    guard folio == 0 || (page...huge).contains(folio) else { return nil }
    folioShift = folio
    folioNeedsAdvice = field("folio-advice")?.number == 1
    tlbEntries = field("tlb-entries")?.number.flatMap { $0 < 1 << 32 ? $0 : nil }
    machine = field("machine")?.value ?? ""
    release = field("release")?.value ?? ""
  }
}

extension ELFImage {
  var lines: String {
    "file \(path)\n"
      + segments.map { "load \($0.offset) \($0.address) \($0.alignment)\n" }.joined()
  }
}

extension [ELFImage] {
  init?(lines bytes: [UInt8]) {
    self = []
    for line in String.procLines(bytes) where !line.isEmpty {
      if line.hasPrefix("file ") {
        append(ELFImage(path: String(line.dropFirst(5)), segments: []))
        continue
      }
      let words = line.split(separator: " ")
      guard words.count == 4, words[0] == "load", !isEmpty, let offset = UInt64(words[1]),
        let address = UInt64(words[2]), let alignment = UInt64(words[3])
      else { return nil }
      self[count - 1].segments.append(
        ELFImage.Segment(offset: offset, address: address, alignment: alignment))
    }
  }
}
