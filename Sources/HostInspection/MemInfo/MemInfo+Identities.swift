import MemoryTypes

/// An equation or order between lines of `/proc/meminfo` that should hold, and whether it does.
package struct MemInfoIdentity: Equatable, Sendable {
  package enum Verdict: Equatable, Sendable {
    case holds
    /// It holds but for so much (left less right), which has a name.
    case remainder(Int64, String)
    case broken(Int64)
  }

  package var text: String
  package var verdict: Verdict
}

extension MemInfo {
  /// The identities that this text has the lines for.
  ///
  /// Some are sums that the kernel itself makes and hold exactly. Others compare counters that are
  /// read one after another while the machine runs, and that each CPU folds in only at times
  /// (mm/vmstat.c): of those the difference is told and named.
  package var identities: [MemInfoIdentity] {
    var found: [MemInfoIdentity] = []
    /// left == the sum of right, exactly.
    func equal(_ left: String, _ right: String...) {
      guard let value = size(left), right.allSatisfy({ size($0) != nil }) else { return }
      let difference = Int64(value.rawValue) - right.reduce(0) { $0 + bytes($1) }
      found.append(
        MemInfoIdentity(
          text: "\(left) = \(right.joined(separator: " + "))",
          verdict: difference == 0 ? .holds : .broken(difference)))
    }
    /// The sums on both sides differ by something that has a name.
    func close(_ left: [String], _ right: [String], _ name: String) {
      guard (left + right).allSatisfy({ size($0) != nil }) else { return }
      let difference = left.reduce(0) { $0 + bytes($1) } - right.reduce(0) { $0 + bytes($1) }
      let equation = [left, right].map { $0.joined(separator: " + ") }.joined(separator: " = ")
      found.append(
        MemInfoIdentity(
          text: equation, verdict: difference == 0 ? .holds : .remainder(difference, name)))
    }
    /// left is part of right.
    func within(_ left: String, _ right: String) {
      guard let part = size(left), let whole = size(right) else { return }
      let over = Int64(part.rawValue) - Int64(whole.rawValue)
      found.append(
        MemInfoIdentity(text: "\(left) ≤ \(right)", verdict: over <= 0 ? .holds : .broken(over)))
    }
    equal("Active", "Active(anon)", "Active(file)")
    equal("Inactive", "Inactive(anon)", "Inactive(file)")
    equal("Slab", "SReclaimable", "SUnreclaim")
    equal("MemTotal", "HighTotal", "LowTotal")
    equal("MemFree", "HighFree", "LowFree")
    close(
      ["KReclaimable"], ["SReclaimable"], "other kernel memory that shrinkers can free")
    close(
      ["Active", "Inactive", "Unevictable"], ["AnonPages", "Cached", "Buffers", "SwapCached"],
      "pages in batches on their way to a list, taken off for a moment, on no list "
        + "(hugetlbfs, some drivers'), or mapped swap cache counted twice")
    close(
      ["Active(anon)", "Inactive(anon)"], ["AnonPages", "Shmem"],
      "locked pages and shared memory on the unevictable list, pages in batches, unmapped swap cache"
    )
    within("Mlocked", "Unevictable")
    within("Shmem", "Cached")
    within("AnonHugePages", "AnonPages")
    within("ShmemHugePages", "Shmem")
    within("ShmemPmdMapped", "ShmemHugePages")
    within("FilePmdMapped", "FileHugePages")
    within("MemFree", "MemTotal")
    within("MemAvailable", "MemTotal")
    within("CmaFree", "CmaTotal")
    within("SwapFree", "SwapTotal")
    within("Zswap", "Zswapped")
    return found + [commitIdentity, availableIdentity, poolIdentity].compactMap { $0 }
  }

  /// vm_commit_limit() (mm/util.c): a percentage of RAM without the huge pool, or a fixed size.
  private var commitIdentity: MemInfoIdentity? {
    guard let limit = size("CommitLimit"), size("SwapTotal") != nil, total != .zero else {
      return nil
    }
    let share = Int64(limit.rawValue) - bytes("SwapTotal")
    let base = Int64(total.rawValue) - bytes("Hugetlb")
    guard share >= 0, base > 0 else {
      return MemInfoIdentity(text: "CommitLimit ≥ SwapTotal", verdict: .broken(share))
    }
    let ratio = Int64((Double(share) * 100 / Double(base)).rounded())
    // Whole pages are taken of the product, of 64K at most.
    let expected = base / 100 * ratio
    let isRatio = (expected - share).magnitude <= 128 << 10
    return MemInfoIdentity(
      text: isRatio
        ? "CommitLimit = \(ratio) % of (MemTotal - Hugetlb) + SwapTotal (vm.overcommit_ratio)"
        : "CommitLimit = \(share >> 10) kB + SwapTotal (vm.overcommit_kbytes)",
      verdict: .holds)
  }

  /// si_mem_available() (mm/page_alloc.c): no more than what is free and what could become so.
  private var availableIdentity: MemInfoIdentity? {
    guard let available = size("MemAvailable"), size("Active(file)") != nil,
      size("Inactive(file)") != nil
    else { return nil }
    let slab = size("KReclaimable") == nil ? bytes("SReclaimable") : bytes("KReclaimable")
    let most = bytes("MemFree") + bytes("Active(file)") + bytes("Inactive(file)") + slab
    let held = most - Int64(available.rawValue)
    let text = "MemAvailable = MemFree + file lists + KReclaimable"
    if held < 0 { return MemInfoIdentity(text: text, verdict: .broken(-held)) }
    return MemInfoIdentity(
      text: text,
      verdict: held == 0 ? .holds : .remainder(-held, "held back: reserves and low watermarks"))
  }

  private var poolIdentity: MemInfoIdentity? {
    guard let all = count("HugePages_Total"), let free = count("HugePages_Free"),
      let reserved = count("HugePages_Rsvd"), let page = size("Hugepagesize"),
      let hugetlb = size("Hugetlb")
    else { return nil }
    let (bytes, overflow) = all.multipliedReportingOverflow(by: page.rawValue)
    let holds = !overflow && bytes <= hugetlb.rawValue && reserved <= free && free <= all
    let other = holds ? Int64(hugetlb.rawValue - bytes) : 0
    return MemInfoIdentity(
      text: "Hugetlb = HugePages_Total × Hugepagesize",
      verdict: !holds
        ? .broken(Int64(clamping: bytes) - Int64(hugetlb.rawValue))
        : other == 0 ? .holds : .remainder(other, "pools of other sizes"))
  }
}
