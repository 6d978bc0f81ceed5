import Arm64
import HostBoard
import KernelHeap
import MemoryTypes
import PageFrames
import TestSupport

/// A machine with a heap and a vmalloc of its own kernel half, whose regions a test may make small.
struct TestVMalloc {
  let machine: HostMachine<HostBoard>
  let heap: KernelPointer<SlabAllocator<HostBoard>>
  let vmalloc: KernelPointer<VMAllocator<HostBoard>>
  let region: Range<VirtualAddress>
  let modules: Range<VirtualAddress>

  var board: HostBoard { machine.board }
  var frames: KernelPointer<FrameAllocator<HostBoard>> { machine.frames }

  init(
    _ pageSize: PageSize, ram: ByteCount = .mebibytes(256), region: ByteCount = .gibibytes(64),
    modules: ByteCount = .mebibytes(128)
  ) {
    machine = HostMachine(pageSize, ram: ram)
    heap = machine.makeHeap()
    let bits = machine.board.translation.vaBits
    let start = VirtualAddress(0 &- 1 &<< (bits - 1))
    self.modules = start..<(start + modules)
    self.region = (start + modules)..<(start + modules + region)
    guard let root = machine.frames.pointee.allocate([.kernel, .zero]),
      let vmalloc = VMAllocator.start(
        slab: heap, table: PageTable(board: machine.board, root: root), vmalloc: self.region,
        modules: self.modules)
    else { fatalError("no vmalloc") }
    self.vmalloc = vmalloc
  }

  func end() { machine.board.release() }

  /// Writes through the tables, as the kernel would at that address; false where nothing is mapped
  /// or it may not be written.
  func store(_ value: UInt64, at address: VirtualAddress) -> Bool {
    guard let place = translate(address), place.writable else { return false }
    board.store(value, at: place.physical)
    return true
  }

  func load(_ address: VirtualAddress) -> UInt64? {
    translate(address).map { board.load(at: $0.physical) }
  }

  /// What the MMU would make of an address.
  func translate(_ address: VirtualAddress) -> (
    physical: PhysicalAddress, writable: Bool, executable: Bool
  )? {
    let table = vmalloc.pointee.table
    var level = 3
    while level >= board.translation.startLevel {
      if let slot = table.entry(for: address, at: level), slot.pointee.isValid,
        level == 3 || !slot.pointee.isTable
      {
        let span = board.translation.coverage(at: level)
        let offset = ByteCount(address.rawValue & (span.rawValue - 1))
        let attributes = slot.pointee.attributes(in: board.translation)
        return (
          slot.pointee.output(at: level, in: board.translation) + offset,
          !attributes.contains(.readOnly), !attributes.contains(.privilegedExecuteNever)
        )
      }
      level -= 1
    }
    return nil
  }
}
