import Arm64
package import MemoryImages
package import MemoryTypes

/// Page tables as `--json` writes them; `Documentation/ReportFormat.md` describes it.
package struct TablesReport {
  private let kernel: ImagedKernel
  private let image: any MemoryImage
  private var entries: [JSON] = []
  private var region = ""

  package init(_ kernel: ImagedKernel, _ image: any MemoryImage) {
    self.kernel = kernel
    self.image = image
  }

  /// Takes a line of the dump.
  package mutating func take(_ line: PageTableDump.Line) {
    switch line {
    case .marker(let name): region = name
    case .range(let start, let end, let level, let attributes):
      entries.append([
        "start": .string(Hex(start.rawValue).description),
        "end": .string(Hex(end.rawValue).description),
        "size": .number((end - start).rawValue),
        "level": .string(PageTableDump.Line.name(level: level, levels: kernel.geometry.levels)),
        "after": .string(region),
        "attributes": attributes == 0
          ? .null : .array(PageTableBits.words(attributes).map { .string($0) }),
      ])
    }
  }

  package func json(root: PhysicalAddress) -> JSON {
    [
      "format": "kilburn-tables", "version": 1,
      "image": .imaged(image),
      "kernel": .imaged(kernel),
      "root": .string(Hex(root.rawValue).description),
      "ranges": .array(entries),
    ]
  }
}

extension JSON {
  /// What an image is.
  package static func imaged(_ image: any MemoryImage) -> JSON {
    [
      "format": .string(image.format),
      "memory": .array(
        image.ranges.map {
          [
            "start": .string(Hex($0.lowerBound.rawValue).description),
            "end": .string(Hex($0.upperBound.rawValue).description),
          ]
        }),
    ]
  }

  /// What is known of the kernel in it.
  package static func imaged(_ kernel: ImagedKernel) -> JSON {
    func root(_ root: PhysicalAddress?) -> JSON {
      root.map { .string(Hex($0.rawValue).description) } ?? .null
    }
    return [
      "release": kernel.release.map { .string($0) } ?? .null,
      "page-size": .string(kernel.geometry.pageSize.bytes.description),
      "va-bits": .number(kernel.geometry.vaBits),
      "pa-bits": .number(kernel.geometry.outputBits),
      "levels": .number(UInt64(kernel.geometry.levels)),
      "ttbr1": root(kernel.upperRoot), "ttbr0": root(kernel.lowerRoot),
    ]
  }
}
