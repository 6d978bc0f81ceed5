import Glibc

/// The kernel: an arm64 Image, and where one is looked for.
package struct KernelImage: Sendable {
  /// The variable that names one.
  package static let variable = "KILBURN_KERNEL"

  package let path: String

  /// The image at `path` where one is given, else the one that `KILBURN_KERNEL` names, else the one
  /// beside the tool, else the one that the package's build made.
  package init(path: String?) throws(MachineError) {
    if let path = path ?? Environment.value(of: Self.variable) {
      try self.init(checking: path)
      return
    }
    let found = Self.usualPlaces().first { HostFile.status($0, following: true) != nil }
    guard let found else {
      throw .failure(
        "there is no kernel image",
        hint: "'make image' builds it, --kernel or \(Self.variable) names another")
    }
    try self.init(checking: found)
  }

  private init(checking path: String) throws(MachineError) {
    // Documentation/arm64/booting.rst, "Call the kernel image": the magic number at 56.
    let head = try HostFile.start(of: path, limit: 64)
    guard head.count == 64, head[56..<60] == [0x41, 0x52, 0x4d, 0x64] else {
      throw .failure("\(path) is not an arm64 kernel image")
    }
    self.path = path
  }

  private static func usualPlaces() -> [String] {
    guard let executable = HostFile.target(of: "/proc/self/exe") else { return [] }
    var folder = GuestPath.parent(of: executable)
    var places = [GuestPath.joined(folder, "kernel.img")]
    // A build folder holds the tool some levels below it, and the image in kernel/.
    while folder != "/" {
      places.append(GuestPath.joined(folder, "kernel/kernel.img"))
      places.append(GuestPath.joined(folder, ".build/kernel/kernel.img"))
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
