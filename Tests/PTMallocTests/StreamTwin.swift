import Foundation
import Glibc
import PTMalloc

/// The driver's generator of streams, loaded into this process (Tests/MallocDriver/twin.h): it asks
/// the library under test, call by call, and what it would record is held to a recording.
final class StreamTwin {
  private let recording: RecordedStream
  private let replay: StreamReplay
  private var digest = StreamDigest()
  /// The record that comes next; the start is the first.
  private var sequence: UInt32 = 1
  private var systemCallsTaken = 0
  private var callsTaken = 1
  private(set) var failure: String?
  /// Calls whose records were part of a digest.
  private(set) var callsChecked = 0
  /// After how many calls it is enough.
  private let limit: Int
  var isEnded: Bool { replay.isEnded }

  /// `struct twin`.
  @safe private struct Callbacks {
    // SAFETY: the twin that the context is outlives the call that is given it.
    var context: UnsafeMutableRawPointer?
    var make: (@convention(c) (UnsafeMutableRawPointer?, UnsafeMutableRawPointer?) -> Int32)?
    var take: (@convention(c) (UnsafeMutableRawPointer?, UnsafeRawPointer?) -> Int32)?
  }

  private typealias Run =
    @convention(c) (UInt64, UInt64, Int32, Int32, Int32, UnsafeRawPointer?) -> Void

  @safe private struct Library {
    // SAFETY: the library is never unloaded.
    let run: Run
  }

  private static let loaded = Result<Library, any Error> {
    let library = try MallocDriver.twin.get()
    guard let handle = unsafe dlopen(library.path, RTLD_NOW),
      let symbol = unsafe dlsym(handle, "run_stream")
    else { throw MallocDriver.Failure() }
    return unsafe Library(run: unsafeBitCast(symbol, to: Run.self))
  }

  init(
    _ recording: RecordedStream, _ environment: MallocEnvironment, limit: Int = .max
  ) throws {
    self.recording = recording
    self.limit = limit
    var tunables = MallocTunables()
    for (name, value) in recording.environment {
      tunables.set(variable: name.utf8, to: value.utf8)
    }
    replay = try StreamReplay(recording.start, environment, tunables)
    for call in recording.systemCalls { replay.expect(call) }
  }

  /// Makes the whole stream, or up to what differs.
  func run() throws {
    let library = try Self.loaded.get()
    var callbacks = unsafe Callbacks(
      context: Unmanaged.passUnretained(self).toOpaque(),
      make: { context, call in
        guard let context = unsafe context, let call = unsafe call else { return 1 }
        let twin = unsafe Unmanaged<StreamTwin>.fromOpaque(context).takeUnretainedValue()
        return unsafe twin.make(&call.assumingMemoryBound(to: RecordedCall.self).pointee) ? 0 : 1
      },
      take: { context, record in
        guard let context = unsafe context, let record = unsafe record else { return 1 }
        let twin = unsafe Unmanaged<StreamTwin>.fromOpaque(context).takeUnretainedValue()
        return twin.take(unsafe record.load(as: RecordedCall.self)) ? 0 : 1
      })
    let stream = recording
    unsafe library.run(
      stream.seed, stream.calls, stream.profile, stream.threads, stream.flags, &callbacks)
    if failure == nil, callsChecked < limit, systemCallsTaken != recording.systemCalls.count {
      failure = "not made: \(recording.systemCalls[systemCallsTaken])"
    }
  }

  /// Serves a call; false where it ends the program.
  private func make(_ call: inout RecordedCall) -> Bool {
    do throws(HeapAbort) {
      let answer = try replay.perform(call)
      if answer.figures.count == 5 {
        (call.a, call.b, call.c) = (answer.figures[0], answer.figures[1], answer.figures[2])
        (call.d, call.result) = (answer.figures[3], answer.figures[4])
      } else {
        call.result = answer.value
        call.error = answer.error
      }
      return true
    } catch {
      call.d = 6
      call.result = 0
      if case .fault(let address) = error {
        // An address that no program has is not told.
        (call.d, call.result) = (11, address < 1 << 47 ? address : 0)
      }
      return false
    }
  }

  /// Takes a record; false where the recording has another.
  private func take(_ record: RecordedCall) -> Bool {
    var made = replay.systemCallsMade
    if let mismatch = replay.mismatch { return fail(mismatch, record) }
    let isDeath = record.kind == RecordedCall.Kind.death.rawValue
    // What printed the message may have asked for memory for it.
    if isDeath, made + 1 == recording.systemCalls.count { made += 1 }
    while systemCallsTaken < made {
      guard add(recording.systemCalls[systemCallsTaken]) else {
        return fail("another order of system calls", record)
      }
      systemCallsTaken += 1
    }
    callsChecked += 1
    if callsTaken < recording.firstCalls.count {
      let expected = recording.firstCalls[callsTaken]
      var (ours, theirs) = (record, expected)
      (ours.sequence, theirs.sequence) = (0, 0)
      if "\(ours)" != "\(theirs)" || ours.error != theirs.error {
        return fail("recorded \(expected), error \(expected.error)", record)
      }
      callsTaken += 1
    }
    if !add(record) { return fail("another digest", record) }
    return callsChecked < limit
  }

  private func add(_ record: RecordedCall) -> Bool {
    digest.add(record)
    sequence += 1
    let isLast =
      record.kind == RecordedCall.Kind.end.rawValue
      || record.kind == RecordedCall.Kind.death.rawValue
    guard sequence % 256 == 0 || isLast else { return true }
    return recording.digests[sequence] == digest.value
  }

  private func fail(_ text: String, _ record: RecordedCall) -> Bool {
    failure = "record \(sequence), \(record), error \(record.error): \(text)"
    return false
  }
}
