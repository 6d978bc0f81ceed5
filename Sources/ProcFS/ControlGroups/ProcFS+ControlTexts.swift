import Arm64
import Files
import MemoryTypes
import PageFrames
import Tasks

/// What the files of a control group say (kernel/cgroup/cgroup.c, mm/memcontrol.c).
extension ProcFS {
  /// One record of a file: a member of the lists, or the whole text.
  func controlRecord(
    _ node: ProcNode, _ position: inout UInt64, _ out: inout Writer
  ) throws(Errno) -> Bool {
    let group = try controlGroup(node)
    guard let file = ControlFile(rawValue: node.file) else { throw .ENODEV }
    if file == .processes || file == .threads {
      guard position <= 0x7fff_ffff,
        let number = kernel.nextMember(
          of: group, from: Int32(position), threads: file == .threads)
      else { return false }
      out.decimal(UInt64(number))
      out.newline()
      position = UInt64(number) &+ 1
      return true
    }
    guard position == 0 else { return false }
    position = 1
    if file.isOfMemory {
      try memoryText(file, group, &out)
    } else {
      try controlText(file, group, &out)
    }
    return true
  }

  private func controlText(
    _ file: ControlFile, _ group: KernelPointer<ControlGroup>, _ out: inout Writer
  ) throws(Errno) {
    switch file {
    case .controllers: out.text(group.hasMemory ? "memory\n" : "\n")
    case .subtreeControl: out.text(group.pointee.sharesMemory ? "memory\n" : "\n")
    case .events:
      out.text(group.pointee.populated > 0 ? "populated 1\nfrozen 0\n" : "populated 0\nfrozen 0\n")
    case .type: out.text("domain\n")
    case .stat:
      row("nr_descendants", UInt64(group.pointee.descendants), &out)
      row("nr_dying_descendants", UInt64(offline(below: group)), &out)
    case .memoryPressure: pressure(of: group, &out)
    case .maximumDepth: limit(group.pointee.maximumDepth, scale: 1, &out)
    case .maximumDescendants: limit(group.pointee.maximumDescendants, scale: 1, &out)
    default: throw .EINVAL
    }
  }

  /// psi_show().
  func pressure(of group: KernelPointer<ControlGroup>?, _ out: inout Writer) {
    for kind in 0..<2 {
      let (averages, total) = kernel.pressure(of: group, kind)
      out.text(kind == 0 ? "some avg10=" : "full avg10=")
      hundredths(averages[0], &out)
      out.text(" avg60=")
      hundredths(averages[1], &out)
      out.text(" avg300=")
      hundredths(averages[2], &out)
      out.text(" total=")
      out.decimal(total)
      out.newline()
    }
  }

  private func hundredths(_ value: UInt64, _ out: inout Writer) {
    out.decimal(value / 100)
    out.byte(0x2E)
    out.byte(0x30 &+ UInt8(value / 10 % 10))
    out.byte(0x30 &+ UInt8(value % 10))
  }

  /// Memory groups below that were removed and still have pages.
  private func offline(below group: KernelPointer<ControlGroup>) -> Int {
    let root = group.pointee.memory
    guard root != nil || group.pointee.parent == nil else { return 0 }
    var count = 0
    var next = kernel.frames.pointee.group(after: nil, below: root)
    while let here = next {
      if !here.pointee.isOnline { count &+= 1 }
      next = kernel.frames.pointee.group(after: here, below: root)
    }
    return count
  }

  private func row(_ name: StaticString, _ value: UInt64, _ out: inout Writer) {
    out.text(name)
    out.byte(0x20)
    out.decimal(value)
    out.newline()
  }

  /// A limit, or `max` (seq_puts_memcg_tunable()).
  private func limit(_ value: Int, scale: UInt64, _ out: inout Writer) {
    if value == .max { return out.text("max\n") }
    out.decimal(UInt64(value) &* scale)
    out.newline()
  }

  private func memoryText(
    _ file: ControlFile, _ group: KernelPointer<ControlGroup>, _ out: inout Writer
  ) throws(Errno) {
    let pageBytes = kernel.board.pageSize.bytes.rawValue
    if file == .memoryStat {
      return memoryStatistics(of: group.pointee.memory, &out)
    }
    if file == .memoryNumaStat { return numaStatistics(of: group.pointee.memory, &out) }
    if file == .memoryReclaim { throw .EINVAL }
    guard let memory = group.pointee.memory else { throw .ENODEV }
    func pages(_ count: Int) {
      out.decimal(UInt64(count) &* pageBytes)
      out.newline()
    }
    switch file {
    case .memoryCurrent: pages(memory.pointee.memory.usage)
    case .memoryPeak: pages(memory.pointee.memory.watermark)
    case .memoryMin: limit(memory.pointee.memory.minimum, scale: pageBytes, &out)
    case .memoryLow: limit(memory.pointee.memory.low, scale: pageBytes, &out)
    case .memoryHigh: limit(memory.pointee.memory.high, scale: pageBytes, &out)
    case .memoryMax: limit(memory.pointee.memory.maximum, scale: pageBytes, &out)
    case .swapCurrent: pages(memory.pointee.swap.usage)
    case .swapHigh: limit(memory.pointee.swap.high, scale: pageBytes, &out)
    case .swapMax: limit(memory.pointee.swap.maximum, scale: pageBytes, &out)
    case .oomGroup: out.text(memory.pointee.killsTogether ? "1\n" : "0\n")
    case .memoryEvents: events(memory.pointee.events, &out)
    case .memoryEventsLocal: events(memory.pointee.localEvents, &out)
    case .swapEvents:
      row("high", memory.pointee.events[Int(MemoryEvent.swapHigh.rawValue)], &out)
      row("max", memory.pointee.events[Int(MemoryEvent.swapMax.rawValue)], &out)
      row("fail", memory.pointee.events[Int(MemoryEvent.swapFail.rawValue)], &out)
    default: throw .EINVAL
    }
  }

  private func events(_ counts: InlineArray<9, UInt64>, _ out: inout Writer) {
    row("low", counts[Int(MemoryEvent.low.rawValue)], &out)
    row("high", counts[Int(MemoryEvent.high.rawValue)], &out)
    row("max", counts[Int(MemoryEvent.max.rawValue)], &out)
    row("oom", counts[Int(MemoryEvent.outOfMemory.rawValue)], &out)
    row("oom_kill", counts[Int(MemoryEvent.kill.rawValue)], &out)
    row("oom_group_kill", counts[Int(MemoryEvent.groupKill.rawValue)], &out)
  }
}
