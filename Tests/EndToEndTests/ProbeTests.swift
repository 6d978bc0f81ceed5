import Foundation
import Testing

/// What the probes print on our kernel is what Linux 6.1 printed, where the recordings are at hand.
///
/// Left out of the comparison, as the recordings' README has it: device and inode numbers of files.
/// Values that hang on a moment of the boot are not compared with the recording but recomputed by
/// Linux's formula from this machine's own figures (``MomentOfBoot``), and listed.
@Suite(.enabled(if: Recordings.standHere), .serialized) struct ProbeTests {
  @Test(arguments: ["layout", "layout-pie"], ["4k48", "4k48hw", "16k47", "64k42"])
  func printsWhatLinuxPrinted(probe: String, variant: String) throws {
    let program = try Recordings.build(probe)
    let machine = Recordings.machine(variant)
    let run = try Kilburn.run(
      ["run", "--quiet", "--machine", machine, "--", program, "one", "two words"])
    #expect(run.status == 0, "\(run.errors)")
    let memory = MemoryFigures(
      meminfo: try Kilburn.run(
        ["run", "--quiet", "--machine", machine, "--", try GuestPrograms.program("show")]
          + ["/proc/meminfo"]
      ).output)

    let recorded = try Recordings.lines(probe, variant)
    let printed = run.output.split(separator: "\n", omittingEmptySubsequences: false)
      .map(String.init)
    #expect(printed.count == recorded.count)
    for (number, (ours, linux)) in zip(printed, recorded).enumerated() {
      if let moment = MomentOfBoot(line: linux) {
        #expect(
          moment.holds(for: ours, memory, variant),
          "line \(number + 1): \(ours) is not Linux's formula of \(memory)")
        print("\(probe) \(variant) line \(number + 1): recomputed: \(ours)")
      } else {
        #expect(Recordings.comparable(ours) == Recordings.comparable(linux), "line \(number + 1)")
      }
    }
  }
}

/// The amounts of memory that formulas start from, in KiB.
struct MemoryFigures {
  var total = 0
  var free = 0

  init(meminfo: String) {
    for line in meminfo.split(separator: "\n") {
      let words = line.split(separator: " ")
      guard words.count > 1, let value = Int(words[1]) else { continue }
      if words[0] == "MemTotal:" { total = value }
      if words[0] == "MemFree:" { free = value }
    }
  }
}

/// A line whose value Linux derives from the memory there was at some moment of its boot.
enum MomentOfBoot {
  /// RLIMIT_NPROC and RLIMIT_SIGPENDING: half of the threads whose stacks fill an eighth of RAM
  /// (kernel/fork.c:fork_init, set_max_threads).
  case threads
  /// min_free_kbytes: √(16 · managed KiB) (mm/page_alloc.c:init_per_zone_wmark_min).
  case minimumFree
  /// user_reserve_kbytes: a 32nd of what is free (mm/mmap.c:init_user_reserve).
  case userReserve

  init?(line: String) {
    if line.hasPrefix("RLIMIT_NPROC ") || line.hasPrefix("RLIMIT_SIGPENDING ") {
      self = .threads
    } else if line.hasPrefix("/proc/sys/vm/min_free_kbytes:") {
      self = .minimumFree
    } else if line.hasPrefix("/proc/sys/vm/user_reserve_kbytes:") {
      self = .userReserve
    } else {
      return nil
    }
  }

  /// Whether our line follows Linux's formula on our figures.
  func holds(for line: String, _ memory: MemoryFigures, _ variant: String) -> Bool {
    let words = line.split(separator: " ")
    switch self {
    case .threads:
      let stack = variant.hasPrefix("64k") ? 64 : 16
      let half = String(memory.total / (stack * 8) / 2, radix: 16)
      return line.contains("cur 0x\(half) max 0x\(half)")
    case .minimumFree:
      return words.last.flatMap { Int($0) } == Int(Double(memory.total * 16).squareRoot())
    case .userReserve:
      // What is free at the moment lies between what is free now and all there is.
      guard let value = words.last.flatMap({ Int($0) }) else { return false }
      return (memory.free / 32...memory.total / 32).contains(value)
    }
  }
}
