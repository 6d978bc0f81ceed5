import Glibc
import ProcessLaunch

/// What Kilburn uses of a host, and whether it is there.
package enum Diagnosis {
  /// One thing.
  package struct Finding: Sendable {
    package var subject: String
    package var isPresent: Bool
    package var isNeeded: Bool
    /// Where it is, or why it is not there and what to do.
    package var detail: String
  }

  /// Everything, the needed things first.
  package static func findings() -> [Finding] {
    [emulator(), kernel(), memoryFile(), compiler(), userEmulator()]
  }

  private static func emulator() -> Finding {
    do throws(MachineError) {
      let emulator = try Emulator()
      let version = try emulator.version()
      return Finding(
        subject: "QEMU", isPresent: true, isNeeded: true, detail: "\(version), \(emulator.path)")
    } catch {
      return Finding(subject: "QEMU", isPresent: false, isNeeded: true, detail: "\(error)")
    }
  }

  private static func kernel() -> Finding {
    do throws(MachineError) {
      let image = try KernelImage(path: nil)
      return Finding(
        subject: "kernel image", isPresent: true, isNeeded: true, detail: image.path)
    } catch {
      return Finding(subject: "kernel image", isPresent: false, isNeeded: true, detail: "\(error)")
    }
  }

  private static func memoryFile() -> Finding {
    let file = unsafe kilburn_anonymous_file("kilburn-doctor", 1 << 36)
    defer { if file >= 0 { close(file) } }
    return Finding(
      subject: "memory files", isPresent: file >= 0, isNeeded: true,
      detail: file >= 0 ? "sealed, sparse, up to 64G" : HostFile.reason(-file))
  }

  private static func compiler() -> Finding {
    program(
      "aarch64-linux-gnu-gcc", "cross compiler",
      "builds the test programs; Debian's gcc-aarch64-linux-gnu and libc6-dev-arm64-cross")
  }

  private static func userEmulator() -> Finding {
    program(
      "qemu-aarch64", "QEMU user mode", "the tests compare with it; Debian's qemu-user")
  }

  private static func program(_ name: String, _ subject: String, _ purpose: String) -> Finding {
    let path = HostFile.inPath(name)
    return Finding(
      subject: subject, isPresent: path != nil, isNeeded: false, detail: path ?? purpose)
  }
}
