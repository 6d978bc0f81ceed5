/// What `uname` and `/proc/version` call this system.
public enum SystemName {
  public static let system: StaticString = "Linux"
  public static let node: StaticString = "(none)"
  public static let release: StaticString = "6.1.192-kilburn"
  public static let version: StaticString = "#1"
  public static let machine: StaticString = "aarch64"
  public static let domain: StaticString = "(none)"
}
