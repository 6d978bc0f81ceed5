// Fuzzes the loader of kernel modules: any bytes as a module file, on a host that notes what it
// gives. A trap, an access outside of the file or of the module's memory, or memory that does not
// come back is a finding. `Fuzz/run-modules` builds and starts it.
//
// The first byte says whether the rest is the file itself or changes of a good one, which get
// further: triples of a place, in two bytes, and a value.

import KernelModules

/// A module that has a bit of everything.
let good: [UInt8] = {
  var writer = ObjectWriter.module
  writer.relocations += [(1, 4, 283, 2, 0), (4, 0, 257, 3, 8), (1, 8, 275, 3, 0)]
  writer.sections.append(
    .init(name: ".init.text", flags: 6, bytes: ObjectWriter.word(0xd65f_03c0)))
  return writer.bytes
}()

/// libFuzzer's entry.
@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ data: UnsafePointer<UInt8>, _ size: Int) -> CInt {
  guard size > 1 else { return 0 }
  let input = unsafe Array(UnsafeBufferPointer(start: data, count: size))
  var file = Array(input[1...])
  if input[0] & 0x80 != 0 {
    file = good
    for index in stride(from: 1, to: input.count - 2, by: 3) {
      file[(Int(input[index]) << 8 | Int(input[index + 1])) % file.count] = input[index + 2]
    }
  }
  let host = TestHost()
  host.avoidsLateADRP = input[0] & 1 != 0
  var loader = ModuleLoader<TestHost>.make(host)
  do throws(ModuleError) {
    try loader.load(file, "number=5 text=\"a b\" -- rest")
  } catch {
    precondition(error.text.utf8CodeUnitCount > 0)
  }
  if let module = loader.first { loader.unform(module) }
  precondition(host.areas == 0 && host.objects == 0, "memory did not come back")
  return 0
}
