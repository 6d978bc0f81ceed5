import AddressSpaces
import Arm64
import Files
public import MemoryTypes
import PageFrames
import Swap

/// A disk that works while others run: hearing it, and waiting for it.
extension KernelState {
  /// Everybody who waits for a page looks again when any has been read.
  private var pages: WaitChannel { WaitChannel(kind: .page, object: 0) }

  /// Hears what the disk has done, and wakes who waits for it.
  func serveDevices() {
    let swap = memory.pointee.swap
    guard swap.pointee.disk != nil else { return }
    swap.pointee.hearDisk()
    wakeReaders()
  }

  /// Wakes who waits for pages, if any has been read.
  func wakeReaders() {
    if memory.pointee.swap.pointee.takeEndedReads() { wake(pages) }
  }

  /// Waits until the page that a fault found being read is there, or until the task has to die; the
  /// instruction is then executed again (mm/filemap.c:__folio_lock_or_retry()).
  func waitForPage() {
    let swap = memory.pointee.swap
    let frame = frames.pointee.frame(current.pointee.memory.awaited)
    while frame.pointee.flags.contains(.locked), !hasFatalSignal {
      swap.pointee.settle()
      wakeReaders()
      guard frame.pointee.flags.contains(.locked), swap.pointee.isReading else { return }
      block(on: pages)
    }
  }

  /// Makes `/dev/vda` of a virtio transport, and turns it on if it has mkswap's header.
  public func startDisk(at base: UInt64) throws(Errno) {
    let swap = memory.pointee.swap
    let inode = try files.pointee.makeBlockDevice("vda", DeviceNumber(254, 0))
    guard let device = swap.pointee.makeDisk(at: base, of: inode.address) else { throw .ENODEV }
    try swap.pointee.turnOn(device, name: "/dev/vda", identity: inode.address)
  }
}
