package import MemoryTypes

/// A report of the out-of-memory killer, read back from a kernel's log: this kernel's or a Linux's.
package struct OutOfMemoryReport: Equatable, Sendable {
  /// Who asked for memory, and for what.
  package var asker = ""
  package var flags = ""
  package var order = 0
  /// The memory group whose limit was met; nil where it was the machine's.
  package var group: String?
  /// Of a group: what it had, and its limit.
  package var usage: ByteCount?
  package var limit: ByteCount?
  /// Of the machine: what it can give, what was free, and the reserve that stays.
  package var managed = ByteCount.zero
  package var free = ByteCount.zero
  package var reserve = ByteCount.zero
  package var swapTotal = ByteCount.zero
  package var swapFree = ByteCount.zero
  /// Everybody who could have been killed.
  package var tasks: [TaskLine] = []
  package var victim: Victim?

  /// A row of the table of tasks; sizes in pages, of tables in bytes.
  package struct TaskLine: Equatable, Sendable {
    package var pid: Int
    package var virtual: UInt64
    package var resident: UInt64
    package var tableBytes: UInt64
    package var swapped: UInt64
    package var adjustment: Int
    package var name: String

    /// What killing it would have won, in pages (oom_badness() without the adjustment).
    func weight(_ page: UInt64) -> UInt64 { resident + swapped + tableBytes / page }
  }

  /// Who was killed.
  package struct Victim: Equatable, Sendable {
    package var pid: Int
    package var name: String
    package var virtual: ByteCount
    package var anonymous: ByteCount
    package var file: ByteCount
    package var shared: ByteCount
    package var adjustment: Int

    package var resident: ByteCount { anonymous + file + shared }
  }

  /// The last report of a log that killed somebody; nil where there is none.
  package init?(log: some StringProtocol) {
    var last: OutOfMemoryReport?
    var current: OutOfMemoryReport?
    for line in log.split(separator: "\n") {
      // What dmesg puts before a line.
      let line = String(line).replacing(#/^(<\d+>)?(\[ *\d+\.\d+\] )?/#, with: "")
      if let match = line.firstMatch(
        of: #/^(.*) invoked oom-killer: gfp_mask=0x[0-9a-f]+\((.*)\), order=(-?\d+)/#)
      {
        current = OutOfMemoryReport()
        current?.asker = String(match.1)
        current?.flags = String(match.2)
        current?.order = Int(match.3) ?? 0
      }
      current?.read(line)
      if current?.victim != nil {
        last = current
        current = nil
      }
    }
    guard let last else { return nil }
    self = last
  }

  private init() {}

  private mutating func read(_ line: String) {
    func kibibytes(_ name: String) -> ByteCount? {
      guard let range = line.range(of: name) else { return nil }
      let digits = line[range.upperBound...].drop { $0 == " " }.prefix { $0.isNumber }
      return UInt64(digits).map { .kibibytes($0) }
    }
    if line.contains(" free:"), line.contains(" managed:") {
      // A line for each zone.
      free += kibibytes(" free:") ?? .zero
      reserve += kibibytes(" min:") ?? .zero
      managed += kibibytes(" managed:") ?? .zero
    } else if line.hasPrefix("memory: usage ") {
      usage = kibibytes("usage ")
      limit = kibibytes("limit ")
    } else if line.hasPrefix("Free swap") {
      swapFree = kibibytes("= ") ?? .zero
    } else if line.hasPrefix("Total swap") {
      swapTotal = kibibytes("= ") ?? .zero
    } else if let match = line.firstMatch(of: #/,oom_memcg=([^,]*),/#) {
      group = String(match.1)
    } else if let match = line.wholeMatch(
      of: #/\[ *(\d+)\] +\d+ +\d+ +(\d+) +(\d+) +(\d+) +(\d+) +(-?\d+) (.*)/#)
    {
      tasks.append(
        TaskLine(
          pid: Int(match.1) ?? 0, virtual: UInt64(match.2) ?? 0, resident: UInt64(match.3) ?? 0,
          tableBytes: UInt64(match.4) ?? 0, swapped: UInt64(match.5) ?? 0,
          adjustment: Int(match.6) ?? 0, name: String(match.7)))
    } else if let match = line.firstMatch(
      of: #/: Killed process (\d+) \((.*)\) total-vm:.* oom_score_adj:(-?\d+)$/#)
    {
      victim = Victim(
        pid: Int(match.1) ?? 0, name: String(match.2), virtual: kibibytes("total-vm:") ?? .zero,
        anonymous: kibibytes("anon-rss:") ?? .zero, file: kibibytes("file-rss:") ?? .zero,
        shared: kibibytes("shmem-rss:") ?? .zero, adjustment: Int(match.3) ?? 0)
    }
  }
}

extension String {
  /// Where a text stands first.
  fileprivate func range(of text: String) -> Range<Index>? { self.firstRange(of: text) }
}
