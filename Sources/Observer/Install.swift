import BoardFormat
import Glibc
import HardwareModel
import ObserverEntry
import Observation

/// Where QEMU begins, once it has loaded the library: `descriptor=N` is the file with the request.
@_cdecl("kilburn_observer_install")
func install(
  _ id: qemu_plugin_id_t, _ count: Int32,
  _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?
) -> Int32 {
  var file: Int32?
  for index in 0..<Int(count) {
    guard let word = unsafe arguments?[index] else { continue }
    let text = unsafe String(cString: word)
    if text.hasPrefix("descriptor=") { file = Int32(text.dropFirst(11)) }
  }
  guard let file else { return refuse("which file the request is in is not said") }
  var request: ObserverRequest?
  let size = MemoryLayout<ObserverRequest>.size
  unsafe withUnsafeTemporaryAllocation(byteCount: size, alignment: 16) { bytes in
    guard unsafe pread(file, bytes.baseAddress, size, 0) == size else { return }
    request = unsafe bytes.load(as: ObserverRequest.self)
  }
  guard let request, request.magic == ObserverRequest.magic, request.size == UInt64(size) else {
    return refuse("the request is another version's: tool and observer are of different sources")
  }
  guard let memory = MachineMemory(request) else {
    return refuse("the machine's memory cannot be mapped")
  }
  guard let observer = Observer(request, memory) else {
    return refuse("the request names no core or no machine that can be")
  }
  // QEMU's own function says what the numbers mean that its callbacks get; asked once, not each time.
  for shift: UInt32 in 0..<4 {
    guard qemu_plugin_mem_size_shift(shift &<< 4 | 0xf) == shift,
      qemu_plugin_mem_is_store(2 &<< 16 | shift &<< 4), !qemu_plugin_mem_is_store(1 &<< 16)
    else { return refuse("this QEMU says in another way what an access is") }
  }
  let place = UnsafeMutablePointer<Observer>.allocate(capacity: 1)
  unsafe place.initialize(to: observer)
  if let problem = unsafe place.pointee.startRecording() { return refuse(problem) }
  unsafe kilburn_recorder_place().pointee.observer = UnsafeMutableRawPointer(place)
  unsafe kilburn_recorder_place().pointee.checks = request.checks ? 1 : 0
  unsafe qemu_plugin_register_vcpu_tb_trans_cb(id) { _, block in
    unsafe instrument(block)
  }
  unsafe qemu_plugin_register_atexit_cb(
    id, { _, _ in unsafe theObserver.pointee.answer() }, nil)
  unsafe kilburn_recorder_place().pointee.file = file
  return 0
}

private func refuse(_ why: String) -> Int32 {
  say(why)
  return 1
}

/// Tells the tool, which reads what the emulator complains of.
func say(_ text: String) {
  let line = "kilburn's observer: \(text)\n"
  unsafe write(STDERR_FILENO, line, line.utf8.count)
}

/// The one observer of this process.
///
/// SAFETY: it is made before any callback is.
@inline(__always) var theObserver: UnsafeMutablePointer<Observer> {
  unsafe kilburn_recorder_place().pointee.observer.assumingMemoryBound(to: Observer.self)
}
