/// The file systems of the tree, as the guest sees them mounted.
public enum Mount: UInt8, BitwiseCopyable, Sendable, CaseIterable {
  /// `/`, an in-memory file system that holds the program, as an initramfs does.
  case root
  case devices
  case processes
  case system
  case temporary
  /// `/dev/shm`.
  case sharedMemory
  /// The kernel's own: shared anonymous memory.
  case kernelSharedMemory
  /// Files of `--sysroot` and `--bind`, wherever they lie in the tree.
  case disk

  public var device: DeviceNumber {
    switch self {
    case .root: DeviceNumber(0, 2)
    case .devices: DeviceNumber(0, 5)
    case .processes: DeviceNumber(0, 14)
    case .system: DeviceNumber(0, 15)
    case .temporary: DeviceNumber(0, 17)
    case .sharedMemory: DeviceNumber(0, 18)
    case .kernelSharedMemory: DeviceNumber(0, 1)
    case .disk: DeviceNumber(254, 0)  // as the first virtio disk
    }
  }

  /// Where it is mounted; nil for what is not a mount point.
  public var path: StaticString? {
    switch self {
    case .root: "/"
    case .devices: "/dev"
    case .processes: "/proc"
    case .system: "/sys"
    case .temporary: "/tmp"
    case .sharedMemory: "/dev/shm"
    case .kernelSharedMemory, .disk: nil
    }
  }

  /// The name in `/proc/mounts`.
  public var typeName: StaticString {
    switch self {
    case .root: "rootfs"
    case .devices: "devtmpfs"
    case .processes: "proc"
    case .system: "sysfs"
    case .temporary, .sharedMemory, .kernelSharedMemory: "tmpfs"
    case .disk: "ext4"
    }
  }

  /// What is mounted, as `/proc/mounts` names it.
  public var sourceName: StaticString {
    switch self {
    case .root: "rootfs"
    case .devices: "devtmpfs"
    case .processes: "proc"
    case .system: "sysfs"
    case .temporary, .sharedMemory, .kernelSharedMemory: "tmpfs"
    case .disk: "/dev/vda"
    }
  }

  /// The magic number that statfs reports (include/uapi/linux/magic.h).
  public var magic: UInt64 {
    switch self {
    case .root, .devices, .temporary, .sharedMemory, .kernelSharedMemory: 0x0102_1994
    case .processes: 0x9fa0
    case .system: 0x6265_6572
    case .disk: 0xef53
    }
  }

  /// Whether its pages count as Shmem and are limited.
  var isMemory: Bool {
    switch self {
    case .root, .devices, .temporary, .sharedMemory, .kernelSharedMemory: true
    case .processes, .system, .disk: false
    }
  }
}

/// What a mount has given out.
struct MountState: BitwiseCopyable {
  var nextInode: UInt64 = 1
  /// Pages and inodes in use, and how many there may be; 0 for no limit (mm/shmem.c).
  var pages: UInt64 = 0
  var pageLimit: UInt64 = 0
  var inodes: UInt64 = 0
  var inodeLimit: UInt64 = 0
}
