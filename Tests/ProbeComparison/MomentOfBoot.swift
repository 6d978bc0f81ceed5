/// A line whose value Linux derives from the memory there was at some moment of its boot, or from
/// what else runs on the machine: not compared with the recording, but recomputed by Linux's formula
/// from this machine's own figures.
enum MomentOfBoot {
  /// RLIMIT_NPROC and RLIMIT_SIGPENDING: half of the threads whose stacks fill an eighth of RAM
  /// (kernel/fork.c:fork_init(), set_max_threads()).
  case threads
  /// min_free_kbytes: √(16 · managed KiB) (mm/page_alloc.c:calculate_min_free_kbytes()).
  case minimumFree
  /// user_reserve_kbytes: a 32nd of what is free (mm/mmap.c:init_user_reserve()).
  case userReserve
  /// The largest mapping under strict overcommit: what is promised already is missing from it
  /// (mm/util.c:__vm_enough_memory()).
  case largestMapping(isRoot: Bool)
  /// Copies a forked parent makes while its child lives: one more if it lost the CPU meanwhile, as
  /// the kernel then writes its area for restartable sequences (kernel/rseq.c).
  ///
  /// On Linux that hangs on when a tick comes; the recordings' README names the race.
  case copiesBesideChild(recorded: Substring)
  /// What is shared and what is private after that: the same page.
  case sharesBesideChild(recorded: Substring)

  /// The line of the probe `faults` that ends with how many faults the parent had.
  private static let besideChild = "parent: write 100 while the child lives"

  /// - Parameters:
  ///   - line: a line of the recording.
  ///   - previous: the line before it.
  ///   - stage: the last line before it that began with `==`.
  init?(line: Substring, after previous: Substring, stage: Substring) {
    if line.hasPrefix(Self.besideChild) {
      self = .copiesBesideChild(recorded: line)
      return
    }
    if previous.hasPrefix(Self.besideChild) {
      self = .sharesBesideChild(recorded: line)
      return
    }
    let words = line.split(separator: " ")
    switch words.first {
    case "RLIMIT_NPROC", "RLIMIT_SIGPENDING": self = .threads
    case "Max" where line.hasPrefix("Max processes") || line.hasPrefix("Max pending signals"):
      self = .threads
    case let word? where word.hasPrefix("SigQ:") && line.contains("/"): self = .threads
    case "/proc/sys/vm/min_free_kbytes:": self = .minimumFree
    case "/proc/sys/vm/user_reserve_kbytes:", "user_reserve": self = .userReserve
    case "largest" where stage.hasPrefix("== overcommit_memory 2"):
      self = .largestMapping(isRoot: stage.contains("uid 0:"))
    default: return nil
    }
  }

  /// Whether our line follows Linux's formula on our figures.
  func holds(for line: Substring, _ figures: MachineFigures, output: [Substring]) -> Bool {
    let numbers = line.numbers
    guard let value = numbers.last else { return false }
    switch self {
    case .threads:
      return value == figures["MemTotal"] / (figures.variant.threadSize / 1024 * 8) / 2
    case .minimumFree:
      return value == Int(Double(figures["MemTotal"] * 16).squareRoot())
    case .userReserve:
      // What was free at the moment lies between what is free now and all there is.
      return (figures["MemFree"] / 32...figures["MemTotal"] / 32).contains(value)
    case .largestMapping(let isRoot):
      guard numbers.count == 1 else { return false }
      return value == largestMapping(figures, isRoot: isRoot, output)
    case .copiesBesideChild(let recorded):
      // "write 100 …", minor, major.
      let linux = recorded.numbers
      return numbers.count == 3 && linux.count == 3 && line.hasPrefix(Self.besideChild)
        && numbers[0] == linux[0] && abs(numbers[1] - linux[1]) <= 1 && numbers[2] == linux[2]
    case .sharesBesideChild(let recorded):
      return Self.isOnePageApart(numbers, recorded.numbers, figures.variant.pageSize / 1024)
    }
  }

  /// Whether two lists of Rss, Pss, Anon, Shared_Clean, Shared_Dirty, Private_Clean, Private_Dirty
  /// and Referenced, in KiB, differ at most in whether one page is private or shared by two.
  static func isOnePageApart(_ ours: [Int], _ linux: [Int], _ page: Int) -> Bool {
    guard ours.count == 8, linux.count == 8 else { return false }
    let change = ours[6] - linux[6]
    return [-page, 0, page].contains(change) && ours[4] - linux[4] == -change
      && ours[1] - linux[1] == change / 2
      && [0, 2, 3, 5, 7].allSatisfy { ours[$0] == linux[$0] }
  }

  /// The most that may be promised at once in mode 2, in pages.
  ///
  /// The probe measures in a child, so what it has promised itself counts twice: that is what it
  /// prints as `fork: Committed_AS`, less the 100 MiB that it maps before.
  private func largestMapping(
    _ figures: MachineFigures, isRoot: Bool, _ output: [Substring]
  ) -> Int? {
    let own = 100 * 1024
    guard let fork = output.first(where: { $0.hasPrefix("fork: Committed_AS") })?.numbers.first
    else { return nil }
    let size = figures.variant.pageSize
    let pages = { (kibibytes: Int) in kibibytes * 1024 / size }
    let promised = figures.pages("Committed_AS") - pages(own) + pages(fork - own)
    let limit = figures.pages("MemTotal") * 50 / 100
    let total = figures.pages("VmSize") - pages(own)
    let reserve = (isRoot ? 0 : pages(8192)) + min(total / 32, pages(figures["MemTotal"] / 32))
    return limit - reserve - promised - 1
  }
}

extension Substring {
  /// The numbers in a line, decimal or hexadecimal after `0x`.
  var numbers: [Int] {
    matches(of: #/0x([0-9a-f]+)|[0-9]+/#).compactMap { match in
      match.1.map { Int($0, radix: 16) } ?? Int(match.0)
    }
  }
}
