public import Arm64
import BoardFormat
import KernelAssembly
import MemoryTypes

/// The board's virtio transports, of which the device tree names those that have something behind
/// them.
extension VirtBoard {
  /// The transport of the disk, if the machine has one.
  var virtioTransport: DeviceTree.Transport? {
    let own = unsafe UnsafeRawBufferPointer(bytes(of: header.pointee.deviceTree))
    guard let tree = unsafe DeviceTree(own) else { return nil }
    var found: DeviceTree.Transport?
    tree.forEachTransport { if found == nil { found = $0 } }
    return found
  }

  public func readDevice(_ offset: UInt64) -> UInt32 {
    device_read(InterruptController.devices &+ offset)
  }

  public func writeDevice(_ offset: UInt64, _ value: UInt32) {
    device_write(InterruptController.devices &+ offset, value)
  }

  public func orderDeviceAccesses() { barrier_dsb_sy() }

  /// The signal of an interrupt ends the wait, though none is open in the kernel.
  public func waitForDevice() {
    let start = clock.nanoseconds
    wait_for_interrupt()
    unsafe kernel_variables().pointee.idle_nanoseconds &+= clock.nanoseconds &- start
  }
}
