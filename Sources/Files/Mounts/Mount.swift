import MemoryTypes

/// A file system of the tree: a number, which names a ``MountState``.
///
/// The first are those of the start; then come tmpfs instances that programs mount, and from
/// ``firstBound`` on the folders of `--bind …:rw`.
public struct Mount: RawRepresentable, BitwiseCopyable, Hashable, Sendable {
  public var rawValue: UInt8
  @inlinable public init(rawValue: UInt8) { self.rawValue = rawValue }

  /// `/`, an in-memory file system that holds the program, as an initramfs does.
  public static var root: Mount { Mount(rawValue: 0) }
  public static var devices: Mount { Mount(rawValue: 1) }
  public static var processes: Mount { Mount(rawValue: 2) }
  public static var system: Mount { Mount(rawValue: 3) }
  public static var temporary: Mount { Mount(rawValue: 4) }
  /// `/dev/shm`.
  public static var sharedMemory: Mount { Mount(rawValue: 5) }
  /// The kernel's own: shared anonymous memory, pipes, sockets.
  public static var kernelSharedMemory: Mount { Mount(rawValue: 6) }
  /// Files of `--sysroot` and `--bind`, wherever they lie in the tree.
  public static var disk: Mount { Mount(rawValue: 7) }
  /// `/run`.
  public static var run: Mount { Mount(rawValue: 8) }
  /// `/sys/fs/cgroup`, and the same tree where a program has mounted it once more.
  public static var controlGroups: Mount { Mount(rawValue: 23) }
  static var controlGroupsAgain: Mount { Mount(rawValue: 22) }
  /// The first of those that programs mount.
  static var firstMounted: UInt8 { 9 }
  /// One more than the last of those that are tmpfs.
  static var endMounted: UInt8 { 22 }
  /// The first of those that the tool takes back.
  static var firstBound: UInt8 { 24 }
  /// One more than the last there can be.
  static var maximum: UInt8 { 32 }

  public var device: DeviceNumber {
    switch self {
    case .root: DeviceNumber(0, 2)
    case .devices: DeviceNumber(0, 5)
    case .processes: DeviceNumber(0, 14)
    case .system: DeviceNumber(0, 15)
    case .temporary: DeviceNumber(0, 17)
    case .sharedMemory: DeviceNumber(0, 18)
    case .run: DeviceNumber(0, 19)
    case .controlGroups, .controlGroupsAgain: DeviceNumber(0, 36)
    case .kernelSharedMemory: DeviceNumber(0, 1)
    case .disk: DeviceNumber(254, 0)  // as the first virtio disk
    default:
      isBound
        ? DeviceNumber(254, 16 &* UInt32(rawValue &- Self.firstBound &+ 1))
        : DeviceNumber(0, 11 &+ UInt32(rawValue))
    }
  }

  /// The name in `/proc/mounts`.
  public var typeName: StaticString {
    switch self {
    case .root: "rootfs"
    case .devices: "devtmpfs"
    case .processes: "proc"
    case .system: "sysfs"
    case .disk: "ext4"
    case .controlGroups, .controlGroupsAgain: "cgroup2"
    default: isBound ? "ext4" : "tmpfs"
    }
  }

  /// The magic number that statfs reports (include/uapi/linux/magic.h).
  public var magic: UInt64 {
    switch self {
    case .processes: 0x9fa0
    case .system: 0x6265_6572
    case .controlGroups, .controlGroupsAgain: 0x6367_7270
    default: isMemory ? 0x0102_1994 : 0xef53
    }
  }

  /// Whether its pages count as Shmem and are limited.
  @inline(__always)
  public var isMemory: Bool {
    rawValue < Self.firstBound
      && (0b1100_0000_0000_0000_1000_1100 as UInt32) &>> UInt32(rawValue) & 1 == 0
  }

  /// Whether the tool takes its files back at the end.
  @inline(__always)
  public var isBound: Bool { rawValue >= Self.firstBound }
}

/// What a mount is and has given out.
struct MountState: BitwiseCopyable {
  var nextInode: UInt64 = 1
  /// Pages and inodes in use, and how many there may be; 0 for no limit (mm/shmem.c).
  var pages: UInt64 = 0
  var pageLimit: UInt64 = 0
  var inodes: UInt64 = 0
  var inodeLimit: UInt64 = 0
  var flags: MountFlags = []
  /// Where its tree begins, with the tree's reference; nil while there is no such mount.
  var top: KernelPointer<Dentry>?
  /// The name that it hides, with a reference.
  var covered: KernelPointer<Dentry>?
  var source = MountSource()
}

/// What was mounted, as `/proc/mounts` names it: at most 31 bytes of it.
struct MountSource: BitwiseCopyable {
  var count: UInt8 = 0
  var bytes: InlineArray<31, UInt8> = .init(repeating: 0)

  init() {}

  init(_ name: ByteString) {
    count = UInt8(min(name.count, 31))
    for index in 0..<Int(count) { bytes[index] = name[index] }
  }
}

/// What a mount forbids: MS_* of include/uapi/linux/mount.h.
public struct MountFlags: OptionSet, BitwiseCopyable, Sendable {
  public var rawValue: UInt32
  @inlinable public init(rawValue: UInt32) { self.rawValue = rawValue }
  @inlinable public static var readOnly: MountFlags { MountFlags(rawValue: 1) }
  @inlinable public static var noSetID: MountFlags { MountFlags(rawValue: 2) }
  @inlinable public static var noDevices: MountFlags { MountFlags(rawValue: 4) }
  @inlinable public static var noExecution: MountFlags { MountFlags(rawValue: 8) }
  @inlinable public static var noAccessTime: MountFlags { MountFlags(rawValue: 1024) }
  @inlinable public static var relativeAccessTime: MountFlags { MountFlags(rawValue: 1 &<< 21) }
}
