import BoardFormat
import Glibc
import ProcessLaunch

/// A process started by this one, with pipes for its standard streams.
///
/// It ends with this one.
final class ChildProcess {
  let id: pid_t
  /// What it prints to standard output and error can be read here.
  let output: Int32
  let errors: Int32
  /// What is written here it reads from its standard input.
  private(set) var input: Int32
  private var status: Int32?

  /// Starts `arguments[0]`, found by path; `descriptors` become its 3, 4, and so on.
  init(_ arguments: [String], descriptors: [Int32] = []) throws(MachineError) {
    let (inputRead, inputWrite) = try Self.pipe()
    let (outputRead, outputWrite) = try Self.pipe()
    // Short, so that a machine whose output nobody reads stands still soon (OutputRing).
    _ = fcntl(outputRead, Self.setPipeSize, Int32(OutputRing.pipeSize))
    let (errorsRead, errorsWrite) = try Self.pipe()
    var copies = unsafe arguments.map { unsafe strdup($0) } + [nil]
    let streams = [inputRead, outputWrite, errorsWrite] + descriptors
    id = unsafe kilburn_launch(arguments[0], &copies, streams, Int32(streams.count))
    unsafe copies.forEach { unsafe free($0) }
    for descriptor in [inputRead, outputWrite, errorsWrite] { close(descriptor) }
    (input, output, errors) = (inputWrite, outputRead, errorsRead)
    guard id > 0 else {
      throw .failure("\(arguments[0]) cannot be started: \(HostFile.reason(-id))")
    }
  }

  deinit {
    end()
    closeInput()
    close(output)
    close(errors)
  }

  /// Tells it that there is no more input.
  func closeInput() {
    if input >= 0 { close(input) }
    input = -1
  }

  /// Waits for its end and returns its wait status.
  @discardableResult
  func wait() -> Int32 {
    if let status { return status }
    let result = kilburn_wait(id)
    status = result
    return result
  }

  /// Lets it end by itself, asked by SIGTERM where `asks` says so, but for no longer than so many
  /// seconds.
  func letEnd(within seconds: Int, asks: Bool) {
    guard status == nil else { return }
    if asks { kill(id, SIGTERM) }
    for _ in 0..<seconds * 100 {
      var result: Int32 = 0
      if unsafe waitpid(id, &result, WNOHANG) == id {
        status = result
        return
      }
      usleep(10_000)
    }
  }

  /// Ends it, if it has not ended by itself.
  func end() {
    if status == nil { kill(id, SIGKILL) }
    wait()
  }

  /// F_SETPIPE_SZ of Linux's fcntl.h.
  private static let setPipeSize: Int32 = 1031

  private static func pipe() throws(MachineError) -> (read: Int32, write: Int32) {
    var ends: [Int32] = [-1, -1]
    guard unsafe kilburn_pipe(&ends) == 0 else {
      throw .failure("no pipe: \(HostFile.reason())")
    }
    return (ends[0], ends[1])
  }
}
