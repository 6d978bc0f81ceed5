/// Users and groups.
///
/// There is one user, 0, until programs may change it.
public struct Credentials: BitwiseCopyable, Sendable {
  public var user: UInt32 = 0
  public var effectiveUser: UInt32 = 0
  public var savedUser: UInt32 = 0
  public var group: UInt32 = 0
  public var effectiveGroup: UInt32 = 0
  public var savedGroup: UInt32 = 0

  public init() {}
}
