import Foundation
import Glibc
import Testing

/// QEMU's human monitor, on a socket.
///
/// The emulator is started with `-monitor none`, by the tool as by `boot-linux`; a wrapper of it, in
/// a folder of the test's own, says another one.
final class Monitor {
  private let socket: Int32

  /// Writes a program that starts QEMU with its monitor on a socket beside it.
  static func wrapper(in folder: URL) throws -> (program: String, socket: String) {
    let socket = folder.appending(path: "monitor").path
    let program = folder.appending(path: "qemu").path
    let text = """
      #!/bin/bash
      list=()
      while [ $# -gt 0 ]; do
        if [ "$1" = -monitor ]; then list+=(-monitor "unix:\(socket),server=on,wait=off"); shift
        else list+=("$1"); fi
        shift
      done
      exec qemu-system-aarch64 "${list[@]}"

      """
    try text.write(toFile: program, atomically: false, encoding: .utf8)
    try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: program)
    return (program, socket)
  }

  /// Connects as soon as the emulator listens; the last wait is 20 seconds.
  init(_ path: String) throws {
    socket = Glibc.socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
    try #require(socket >= 0)
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: path.utf8) }
    var isOpen = false
    for _ in 0..<200 where !isOpen {
      isOpen = unsafe withUnsafePointer(to: &address) { pointer in
        unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
          unsafe connect(socket, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) == 0
        }
      }
      if !isOpen { usleep(100_000) }
    }
    try #require(isOpen, "no monitor at \(path)")
    _ = answer()
  }

  deinit { close(socket) }

  /// Has a command done, and returns what it says.
  func callAsFunction(_ command: String) -> String {
    let line = Array((command + "\n").utf8)
    _ = unsafe line.withUnsafeBytes { unsafe write(socket, $0.baseAddress, $0.count) }
    return answer()
  }

  /// Where the emulator says that an address leads; nil where nowhere.
  func physical(_ address: UInt64) -> UInt64? {
    let text = self("gva2gpa 0x" + String(address, radix: 16))
    guard let found = text.range(of: "gpa: ") else { return nil }
    let digits = text[found.upperBound...].prefix { $0.isHexDigit || $0 == "x" }
    return UInt64(digits.replacing("0x", with: ""), radix: 16)
  }

  /// Stops the machine while its CPU is at EL1: from EL0 the kernel half is unmapped to QEMU.
  func stopInKernel() -> Bool {
    for _ in 0..<200 {
      _ = self("stop")
      if self("info registers").contains("EL1h") { return true }
      _ = self("cont")
      usleep(20_000)
    }
    return false
  }

  private func answer() -> String {
    var bytes: [UInt8] = []
    var piece = [UInt8](repeating: 0, count: 1 << 16)
    while !bytes.suffix(7).elementsEqual("(qemu) ".utf8) {
      let count = unsafe piece.withUnsafeMutableBytes {
        unsafe read(socket, $0.baseAddress, $0.count)
      }
      guard count > 0 else { break }
      bytes += piece[..<count]
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}
