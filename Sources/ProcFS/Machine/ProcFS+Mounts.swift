import Arm64
import Files
import MemoryTypes
import PageFrames
import Tasks

/// What is mounted where (fs/proc_namespace.c).
extension ProcFS {
  /// `/proc/filesystems`: none of them needs a device.
  func filesystems(_ out: inout Writer) {
    out.text("nodev\tsysfs\nnodev\ttmpfs\nnodev\tproc\nnodev\tcgroup2\nnodev\tdevtmpfs\n")
  }

  /// `/proc/PID/mounts` (show_vfsmnt()).
  func mounts(_ out: inout Writer) {
    forEachMount { mounted in
      source(mounted.mount, &out)
      out.byte(0x20)
      kernel.files.pointee.writePath(of: mounted.top, &out, escapingNewlines: true)
      out.byte(0x20)
      out.text(mounted.mount.typeName)
      flags(mounted.flags, &out)
      mountOptions(mounted.mount, &out)
      out.text(" 0 0\n")
    }
    out.text("cgroup2 /sys/fs/cgroup cgroup2 rw,relatime 0 0\n")
  }

  /// `/proc/PID/mountinfo` (show_mountinfo()).
  func mountInformation(_ out: inout Writer) {
    forEachMount { mounted in
      let mount = mounted.mount
      out.decimal(mountNumber(of: mount))
      out.byte(0x20)
      let above = mounted.top.pointee.parent?.pointee.inode.pointee.mount ?? .root
      out.decimal(mountNumber(of: above))
      out.byte(0x20)
      out.decimal(UInt64(mount.device.major))
      out.byte(0x3A)
      out.decimal(UInt64(mount.device.minor))
      out.text(" / ")
      kernel.files.pointee.writePath(of: mounted.top, &out, escapingNewlines: true)
      flags(mounted.flags, &out)
      out.text(" - ")
      out.text(mount.typeName)
      out.byte(0x20)
      source(mount, &out)
      out.text(mounted.flags.contains(.readOnly) ? " ro" : " rw")
      mountOptions(mount, &out)
      out.newline()
    }
    // Its top has no name that stays (`proceduralChild()`).
    out.decimal(mountNumber(of: .controlGroups))
    out.byte(0x20)
    out.decimal(mountNumber(of: .system))
    out.text(" 0:36 / /sys/fs/cgroup rw,relatime - cgroup2 cgroup2 rw\n")
  }

  /// `/proc/PID/mountstats` (show_vfsstat()).
  func mountStatistics(_ out: inout Writer) {
    forEachMount { mounted in
      out.text("device ")
      source(mounted.mount, &out)
      out.text(" mounted on ")
      kernel.files.pointee.writePath(of: mounted.top, &out, escapingNewlines: true)
      out.text(" with fstype ")
      out.text(mounted.mount.typeName)
      out.newline()
    }
    out.text("device cgroup2 mounted on /sys/fs/cgroup with fstype cgroup2\n")
  }

  /// The mounts that can be seen: the root's, those of the init, and then by number.
  private func forEachMount(_ body: (FileSystem<B>.MountDescription) -> Void) {
    let first: InlineArray<4, Mount> = [.root, .processes, .system, .devices]
    for index in 0..<4 {
      if let mounted = kernel.files.pointee.description(of: first[index]) { body(mounted) }
    }
    for raw in Mount.temporary.rawValue..<32 {
      if let mounted = kernel.files.pointee.description(of: Mount(rawValue: raw)) { body(mounted) }
    }
  }

  private func source(_ mount: Mount, _ out: inout Writer) {
    kernel.files.pointee.withSource(of: mount) { out.bytes($0) }
  }

  private func flags(_ flags: MountFlags, _ out: inout Writer) {
    out.text(flags.contains(.readOnly) ? " ro" : " rw")
    if flags.contains(.noSetID) { out.text(",nosuid") }
    if flags.contains(.noDevices) { out.text(",nodev") }
    if flags.contains(.noExecution) { out.text(",noexec") }
    if flags.contains(.noAccessTime) { out.text(",noatime") }
    if flags.contains(.relativeAccessTime) { out.text(",relatime") }
  }

  /// What differs from tmpfs's own defaults (shmem_show_options()).
  private func mountOptions(_ mount: Mount, _ out: inout Writer) {
    let isSpecial = mount == .root || mount == .devices
    guard mount.isMemory else { return }
    let half = kernel.frames.pointee.managed.rawValue / 2
    let limit = kernel.files.pointee.pageLimit(of: mount)
    if isSpecial || limit != half {
      out.text(",size=")
      out.decimal(PageCount(limit).bytes(of: kernel.board.pageSize).kibibytes)
      out.byte(0x6B)
    }
    let inodes = kernel.files.pointee.inodeLimit(of: mount)
    if isSpecial || inodes != half {
      out.text(",nr_inodes=")
      out.decimal(inodes)
    }
    if mount == .devices { out.text(",mode=755") }
  }
}
