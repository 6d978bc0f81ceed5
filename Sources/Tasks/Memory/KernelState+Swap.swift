import AddressSpaces
import Arm64
public import Files
public import MemoryTypes
public import PageCompressors
import PageFrames
import Swap

/// Turning swap areas on and off (mm/swapfile.c: swapon(), swapoff()).
extension KernelState {
  /// Makes a disk of an area behind RAM, `/dev/vda` and on, and turns it on, as an init would before
  /// the first program; the errors are those of swapon.
  public func startSwap(
    at start: PhysicalAddress, _ length: ByteCount, disk: Int, priority: Int? = nil
  ) throws(Errno) {
    let pages = length.wholePages(of: board.pageSize)
    guard pages.rawValue > 1, disk < 26 else { return }
    var name = ShortName("vd" as StaticString)
    name.append(letter: disk)
    var path = SwapName("/dev/vd" as StaticString)
    path.append(0x61 &+ UInt8(truncatingIfNeeded: disk))
    // Sixteen minors a disk: itself and its partitions (drivers/block/virtio_blk.c: PART_BITS).
    let minor = UInt32(truncatingIfNeeded: disk &* 16)
    let inode = try name.withName { (name) throws(Errno) in
      try files.pointee.makeBlockDevice(name, DeviceNumber(254, minor))
    }
    let device = SwapDevice<B>(boardFile: start, pages, minor: minor)
    memory.pointee.swap.pointee.register(device, of: inode.address)
    try memory.pointee.swap.pointee.turnOn(
      device, name: path, identity: inode.address, priority: priority)
  }

  /// Makes `/dev/zram0` with a size, a swap area over the whole of it, and turns that on; a size of
  /// nothing leaves the disk to the programs.
  public func startZRAM(_ size: ByteCount, _ compressor: PageCompressor) throws(Errno) {
    let swap = memory.pointee.swap
    let inode = try files.pointee.makeBlockDevice("zram0", DeviceNumber(253, 0))
    guard let disk = swap.pointee.makeZRAM(of: inode.address) else { throw .ENOMEM }
    try disk.pointee.choose(compressor)
    guard size > .zero else { return }
    try disk.pointee.setSize(size)
    let device = SwapDevice(disk)
    guard swap.pointee.format(device) else { throw .ENOMEM }
    try swap.pointee.turnOn(device, name: "/dev/zram0", identity: inode.address)
  }

  /// Turns a device on; `priority` nil takes the next lower one.
  ///
  /// What is no block device cannot be one: files of tmpfs have nothing to be read by, and those of
  /// the archive no blocks of their own (EINVAL; `claim_swapfile()`, `generic_swapfile_activate()`).
  public func swapOn(_ dentry: KernelPointer<Dentry>, priority: Int?) throws(Errno) {
    let swap = memory.pointee.swap
    let inode = dentry.pointee.inode
    if inode.pointee.isBeingExecuted { throw .ETXTBSY }
    guard let device = swap.pointee.device(of: inode.address) else { throw .EINVAL }
    try swap.pointee.turnOn(
      device, name: name(of: dentry), identity: inode.address, priority: priority)
  }

  /// Where a file is, however it was named, with what would break a line's columns in octal
  /// (swap_show(): seq_file_path()).
  private func name(of dentry: KernelPointer<Dentry>) -> SwapName {
    var name = SwapName()
    var depth = 0
    var up: KernelPointer<Dentry>? = dentry
    while let here = up {
      up = here.pointee.parent
      depth &+= 1
    }
    var level = depth &- 2
    while level >= 0 {
      var part = dentry
      for _ in 0..<level { part = part.pointee.parent ?? part }
      name.append(0x2F)
      let text = part.name
      for index in 0..<text.count {
        switch text[index] {
        case 0x09, 0x0A, 0x20, 0x5C:
          name.append(0x5C)
          name.append(0x30 &+ text[index] &>> 6)
          name.append(0x30 &+ text[index] &>> 3 & 7)
          name.append(0x30 &+ text[index] & 7)
        default: name.append(text[index])
        }
      }
      level &-= 1
    }
    return name
  }

  /// Turns a device off: all that it has comes back first (`try_to_unuse()`).
  ///
  /// Room is made for what comes back, and when there is none to be made, the caller dies before
  /// others do (set_current_oom_origin()). ENOMEM where that does not help either, EINTR for who has
  /// to die; then the device is on as before.
  public func swapOff(_ inode: KernelPointer<Inode>) throws(Errno) {
    let swap = memory.pointee.swap
    guard let number = swap.pointee.writableArea(inode.address),
      let pages = swap.pointee.area(number)?.pointee.pages
    else { throw .EINVAL }
    guard memory.pointee.couldPromise(PageCount(pages), current.pointee.memory.space) else {
      throw .ENOMEM
    }
    swap.pointee.suspend(number)
    let process = current.pointee.process
    process.pointee.isOutOfMemoryOrigin = true
    defer { process.pointee.isOutOfMemoryOrigin = false }
    do throws(Errno) {
      try bringBackMakingRoom(number)
    } catch {
      swap.pointee.resume(number)
      throw error
    }
    swap.pointee.turnOff(number)
  }

  /// Brings back what an area has; where memory is short room is made, and what came back stays.
  private func bringBackMakingRoom(_ number: Int) throws(Errno) {
    var fruitless = 0
    while true {
      let left = memory.pointee.swap.pointee.area(number)?.pointee.inUse ?? 0
      do throws(Errno) {
        return try bringBack(number)
      } catch {
        guard error == .ENOMEM, isShort else { throw error }
      }
      let now = memory.pointee.swap.pointee.area(number)?.pointee.inUse ?? 0
      fruitless = now < left ? 0 : fruitless &+ 1
      let hasRoom = makeRoom(orFail: true, isHopeless: fruitless > Self.mostReclaimRetries)
      if hasFatalSignal { throw .EINTR }
      guard hasRoom else { throw .ENOMEM }
    }
  }

  private func bringBack(_ number: Int) throws(Errno) {
    let swap = memory.pointee.swap
    try files.pointee.bringBackAll(from: number)
    var process = store.pointee.firstProcess
    while let found = process {
      process = found.pointee.nextProcess
      guard let task = taskWithSpace(found), let space = task.pointee.memory.space else { continue }
      if space == current.pointee.memory.space { space.pointee.synchronizeResident() }
      try space.pointee.unuse(number)
    }
    swap.pointee.forgetUnused(number)
    guard swap.pointee.nextInUse(number, from: 1) == nil else { throw .EBUSY }
  }
}
