import AddressSpaces
import MemorySupport
import MemoryTypes

/// What a program's data is protected with.
let readWrite: Protection = [.read, .write]

/// A request for private memory without a file.
func anonymous(
  _ pages: UInt64, _ machine: TestMachine, at address: UInt64 = 0, _ flags: MapFlags = [],
  _ protection: Protection = [.read, .write]
) -> MappingRequest {
  MappingRequest(
    address: VirtualAddress(address), length: ByteCount(pages * machine.page),
    protection: protection, flags: flags.union([.private, .anonymous]))
}
