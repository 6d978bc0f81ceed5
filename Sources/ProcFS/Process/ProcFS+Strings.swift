import AddressSpaces
import Arm64
import Files
import MemoryTypes
import Tasks

/// The parts of a process's own memory that `/proc` shows: they are read through its address space,
/// which may fault pages in; what cannot be read ends the text.
extension ProcFS {
  func commandLine(_ task: KernelPointer<Task<B>>, _ out: inout Writer) {
    guard let space = task.pointee.memory.space else { return }
    copy(space, space.pointee.argumentsStart, space.pointee.argumentsEnd, &out)
  }

  func environment(_ task: KernelPointer<Task<B>>, _ out: inout Writer) {
    guard let space = task.pointee.memory.space else { return }
    copy(space, space.pointee.environmentStart, space.pointee.environmentEnd, &out)
  }

  func auxiliaryVector(_ task: KernelPointer<Task<B>>, _ out: inout Writer) {
    guard let space = task.pointee.memory.space else { return }
    let start = space.pointee.auxiliaryVector
    copy(space, start, start + space.pointee.auxiliaryLength, &out)
  }

  private func copy(
    _ space: KernelPointer<AddressSpace<B>>, _ start: VirtualAddress, _ end: VirtualAddress,
    _ out: inout Writer
  ) {
    var piece = InlineArray<64, UInt8>(repeating: 0)
    var address = start
    while address < end {
      let length = Int(min((end - address).rawValue, 64))
      do throws(Errno) {
        var span = piece.mutableSpan
        // SAFETY: the piece is a local of 64 bytes that outlives the call.
        unsafe try span.withUnsafeMutableBytes { (bytes) throws(Errno) in
          unsafe try space.pointee.copyIn(
            address, to: bytes.baseAddress.unsafelyUnwrapped, length)
        }
      } catch { return }
      for index in 0..<length { out.byte(piece[index]) }
      address += ByteCount(UInt64(length))
    }
  }
}
