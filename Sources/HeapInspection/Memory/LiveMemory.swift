import Glibc

/// The memory of a process of this host, read through `/proc/PID/mem`.
///
/// Who may read it is who may trace it (ptrace_may_access() with PTRACE_MODE_ATTACH). While
/// it is looked at the process stands still, if it could be stopped (SIGSTOP, and SIGCONT at the end
/// unless it stood still before); else it goes on, and what is read may be of several moments.
@safe
package final class LiveMemory: MemorySource {
  package let title: String
  package let regions: [MemoryRegion]
  package let isRacy: Bool
  package var pageSize: UInt64 { UInt64(max(4096, sysconf(Int32(_SC_PAGESIZE)))) }
  package var capacity: UInt64 { regions.reduce(0) { $0 &+ $1.size } }
  private let process: Int32
  private let memory: Int32
  private let files: BackingFiles
  /// Whether this object stopped it.
  private let isStopped: Bool
  /// SAFETY: `slots` pieces of `piece` bytes, freed in deinit.
  private let cache: UnsafeMutableRawBufferPointer
  /// Which piece of memory is in a slot, and how much of it.
  private var cached: [(start: UInt64, count: Int)]
  private let slots: Int

  private static let piece = 1 << 14

  /// Opens a process; `stops` says that it is to stand still.
  package init(_ pid: Int32, stops: Bool) throws(HeapError) {
    process = pid
    title = "process \(pid)"
    let folder = "/proc/\(pid)"
    guard kill(pid, 0) == 0 || errno == EPERM else {
      throw .unreadable("there is no process \(pid)")
    }
    memory = unsafe Glibc.open("\(folder)/mem", O_RDONLY | O_CLOEXEC)
    guard memory >= 0 else {
      throw .unreadable(
        "\(folder)/mem: \(MappedBytes.reason()); it takes the process's own user (and a process "
          + "that may be traced), or CAP_SYS_PTRACE")
    }
    let stood = Self.state(pid).map { "Tt".contains($0) } ?? false
    isStopped = stops && !stood && kill(pid, SIGSTOP) == 0
    if isStopped { Self.awaitStop(pid) }
    isRacy = !(Self.state(pid).map { "Tt".contains($0) } ?? false)
    guard let maps = Self.text("\(folder)/maps"), !maps.isEmpty else {
      let reason = MappedBytes.reason()
      if isStopped { kill(pid, SIGCONT) }
      close(memory)
      throw .unreadable("\(folder)/maps: \(reason)")
    }
    regions = MemoryRegion.all(maps: maps)
    files = BackingFiles(root: "\(folder)/root")
    slots = Self.slots(for: regions)
    unsafe cache = UnsafeMutableRawBufferPointer.allocate(
      byteCount: slots * Self.piece, alignment: 4096)
    cached = Array(repeating: (.max, 0), count: slots)
  }

  /// As many pieces as all memory that heaps can be in.
  ///
  /// Lists lead anywhere in it, and a read costs some microseconds. Not more than a quarter of this
  /// host's memory; and what is not read of the process takes none here.
  private static func slots(for regions: [MemoryRegion]) -> Int {
    let host = UInt64(max(0, sysconf(Int32(_SC_PHYS_PAGES)))) * 4096
    let heaps = regions.reduce(UInt64(0)) { $0 &+ ($1.isWritable && !$1.hasFile ? $1.size : 0) }
    var slots = 1 << 10
    while UInt64(slots * piece) < heaps, UInt64(slots * piece) < host / 8 { slots *= 2 }
    return slots
  }

  deinit {
    resume()
    close(memory)
    unsafe cache.deallocate()
  }

  private func resume() {
    if isStopped { kill(process, SIGCONT) }
  }

  package func window(at address: UInt64) throws(HeapError) -> MemoryWindow {
    let slot = Int(truncatingIfNeeded: address / UInt64(Self.piece)) & (slots - 1)
    let place = unsafe UnsafeMutableRawBufferPointer(
      rebasing: cache[slot * Self.piece..<(slot + 1) * Self.piece])
    let (known, count) = cached[slot]
    if address < known || address - known >= UInt64(count) {
      guard let region = regions.region(at: address) else { throw .unmapped(address: address) }
      let start = max(address & ~UInt64(Self.piece - 1), region.start)
      let end = min((address & ~UInt64(Self.piece - 1)) + UInt64(Self.piece), region.end)
      cached[slot] = (.max, 0)
      let wanted = Int(end - start)
      let got = unsafe pread(memory, place.baseAddress, wanted, off_t(Int64(bitPattern: start)))
      guard got > 0 else {
        throw .notStored(address: address, got < 0 ? MappedBytes.reason() : "the process has ended")
      }
      cached[slot] = (start, got)
    }
    return unsafe MemoryWindow(
      start: cached[slot].start,
      bytes: UnsafeRawBufferPointer(rebasing: place[..<cached[slot].count]))
  }

  package func file(_ path: String) -> MappedBytes? { files[path] }

  /// The process's state letter.
  private static func state(_ pid: Int32) -> Character? {
    guard let stat = text("/proc/\(pid)/stat"), let name = stat.lastIndex(of: ")") else {
      return nil
    }
    return stat[name...].dropFirst(2).first
  }

  /// Waits until it stands still, for a fifth of a second at most.
  private static func awaitStop(_ pid: Int32) {
    for _ in 0..<200 {
      if state(pid).map({ "TtZX".contains($0) }) ?? true { return }
      usleep(1000)
    }
  }

  private static func text(_ path: String) -> String? {
    let file = unsafe Glibc.open(path, O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { return nil }
    defer { close(file) }
    var bytes: [UInt8] = []
    var piece = [UInt8](repeating: 0, count: 1 << 16)
    while bytes.count < 1 << 28 {
      let count = unsafe Glibc.read(file, &piece, piece.count)
      if count < 0 && errno == EINTR { continue }
      guard count >= 0 else { return nil }
      if count == 0 { break }
      bytes += piece[..<count]
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}
