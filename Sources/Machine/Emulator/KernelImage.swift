import BoardFormat
import Glibc

/// The kernel: an arm64 Image, and where one is looked for.
package struct KernelImage: Sendable {
  /// The variable that names one.
  package static let variable = "KILBURN_KERNEL"
  /// The same for one with KASAN.
  package static let sanitizedVariable = "KILBURN_KASAN_KERNEL"

  package let path: String

  /// The image at `path` where one is given, else the one that `KILBURN_KERNEL` names, else the one
  /// beside the tool, else the one that the package's build made.
  package init(path: String?, isSanitized: Bool = false) throws(MachineError) {
    let variable = isSanitized ? Self.sanitizedVariable : Self.variable
    if let path = path ?? Environment.value(of: variable) {
      try self.init(checking: path)
      return
    }
    let found = Self.usualPlaces(isSanitized ? "kernel-kasan" : "kernel").first {
      HostFile.status($0, following: true) != nil
    }
    guard let found else {
      throw .failure(
        isSanitized ? "there is no kernel image with KASAN" : "there is no kernel image",
        hint: isSanitized
          ? "'make kasan-image' builds it, --kernel or \(variable) names another"
          : "'make image' builds it, --kernel or \(variable) names another")
    }
    try self.init(checking: found)
  }

  private init(checking path: String) throws(MachineError) {
    // Documentation/arm64/booting.rst, "Call the kernel image": the magic number at 56.
    let head = try HostFile.start(of: path, limit: 64)
    guard head.count == 64, head[56..<60] == [0x41, 0x52, 0x4d, 0x64] else {
      throw .failure("\(path) is not an arm64 kernel image")
    }
    // An image of the time before versions says none there; of its board file nothing is known.
    guard head[32] != 0 else { throw Self.refusal(path, "an older board file") }
    self.path = path
  }

  /// What is wrong where the kernel wants another version of the board file than ours: all of it, or
  /// only its number.
  func refusal(_ wanted: UInt32) -> MachineError {
    Self.refusal(path, "version \(Self.text(wanted)) of the board file")
  }

  private static func refusal(_ path: String, _ wanted: String) -> MachineError {
    .failure(
      "\(path) is a kernel for \(wanted), this kilburn makes version \(text(BoardVersion.current))",
      hint: "'make all' builds both from the same sources ('make kasan-image' for --kasan)")
  }

  private static func text(_ version: UInt32) -> String {
    let sizes = version >> 8
    return "\(version & 0xff)" + (sizes == 0 ? "" : "." + String(sizes, radix: 16))
  }

  private static func usualPlaces(_ name: String) -> [String] {
    guard let executable = HostFile.target(of: "/proc/self/exe") else { return [] }
    var folder = GuestPath.parent(of: executable)
    var places = [GuestPath.joined(folder, "\(name).img")]
    // A build folder holds the tool some levels below it, and the image in kernel/.
    while folder != "/" {
      places.append(GuestPath.joined(folder, "\(name)/\(name).img"))
      places.append(GuestPath.joined(folder, ".build/\(name)/\(name).img"))
      folder = GuestPath.parent(of: folder)
    }
    return places
  }
}

/// This process's environment.
package enum Environment {
  package static func value(of name: String) -> String? {
    unsafe getenv(name).map { unsafe String(cString: $0) }
  }
}
