import MemoryTypes

/// What a shrinker is asked, and answers (`struct shrink_control`, laid out as a C module has it).
public struct ShrinkControl {
  /// The allocation that needs memory.
  public var flags: UInt32
  public var node: Int32 = 0
  /// How many objects to look at, and how many were looked at.
  public var toScan: UInt = 0
  public var scanned: UInt = 0
  /// The memory group that must shrink; none here.
  public var group: UInt = 0

  public init(flags: UInt32) { self.flags = flags }
}

/// Somebody who keeps objects that can be had again, and gives some up when memory is short
/// (`struct shrinker`, laid out as a C module has it).
///
/// Its functions get its own address and that of a ``ShrinkControl``. It belongs to whoever registers it, and stays where it is until it is unregistered.
@safe public struct Shrinker {
  public typealias Function =
    @convention(c) (
      _ shrinker: UnsafeMutableRawPointer, _ control: UnsafeMutableRawPointer
    ) -> UInt

  /// How many objects could go: 0, or ``empty``, for none.
  public var count: Function
  /// Looks at `toScan` objects and frees those that can go: how many, or ``stop``.
  public var scan: Function
  /// How many to look at at a time, 0 for 128; how dear it is to make one again, 2 as a rule.
  public var batch: Int
  public var seeks: Int32
  public var flags: UInt32
  var next: KernelPointer<Shrinker>?
  var previous: KernelPointer<Shrinker>?
  /// What earlier calls should have looked at and did not.
  var deferred: Int = 0
  /// A word for the owner's own use.
  public var context: UnsafeMutableRawPointer?

  /// SHRINK_STOP and SHRINK_EMPTY.
  public static var stop: UInt { UInt.max }
  public static var empty: UInt { UInt.max &- 1 }
  /// DEFAULT_SEEKS.
  public static var usualSeeks: Int32 { 2 }

  public init(
    count: Function, scan: Function, batch: Int = 0, seeks: Int32 = Self.usualSeeks,
    context: UnsafeMutableRawPointer? = nil
  ) {
    unsafe self.count = count
    unsafe self.scan = scan
    self.batch = batch
    self.seeks = seeks
    flags = 0
    unsafe self.context = context
  }
}
