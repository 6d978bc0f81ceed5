import Arm64
import ArgumentParser
import KernelHistory
import Machine
import MemoryImages
import MemoryTypes

/// The options that name a memory image and say what is known of the kernel in it.
struct ImageOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "The image: an ELF core, a kdump-compressed file, or RAM itself.", valueName: "file"))
  var dump: String?

  @Option(
    help: ArgumentHelp(
      "The image is RAM itself, from this physical address on.", valueName: "address"))
  var base: String?

  @Option(
    help: ArgumentHelp(
      "The kernel's version; what the image says, or 6.1.", valueName: "version"))
  var kernel: String?

  @Option(help: "The page size: 4K, 16K or 64K.")
  var pageSize: String?

  @Option(help: "The bits of a virtual address; 48 unless given, 47 with 16K pages.")
  var vaBits: UInt64?

  @Option(help: "The bits that the machine translates, where it has fewer than the kernel's 52.")
  var actualVaBits: UInt64?

  @Option(
    help: "The bits of a physical address, 48 or 52; 52 where virtual ones have more than 48.")
  var paBits: UInt64?

  @Option(
    name: .customLong("ttbr1"),
    help: ArgumentHelp("Where the kernel half's tables begin.", valueName: "address"))
  var upperRoot: String?

  @Option(
    name: .customLong("ttbr0"),
    help: ArgumentHelp("Where a user half's tables begin.", valueName: "address"))
  var lowerRoot: String?

  @Option(
    help: ArgumentHelp("The kernel's System.map, to find its tables by.", valueName: "file"))
  var symbols: String?

  /// Opens the image.
  func image() throws(ImageError) -> any MemoryImage {
    guard let dump else {
      throw .usage("no image is named", hint: "--dump FILE names it")
    }
    return try MemoryImageFile.open(
      dump, base: try base.map { text throws(ImageError) in try Self.physical(text, "--base") })
  }

  /// What the options say of its kernel.
  func words() throws(ImageError) -> ImagedKernel.Words {
    var words = ImagedKernel.Words()
    if let pageSize {
      guard let size = ByteCount(parsing: pageSize), let size = PageSize(size) else {
        throw .usage("--page-size cannot be '\(pageSize)'", hint: "it is 4K, 16K or 64K")
      }
      words.pageSize = size
    }
    words.vaBits = vaBits
    words.actualVABits = actualVaBits
    words.paBits = paBits
    words.upperRoot = try upperRoot.map { text throws(ImageError) in
      try Self.physical(text, "--ttbr1").rawValue
    }
    words.lowerRoot = try lowerRoot.map { text throws(ImageError) in
      try Self.physical(text, "--ttbr0").rawValue
    }
    words.symbols = symbols
    words.release = kernel
    return words
  }

  /// The version of an image's kernel.
  ///
  /// Says so where types of memory are read as others: MT_* in arch/arm64's memory.h had other
  /// numbers until 5.12.
  static func version(of kernel: ImagedKernel) throws(ImageError) -> KernelVersion {
    let release = kernel.release ?? "6.1"
    guard let version = KernelVersion(parsing: release) else {
      throw .usage("there is no Linux '\(release)'", hint: "write --kernel 6.1")
    }
    if version < KernelVersion(5, 13) {
      Stream.error.line(
        "kilburn: types of memory are named as in Linux 6.1; \(version) numbers them otherwise")
    }
    return version
  }

  private static func physical(_ text: String, _ option: String) throws(ImageError)
    -> PhysicalAddress
  {
    guard let number = Self.number(text) else {
      throw .usage("\(option) cannot be '\(text)'", hint: "write an address, 0x40000000")
    }
    return PhysicalAddress(number)
  }

  /// A number as sizes and addresses are written: decimal, hexadecimal behind 0x, K M G behind it.
  static func number(_ text: String) -> UInt64? { ByteCount(parsing: text)?.rawValue }
}
