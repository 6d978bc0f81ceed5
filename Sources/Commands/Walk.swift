import Arm64
import ArgumentParser
import MemoryImages
import MemoryTypes
import Reports

/// `kilburn walk`: takes addresses through the page tables of a memory image.
struct Walk: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Translate addresses by the page tables in a memory image, level by level.",
    discussion: """
      For each ADDRESS, every table on the way with the index, the place and the value of its \
      descriptor; then the page's attributes, its size, and the run of contiguous entries it \
      belongs to. Addresses are hexadecimal, with or without 0x; as - they are read from standard \
      input. The image and what is known of its kernel are named as for kilburn tables.

      Examples:
        kilburn walk --dump vmcore ffff800008010000
        kilburn walk --dump vmcore --ttbr1 0x405ba000 --page-size 4K ffff000000000000
        kilburn walk --dump vmcore --brief - <addresses
      """)

  @OptionGroup(title: "Image options")
  var image: ImageOptions

  @Flag(help: "One line an address: the address, and where it leads.")
  var brief = false

  @Flag(help: "JSON instead of text; Documentation/ReportFormat.md describes it.")
  var json = false

  @Argument(help: ArgumentHelp("The addresses; - reads them.", valueName: "ADDRESS"))
  var addresses: [String]

  func run() throws {
    do throws(ImageError) { try print() } catch {
      Stream.error.line("kilburn: \(error)")
      throw ExitCode(error.exitCode)
    }
  }

  private func print() throws(ImageError) {
    let wanted = try allAddresses()
    let memory = try image.image()
    let kernel = try ImagedKernel(memory, image.words())
    _ = try ImageOptions.version(of: kernel)
    let output = BufferedOutput()
    defer { output.flush() }
    var walks: [JSON] = []
    for (index, address) in wanted.enumerated() where output.isOpen {
      let walk = try ImageWalk(address, memory, kernel.regime)
      let report = WalkReport(walk, kernel)
      if json {
        walks.append(report.json)
      } else if brief {
        output.line(report.line)
      } else {
        if index > 0 { output.line("") }
        report.text(style).forEach(output.line)
      }
    }
    guard json else { return }
    let document: JSON = [
      "format": "kilburn-walk", "version": 1, "image": .imaged(memory), "kernel": .imaged(kernel),
      "walks": .array(walks),
    ]
    output.write(document.text)
  }

  private func allAddresses() throws(ImageError) -> [VirtualAddress] {
    var all: [VirtualAddress] = []
    for word in addresses {
      if word == "-" {
        while let line = readLine() {
          for word in line.split(whereSeparator: \.isWhitespace) {
            all.append(try Self.address(String(word)))
          }
        }
      } else {
        all.append(try Self.address(word))
      }
    }
    return all
  }

  private static func address(_ text: String) throws(ImageError) -> VirtualAddress {
    let digits = text.hasPrefix("0x") || text.hasPrefix("0X") ? text.dropFirst(2) : text[...]
    guard let address = UInt64(digits, radix: 16), !digits.hasPrefix("+") else {
      throw .usage("'\(text)' is no address", hint: "write hexadecimal digits, 0xffff800008010000")
    }
    return VirtualAddress(address)
  }

  private var style: Style { .plain }
}
