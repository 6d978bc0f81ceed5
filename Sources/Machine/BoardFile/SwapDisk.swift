import Glibc
import MemoryTypes
import ProcessLaunch

/// What is on the disk that a machine swaps to by virtio: an anonymous file with mkswap's header.
final class SwapDisk {
  let descriptor: Int32

  init(_ size: ByteCount, _ pageSize: PageSize) throws(MachineError) {
    let pages = size.wholePages(of: pageSize)
    let descriptor = unsafe kilburn_anonymous_file(
      "kilburn-swap", pages.bytes(of: pageSize).rawValue)
    guard descriptor >= 0 else {
      throw .failure("no file for the swap disk: \(HostFile.reason(-descriptor))")
    }
    let header = SwapHeader.make(pages, pageSize)
    guard unsafe pwrite(descriptor, header, header.count, 0) == header.count else {
      close(descriptor)
      throw .failure("the swap disk could not be written: \(HostFile.reason())")
    }
    self.descriptor = descriptor
  }

  deinit { close(descriptor) }
}
