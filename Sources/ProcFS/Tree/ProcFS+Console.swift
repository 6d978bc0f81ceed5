import Arm64
import BoardFormat
import Files
public import MemoryTypes
public import Tasks

/// The texts that the tool asked for, sent over the console.
extension ProcFS {
  /// When a text is taken: free memory is asked for before the first program and after it is gone,
  /// everything while it has ended and still has all its memory.
  public enum Moment: BitwiseCopyable, Sendable {
    case before, end, after
  }

  /// Sends what was asked for and belongs to this moment: `buddyinfo.before`, then each text under
  /// its own name, then `buddyinfo.after`.
  public func sendTexts(at moment: Moment, of task: KernelPointer<Task<B>>) {
    let asked = kernel.store.pointee.header.texts
    switch moment {
    case .before:
      if asked & Text.buddyinfo.bit != 0 { send(.buddyinfo, "buddyinfo.before", task) }
    case .after:
      if asked & Text.buddyinfo.bit != 0 { send(.buddyinfo, "buddyinfo.after", task) }
    case .end:
      var raw: UInt8 = 0
      while let text = Text(rawValue: raw) {
        if asked & text.bit != 0 { send(text, Self.name(of: text), task) }
        raw &+= 1
      }
    }
  }

  private func send(_ text: Text, _ name: StaticString, _ task: KernelPointer<Task<B>>) {
    let name = ByteString(name)
    unsafe kernel.board.write(.textBegin, name.bytes)
    var writer = Writer(kernel.files, sendingTo: .text)
    write(text, of: task, &writer)
    writer.finish()
  }

  private static func name(of text: Text) -> StaticString {
    switch text {
    case .maps: "maps"
    case .smaps: "smaps"
    case .status: "status"
    case .meminfo: "meminfo"
    case .buddyinfo: "buddyinfo"
    case .zoneinfo: "zoneinfo"
    case .vmstat: "vmstat"
    case .stat: "stat"
    case .slabinfo: "slabinfo"
    case .pagetypeinfo: "pagetypeinfo"
    case .iomem: "iomem"
    case .cpuinfo: "cpuinfo"
    case .kernelPageTables: "kernel_page_tables"
    case .tasks: "tasks"
    case .vmallocinfo: "vmallocinfo"
    case .dmesg: "dmesg"
    case .modules: "modules"
    case .pressure: "pressure"
    }
  }
}
