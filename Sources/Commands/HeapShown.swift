import ArgumentParser
import Glibc
import HeapInspection
import Machine
import MemoryImages
import Reports

/// What is shown of a heap, and where.
struct HeapShown: ParsableArguments {
  @Flag(help: "Lists every chunk: address, size, what it is.")
  var chunks = false

  @Option(help: ArgumentHelp("Says which chunk an address is in.", valueName: "address"))
  var address: String?

  @Flag(help: "Only what malloc_info(3) would print in that process.")
  var mallocInfo = false

  @Flag(help: "JSON instead of text; Documentation/ReportFormat.md describes it.")
  var json = false

  @Option(help: ArgumentHelp("Also draws the heap there.", valueName: "file"))
  var svg: String?

  /// Inspects and shows; false where the heap is damaged.
  func show(_ source: any MemorySource) throws(HeapError) -> Bool {
    let wanted = try address.map { word throws(HeapError) -> UInt64 in
      guard let value = UInt64(word.hasPrefix("0x") ? String(word.dropFirst(2)) : word, radix: 16)
      else { throw .unreadable("'\(word)' is no address") }
      return value
    }
    let output = BufferedOutput()
    var holder: HeapChunk?
    let listing = chunks
    let report = try HeapInspector(source).inspect(
      listing || wanted != nil
        ? { chunk in
          if let wanted, chunk.contains(wanted) { holder = chunk }
          if listing { output.line(Self.line(chunk)) }
        } : nil)
    if let svg {
      do throws(MachineError) {
        try OutputFile.write(HeapDrawing(report).text, to: svg, option: "svg")
      } catch { throw .unreadable("\(error)") }
    }
    if let wanted {
      output.line(Self.place(wanted, holder, report))
    } else if listing {
      for chunk in report.mapped {
        output.line("\(Hex(chunk.address)) \(Hex(chunk.size)) mapped")
      }
    } else if mallocInfo {
      output.write(report.mallocInfo)
    } else if json {
      output.write(report.json.text)
    } else {
      HeapText(report, HostText.style).lines.forEach(output.line)
    }
    output.flush()
    return report.damages.isEmpty
  }

  private static func line(_ chunk: HeapChunk) -> String {
    "\(Hex(chunk.address)) \(Hex(chunk.size)) \(chunk.state.name)"
  }

  private static func place(_ address: UInt64, _ holder: HeapChunk?, _ report: HeapReport) -> String
  {
    var chunk = holder
    if chunk == nil,
      let mapped = report.mapped.first(where: {
        address >= $0.address && address - $0.address < $0.size
      })
    {
      chunk = HeapChunk(address: mapped.address, size: mapped.size, state: .used)
    }
    guard let chunk else { return "\(Hex(address)) is in no heap of malloc's" }
    let into = address - chunk.address
    let what = "\(Hex(chunk.address)) of \(chunk.size) bytes"
    guard chunk.isChunk else {
      return "\(Hex(address)) is \(into) bytes into \(what) that are \(chunk.state.name)"
    }
    let content = chunk.state == .used ? "what malloc returned" : "its memory"
    let place =
      into < 16
      ? "in its header" : "\(into - 16) bytes into \(content), \(Hex(chunk.address + 16))"
    return "\(Hex(address)) is in the chunk \(what), \(chunk.state.name): \(place)"
  }
}
