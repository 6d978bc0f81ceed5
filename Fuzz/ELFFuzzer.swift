// Fuzzes exec: any bytes as a program file, on a whole machine of the host, with 4K, 16K and 64K
// pages. A trap of the kernel, a read outside its memory, or memory that does not come back is a
// finding. `Fuzz/run` builds and starts it.
//
// The first byte chooses the page size and how the rest is meant: as the file itself, or as
// changes of a good one, which get further.

import BoardFormat
import KernelHeap
import MemoryTypes
import PageFrames
import Tasks

/// One machine a page size, made when it is first needed and used for every input.
nonisolated(unsafe) var machines: [GuestMachine?] = [nil, nil, nil]
nonisolated(unsafe) var freeFrames: [UInt64?] = [nil, nil, nil]
nonisolated(unsafe) var inputs = 0

/// libFuzzer's entry.
@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ data: UnsafePointer<UInt8>, _ size: Int) -> CInt {
  guard size > 1 else { return 0 }
  let input = unsafe Array(UnsafeBufferPointer(start: data, count: size))
  let choice = Int(input[0] % 3)
  let bytes = input[0] & 0x80 == 0 ? Array(input[1...]) : changed(Array(input[1...]))
  let machine = machine(choice)
  machine.addFile("/program", bytes)
  machine.run("/program", ["program", "argument"], ["NAME=value"], any: true)
  inputs += 1
  if inputs % 64 == 0 {
    machine.addFile("/program", [])
    machine.kernel.slab.pointee.shrink()
    machine.kernel.frames.pointee.drain()
    machine.kernel.frames.pointee.checkInvariants()
    let free = machine.kernel.frames.pointee.free.rawValue
    if let before = freeFrames[choice], inputs > 1024 {
      precondition(free == before, "frames did not come back")
    }
    if inputs > 1024 || freeFrames[choice] == nil { freeFrames[choice] = free }
  }
  return 0
}

func machine(_ choice: Int) -> GuestMachine {
  if let machine = machines[choice] { return machine }
  let machine = GuestMachine(
    [PageSize.fourKiB, .sixteenKiB, .sixtyFourKiB][choice], ram: .mebibytes(64))
  machine.addFile("/interpreter", ELFBuilder.plain.bytes)
  machines[choice] = machine
  return machine
}

/// A good program with changes: each is an offset of two bytes, and the eight bytes to put there.
func changed(_ changes: [UInt8]) -> [UInt8] {
  var builder = ELFBuilder.plain
  if changes[0] & 1 != 0 { builder.type = 3 }
  builder.headers.append(ELFBuilder.header(.gnuStack, 0, 0, 0, 0, 6, 16))
  builder.headers.append(ELFBuilder.header(.gnuProperty, 0, 0x1400, 32, 32, 4, 8))
  if changes[0] & 2 != 0 {
    builder.headers.append(ELFBuilder.header(.interpreter, 0, 0x1600, 13, 13, 4, 1))
  }
  var file = builder.bytes
  for (index, byte) in "/interpreter\0".utf8.enumerated() { file[0x1600 + index] = byte }
  for (index, word) in [4, 16, 5, 0x0055_4e47, 0xc000_0000, 4, 1, 0].enumerated() {
    for byte in 0..<4 { file[0x1400 + index * 4 + byte] = UInt8(word >> (8 * byte) & 255) }
  }
  var at = 1
  while at + 10 <= changes.count {
    let place = (Int(changes[at]) | Int(changes[at + 1]) << 8) % (file.count - 8)
    // Most changes are of the headers.
    let target = changes[at + 1] & 0x80 == 0 ? place % 0x180 : place
    for byte in 0..<8 { file[target + byte] = changes[at + 2 + byte] }
    at += 10
  }
  return file
}
