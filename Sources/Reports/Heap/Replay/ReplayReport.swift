package import HeapTraces

/// What replays of one trace found: one, or several side by side.
package struct ReplayReport {
  /// One way the trace was played.
  package struct Column {
    package var options: ReplayOptions
    package var result: ReplayResult

    package init(options: ReplayOptions, result: ReplayResult) {
      self.options = options
      self.result = result
    }
  }

  package let file: String
  package let columns: [Column]

  package init(file: String, columns: [Column]) {
    precondition(!columns.isEmpty)
    self.file = file
    self.columns = columns
  }

  /// Whether every column came to the trace's end.
  package var isWhole: Bool { columns.allSatisfy { $0.result.failure == nil } }

  var first: ReplayResult { columns[0].result }

  /// A size as a person reads it: `712`, `1.4K`, `23.9M`.
  static func size(_ bytes: UInt64) -> String {
    let units = ["", "K", "M", "G", "T", "P", "E"]
    var unit = 0
    var whole = bytes
    var rest: UInt64 = 0
    while whole >= 1024 {
      rest = whole % 1024
      whole /= 1024
      unit += 1
    }
    return unit == 0 ? "\(whole)" : "\(whole).\(rest * 10 / 1024)\(units[unit])"
  }

  /// What a call is called: with the moment, where the trace tells time.
  static func moment(_ sample: ReplaySample, of result: ReplayResult) -> String {
    let call = "call \(sample.event.grouped)"
    guard result.nanoseconds > 0 else { return call }
    return call + ", \(seconds(sample.time))"
  }

  static func seconds(_ nanoseconds: UInt64) -> String {
    "\(nanoseconds / 1_000_000_000).\(String(nanoseconds / 1_000_000 % 1000 + 1000).dropFirst()) s"
  }
}

extension ReplaySample {
  /// What chunks have more than was asked for: headers and rounding.
  var lostInChunks: UInt64 { chunks - min(chunks, live) }
  /// What the program got from the kernel and holds no object.
  var freeInHeap: UInt64 { footprint - min(footprint, chunks) }
}

extension ReplayResult {
  /// The figures that are compared, each better the lower it is.
  var figures: [(name: String, value: UInt64, isBytes: Bool)] {
    [
      ("peak footprint", kernel.peakAccessible, true),
      ("peak resident", kernel.peakResident, true),
      ("footprint at the end", end.footprint, true),
      ("resident at the end", end.resident, true),
      ("headers and rounding", peakFootprint.lostInChunks, true),
      ("free in the heap", peakFootprint.freeInHeap, true),
      ("system calls", kernel.systemCalls, false),
      ("  brk", kernel.brkGrow + kernel.brkShrink + kernel.brkAsk, false),
      ("  mmap", kernel.mmap, false),
      ("  munmap", kernel.munmap, false),
      ("  mremap", kernel.mremap, false),
      ("  mprotect", kernel.mprotect, false),
      ("  madvise", kernel.madvise, false),
      ("faults", kernel.faults, false),
      ("arenas", heap.arenas, false),
    ]
  }
}
