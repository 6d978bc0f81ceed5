import Glibc
package import Machine
import MemoryTypes

/// Reads a live process out of `/proc/PID`.
///
/// `stat` and `status` everyone may read. `smaps` and `pagemap` ask for what a debugger would need
/// (ptrace_may_access() with PTRACE_MODE_READ): the same user and a process that has not shed its
/// privileges, or CAP_SYS_PTRACE. What is refused is told, and the rest shown.
package struct ProcessReader {
  /// Where the process's memory is read from: a thread's folder where the first one has ended.
  private var folder: String
  private let name: String
  private var limits: [String] = []

  /// Nothing that is read of a process is longer.
  private static let limit = 1 << 30

  private init(_ pid: UInt64) {
    folder = "/proc/\(pid)"
    name = "process \(pid)"
  }

  /// The memory of a process as it is now.
  package static func read(_ pid: UInt64) throws(MachineError) -> ProcessImage {
    var reader = ProcessReader(pid)
    return try reader.read()
  }

  private mutating func read() throws(MachineError) -> ProcessImage {
    guard let stat = file("stat") else { throw .failure("there is no \(name)") }
    guard var status = file("status"), let state = ProcessState(stat: stat, status: status) else {
      throw ended
    }
    var image: ProcessImage?
    // The first thread may have ended before the others, and the memory is theirs then.
    let process = folder
    if state.isZombie, state.threads > 1,
      let thread = try? HostFile.names(in: "\(folder)/task").first(where: { $0 != "\(state.pid)" })
    {
      folder += "/task/\(thread)"
      status = file("status") ?? status
    }
    let isGone = state.isZombie && folder == process
    if state.isKernelThread || isGone {
      image = make(stat, status, [], nil)
    } else {
      image = try readMemory(stat, status)
    }
    folder = process
    // The number may be another's by now.
    guard let after = file("stat").flatMap({ ProcessState(stat: $0, status: status) }),
      after.started == state.started, var image
    else { throw ended }
    if after.isZombie && !state.isZombie { throw ended }
    image.limits = limits
    return image
  }

  private var ended: MachineError { .failure("\(name) ended while it was looked at") }

  private mutating func readMemory(_ stat: [UInt8], _ status: [UInt8]) throws(MachineError)
    -> ProcessImage?
  {
    var smaps = file("smaps")
    if smaps == nil {
      let reason = errno
      smaps = file("maps")
      if smaps != nil {
        limits.append("smaps: \(HostFile.reason(reason)), so there is no Pss and no Rss by area")
      } else {
        refuse("its areas and pages", reason)
        return make(stat, status, [], nil)
      }
    }
    let runs = readPages(VirtualArea.all(smaps: smaps ?? []))
    return make(stat, status, smaps ?? [], runs)
  }

  private func make(
    _ stat: [UInt8], _ status: [UInt8], _ smaps: [UInt8], _ runs: [PageRun]?
  ) -> ProcessImage? {
    var image = ProcessImage(
      host: .running(), stat: stat, status: status, smaps: smaps, runs: runs, images: [],
      limits: [])
    if let areas = image?.areas { image?.images = images(areas) }
    return image
  }

  private mutating func refuse(_ what: String, _ error: Int32) {
    let isRefused = error == EACCES || error == EPERM
    limits.append(
      "\(what): \(HostFile.reason(error))"
        + (isRefused
          ? "; it takes the process's own user (and a process that may be traced), or "
            + "CAP_SYS_PTRACE"
          : ""))
  }

  // MARK: pages

  private mutating func readPages(_ areas: [VirtualArea]) -> [PageRun]? {
    let file = unsafe open("\(folder)/pagemap", O_RDONLY | O_CLOEXEC)
    guard file >= 0 else {
      let reason = errno
      refuse("pagemap, which pages were touched", reason)
      if reason == ENOENT { limits.append("pagemap needs a kernel with CONFIG_PROC_PAGE_MONITOR") }
      return nil
    }
    defer { close(file) }
    let host = HostPages.running()
    let reader = PageReader(host: host, areas: areas)
    return reader.scanned(file) ?? reader.read(file)
  }

  // MARK: images

  /// What the process executes, by its areas; each file once.
  private func images(_ areas: [VirtualArea]) -> [ELFImage] {
    var seen: Set<String> = []
    return areas.compactMap { area in
      guard area.isExecutable, area.name.hasPrefix("/"), seen.count < 4096,
        seen.insert(area.name).inserted
      else { return nil }
      // The process may have another root; a file that is gone is reached through the area itself,
      // which takes more rights.
      let range = [area.start, area.end].map { String($0.rawValue, radix: 16) }
      for path in [
        "\(folder)/root\(area.name)", "\(folder)/map_files/\(range.joined(separator: "-"))",
      ] where HostFile.isRegular(path) {
        if let bytes = try? HostFile.start(of: path, limit: 1 << 16),
          let image = ELFImage(path: area.name, start: bytes)
        {
          return image
        }
      }
      return nil
    }
  }

  /// A file of the process; nil with `errno` where it cannot be read.
  private func file(_ name: String) -> [UInt8]? {
    let descriptor = unsafe open("\(folder)/\(name)", O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return nil }
    defer {
      let reason = errno
      close(descriptor)
      errno = reason
    }
    return try? HostFile.everything(from: descriptor, called: name, limit: Self.limit)
  }
}
