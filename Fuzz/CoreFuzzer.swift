// Fuzzes cores' files: any bytes as YAML. Whatever they are, reading them ends with a core or a named
// error of one line, and what a core has can be made. `Fuzz/run-cores` builds and starts it.

import Cores
import HardwareModel
import MemoryTypes

/// libFuzzer's entry.
@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ data: UnsafePointer<UInt8>, _ size: Int) -> CInt {
  let text = unsafe String(decoding: UnsafeBufferPointer(start: data, count: size), as: UTF8.self)
  do throws(CoreFileError) {
    let core = try CoreDescription(parsing: text, named: "fuzzed.yaml")
    precondition(!core.name.isEmpty)
    for figure in core.figures { precondition(!figure.path.isEmpty) }
    guard let geometry = core.hardware?.geometry else { return 0 }
    // The largest that may be said takes gigabytes.
    let caches = [
      geometry.dataCache, geometry.instructionCache, geometry.secondCache, geometry.lastCache,
    ]
    guard caches.allSatisfy({ ($0?.bytes ?? 0) <= 64 << 20 }) else { return 0 }
    let nothing = PhysicalAddress(0)..<PhysicalAddress(0)
    let model = CoreModel(geometry, memory: unsafe DescriptorMemory(data, nothing))
    precondition(model.regime == nil)
  } catch {
    let said = "\(error)"
    precondition(!said.isEmpty && !said.contains("\n"), said)
  }
  return 0
}
