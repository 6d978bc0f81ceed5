// Memory policies: from which nodes a process, or an area, wants its pages (mm/mempolicy.c).
//
// Terms
// - A *node* is memory that is equally near to some CPUs. This machine has one, node 0, so no policy
//   changes where a page comes from; but programs set policies, ask for them, and see that areas
//   with different ones do not merge.
// - A process's policy holds where an area has none. Both are a mode, flags, and the nodes meant.
// - *Static* nodes are the machine's own, *relative* ones are counted among those the process may
//   use; of such a policy the nodes are remembered as the program gave them. Of any other policy
//   node 0 is what is left of them.
//
// Linux's policies of shared memory stay with the object; here they are the area's that set them.

public import MemoryTypes

/// A policy: what a program asked for, in 32 bits; two are the same if their bits are
/// (`__mpol_equal()`).
public struct MemoryPolicy: Equatable, BitwiseCopyable, Sendable {
  /// From the low end: 3 bits of mode; static, relative, balancing, home node 0; in the upper half
  /// the nodes as given, where they are remembered.
  let rawValue: UInt32

  /// MPOL_* (include/uapi/linux/mempolicy.h).
  public enum Mode: UInt32, BitwiseCopyable, Sendable {
    case byDefault = 0
    case preferred, bind, interleave, local, preferredMany
  }

  /// No policy: that of the process, or the nearest node.
  public static var none: Self { Self(rawValue: 0) }

  /// MAX_NUMNODES (Debian's CONFIG_NODES_SHIFT is 4).
  public static var nodeLimit: UInt64 { 16 }

  init(rawValue: UInt32) { self.rawValue = rawValue }

  /// A policy, from a call's mode with its flags and the nodes (sanitize_mpol_flags(), mpol_new(),
  /// mpol_set_nodemask()).
  public init(mode: UInt32, nodes: UInt16) throws(Errno) {
    var kind = try Self.checkMode(mode)
    let flags = mode & Self.modeFlags
    let isNamed = flags & (Self.staticNodes | Self.relativeNodes) != 0
    switch kind {
    case .byDefault:
      guard nodes == 0 else { throw .EINVAL }
      self = .none
      return
    case .preferred where nodes == 0:
      guard !isNamed else { throw .EINVAL }
      kind = .local
    case .local:
      guard nodes == 0, !isNamed else { throw .EINVAL }
    default: guard nodes != 0 else { throw .EINVAL }
    }
    // Of the nodes there must be one that there is; relative ones are folded onto node 0.
    if kind != .local {
      guard flags & Self.relativeNodes != 0 || nodes & 1 != 0 else { throw .EINVAL }
    }
    rawValue =
      kind.rawValue | (flags & Self.staticNodes) &>> 12 | (flags & Self.relativeNodes) &>> 10
      | (flags & Self.balancing) &>> 8
      | (flags != 0 && kind != .local ? UInt32(nodes) &<< 16 : 0)
  }

  /// The mode without its flags, if these go together.
  @discardableResult
  public static func checkMode(_ mode: UInt32) throws(Errno) -> Mode {
    guard let kind = Mode(rawValue: mode & ~modeFlags) else { throw .EINVAL }
    let names = staticNodes | relativeNodes
    guard mode & names != names else { throw .EINVAL }
    guard mode & balancing == 0 || kind == .bind else { throw .EINVAL }
    return kind
  }

  private static var balancing: UInt32 { 1 << 13 }
  private static var relativeNodes: UInt32 { 1 << 14 }
  private static var staticNodes: UInt32 { 1 << 15 }
  private static var modeFlags: UInt32 { balancing | relativeNodes | staticNodes }

  public var mode: Mode { Mode(rawValue: rawValue & 7) ?? .byDefault }

  /// Mode and flags, as a program gets them.
  public var modeAndFlags: UInt32 {
    rawValue & 7 | (rawValue & 1 << 3) &<< 12 | (rawValue & 1 << 4) &<< 10
      | (rawValue & 1 << 5) &<< 8
  }

  /// The nodes, as a program gets them (get_policy_nodemask()).
  public var nodes: UInt64 {
    if rawValue & 0x38 != 0 { return UInt64(rawValue &>> 16) }
    return mode == .byDefault || mode == .local ? 0 : 1
  }

  /// The same with node 0 for a home, which only two modes have (set_mempolicy_home_node).
  var withHome: Self? {
    guard mode == .bind || mode == .preferredMany else { return nil }
    return Self(rawValue: rawValue | 1 << 6)
  }
}

/// A policy's place in the ``PolicyTable``: what an area has room for.
struct PolicyNumber: Equatable, BitwiseCopyable, Sendable {
  let rawValue: UInt16

  static var none: Self { Self(rawValue: 0) }
}
