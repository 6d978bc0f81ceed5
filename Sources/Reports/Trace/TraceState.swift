import BoardFormat
import Machine

/// What a reader of the events knows of the machine at each moment: who has the CPU, what each task
/// is in the middle of, and what each address space looks like.
struct TraceState {
  /// One cause that has begun and not ended.
  struct Cause {
    /// Counted from 1, in the order of their beginnings.
    var id: Int
    var began: UInt64
    var isShown: Bool
    var kind: Kind
    /// Text: the lines that wait for the result to be known, and whether they were let go.
    var lines: [String] = []
    var isOpen = false
    /// The frames that the last of the lines is about.
    var run: FrameRun?
    var paths: [Int: String] = [:]
    /// The places in the program that it comes from, by name, innermost first.
    var callers: [String] = []

    enum Kind: Equatable {
      case call(number: Int, arguments: [UInt64])
      case fault(TraceAccess, address: UInt64, isKernel: Bool)
    }
  }

  /// Frames that were allocated, or freed, one after the other and lie so.
  struct FrameRun: Equatable {
    enum What: Equatable {
      case allocated(order: UInt64, flags: UInt64)
      case freed(order: UInt64)
    }
    var what: What
    var first: UInt64
    var last: UInt64
    var count: Int

    /// Whether the next frame lengthens the run, and then it does.
    mutating func takes(_ frame: UInt64) -> Bool {
      let order =
        switch what {
        case .allocated(let order, _), .freed(let order): order
        }
      let step: UInt64 = 1 << min(order, 20)
      guard last &+ step == frame && first <= last || last == frame &+ step && last <= first
      else { return false }
      last = frame
      count += 1
      return true
    }

    var text: String {
      let frames =
        count == 1
        ? "frame \(hexadecimal(first))"
        : "\(count) frames \(hexadecimal(min(first, last)))-\(hexadecimal(max(first, last)))"
      switch what {
      case .allocated(let order, let flags):
        return "\(frames) allocated\(Self.text(order)), \(Self.gfp(flags))"
      case .freed(let order): return "\(frames) freed\(Self.text(order))"
      }
    }

    private static func text(_ order: UInt64) -> String { order == 0 ? "" : ", order \(order)" }

    /// GFP flags in the words that matter here.
    private static func gfp(_ flags: UInt64) -> String {
      var words = [flags & 0x8 != 0 ? "movable" : flags & 0x10 != 0 ? "reclaimable" : "unmovable"]
      if flags & 0x100 != 0 { words.append("zeroed") }
      return words.joined(separator: ", ")
    }
  }

  struct Task {
    var root: UInt64 = 0
    /// It has the CPU for the last time.
    var hasEnded = false
    var causes: [Cause] = []
  }

  var current: Int32 = 0
  var tasks: [Int32: Task] = [:]
  var spaces: [UInt64: TraceSpace] = [:]
  /// Whether more than one task has ever run.
  var hasMany = false
  private(set) var causes = 0

  /// The task that has the CPU.
  var task: Task {
    get { tasks[current] ?? Task() }
    set { tasks[current] = newValue }
  }

  var space: TraceSpace? { spaces[task.root] }

  mutating func begin(_ kind: Cause.Kind, at instructions: UInt64, isShown: Bool) -> Cause {
    causes += 1
    return Cause(id: causes, began: instructions, isShown: isShown, kind: kind)
  }
}
