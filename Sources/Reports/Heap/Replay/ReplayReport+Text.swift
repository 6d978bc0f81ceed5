import TraceFiles
import HeapTraces

extension ReplayReport {
  /// As a person reads it: of one replay everything, of several the figures side by side.
  package func text(_ style: Style) -> [String] {
    var lines = [style.heading("Replay of \(file)"), ""]
    lines += about
    for column in columns {
      guard let failure = column.result.failure else { continue }
      let name = columns.count > 1 ? "\(column.options.name): " : ""
      lines += [
        "", style.alarm("\(name)not to the end: \(failure)"),
        "What follows is of the \(column.result.events.grouped) calls before.",
      ]
    }
    if columns.count > 1 { return lines + [""] + sideBySide }
    lines += [""] + chart(style) + [""] + moments + [""] + kernelCalls
    lines += [""] + contents + [""] + pins
    return lines
  }

  private var about: [String] {
    let result = first
    var table = TextTable([.left, .left])
    for fact in result.facts.prefix(8) { table.rows.append([fact.name, fact.value]) }
    var calls = "\(result.events.grouped) calls"
    if result.threads > 1 { calls += " of \(result.threads.grouped) threads" }
    if result.nanoseconds > 0 { calls += " in \(Self.seconds(result.nanoseconds))" }
    table.rows.append(["trace", "\(result.format): \(calls)"])
    let kinds = HeapOperation.allCases.filter { $0.isCall }.compactMap { operation in
      let count = result.calls[Int(operation.rawValue)]
      return count == 0
        ? nil : "\(operation.name)\(operation == .freeUnknown ? " unknown" : "") \(count.grouped)"
    }
    table.rows.append(["calls", kinds.joined(separator: ", ")])
    if columns.count == 1 { table.rows.append(["allocator", columns[0].options.name]) }
    if result.skipped > 0 {
      let place = result.firstSkipped.map { ", the first at \($0)" } ?? ""
      table.rows.append([
        "passed over", "\(result.skipped.grouped) frees of what the trace did not allocate\(place)",
      ])
    }
    if result.refused > 0 {
      table.rows.append(["failed", "\(result.refused.grouped) calls got NULL, and do here"])
    }
    return table.lines()
  }

  private var moments: [String] {
    var table = TextTable([.left, .right, .right, .right, .right, .right, .right, .left])
    table.rows.append([
      "", "footprint", "resident", "live", "headers", "free in heap", "objects", "",
    ])
    for (name, sample) in [
      ("peak footprint", first.peakFootprint), ("peak resident", first.peakResident),
      ("end", first.end),
    ] {
      table.rows.append([
        name, Self.size(sample.footprint), Self.size(sample.resident), Self.size(sample.live),
        Self.size(sample.lostInChunks), Self.size(sample.freeInHeap), sample.objects.grouped,
        Self.moment(sample, of: first),
      ])
    }
    table.rows.append([
      "largest live", "", "", Self.size(first.peakLive.live), "", "", "",
      Self.moment(first.peakLive, of: first),
    ])
    var lines = table.lines()
    let peak = first.peakFootprint
    lines.append(
      "  At the peak \(percent(peak.lostInChunks, of: peak.footprint)) is headers and rounding "
        + "(internal), \(percent(peak.freeInHeap, of: peak.footprint)) free in the heap (external)."
    )
    return lines
  }

  private var kernelCalls: [String] {
    let kernel = first.kernel
    let kinds = [
      ("brk up", kernel.brkGrow), ("brk down", kernel.brkShrink), ("brk asked", kernel.brkAsk),
      ("mmap", kernel.mmap), ("munmap", kernel.munmap), ("mremap", kernel.mremap),
      ("mprotect", kernel.mprotect), ("madvise", kernel.madvise),
    ].filter { $0.1 > 0 }.map { "\($0.0) \($0.1.grouped)" }
    var table = TextTable([.left, .right, .left])
    table.rows.append([
      "system calls", kernel.systemCalls.grouped, kinds.joined(separator: ", "),
    ])
    table.rows.append(["faults", kernel.faults.grouped, "pages touched for the first time"])
    return table.lines()
  }

  private var contents: [String] {
    let heap = first.heap
    var table = TextTable([.left, .right, .right, .left])
    table.rows.append(["at the end", "chunks", "bytes", ""])
    let mappings = "\(heap.arenas.grouped) arena\(heap.arenas == 1 ? "" : "s")"
    for (name, kind, note) in [
      ("in tcaches", heap.tcache, "free for their thread only"),
      ("in fastbins", heap.fastbins, "free, not merged with neighbours"),
      ("unsorted", heap.unsorted, ""), ("in small bins", heap.smallBins, ""),
      ("in large bins", heap.largeBins, ""), ("top", heap.top, mappings),
      ("mapped objects", heap.mapped, ""),
    ] { table.rows.append([name, kind.count.grouped, Self.size(kind.bytes), note]) }
    var lines = table.lines()
    lines.append(
      "  malloc_trim(0) would return \(Self.size(first.trimmedFootprint)) of the footprint and "
        + "\(Self.size(first.trimmedResident)) of resident memory.")
    return lines
  }

  /// What keeps the top of the heap where it is.
  private var pins: [String] {
    let heap = first.heap
    guard heap.heapEnd > heap.heapStart else { return ["  The main heap was not used."] }
    var lines = [
      "  The main heap is \(Self.size(heap.heapEnd - heap.heapStart)), its top chunk "
        + "\(Self.size(heap.heapEnd - min(heap.heapEnd, heap.heapTop))). It goes down no further "
        + "than the highest chunk that is used:"
    ]
    var table = TextTable([.right, .right, .right, .left, .left])
    table.rows.append(["below the end", "chunk", "free above", "allocated by", ""])
    for pin in heap.pins {
      let call =
        pin.isObject
        ? "call \(pin.event.grouped)" + (first.threads > 1 ? ", thread \(pin.thread)" : "")
        : "kept by malloc (tcache, fastbin)"
      table.rows.append([
        Self.size(heap.heapEnd - pin.address), Self.size(pin.chunk), Self.size(pin.freeAbove),
        call, pin.isObject ? first.sites.text(of: pin.site) : "",
      ])
    }
    if !heap.pins.isEmpty { lines += table.lines(indent: 4) }
    return lines
  }

  /// Footprint and live bytes over the trace.
  private func chart(_ style: Style) -> [String] {
    let (width, height) = (64, 12)
    let samples = first.history
    let most = max(first.kernel.peakAccessible, 1)
    guard samples.count > 1, first.events > 0 else { return ["  Too short for a chart."] }
    // Of each column the highest footprint in it, and the live bytes at that moment.
    var columns = [ReplaySample](repeating: ReplaySample(), count: width)
    for sample in samples + [first.peakFootprint] {
      let column = min(width - 1, Int(sample.event * UInt64(width) / (first.events + 1)))
      if sample.footprint >= columns[column].footprint { columns[column] = sample }
    }
    for column in 1..<width where columns[column].event == 0 {
      columns[column] = columns[column - 1]
    }
    func level(_ bytes: UInt64) -> Int {
      Int((Double(bytes) * Double(height) / Double(most)).rounded(.up))
    }
    var lines: [String] = []
    for row in stride(from: height, to: 0, by: -1) {
      let label = row == height ? Self.size(most) : row == height / 2 ? Self.size(most / 2) : ""
      let cells = columns.map { sample in
        row <= level(sample.live) ? "█" : row <= level(sample.footprint) ? "░" : " "
      }
      lines.append(
        "  " + String(repeating: " ", count: max(0, 7 - label.count)) + label + " │"
          + cells.joined())
    }
    lines.append("        0 └" + String(repeating: "─", count: width))
    lines.append("           █ live bytes  ░ footprint, over \(first.events.grouped) calls")
    return lines
  }

  // MARK: side by side

  private var sideBySide: [String] {
    var table = TextTable([.left] + columns.map { _ in .right })
    table.rows.append([""] + columns.map(\.options.name))
    for index in first.figures.indices {
      let values = columns.map { $0.result.figures[index].value }
      guard values.contains(where: { $0 > 0 }) else { continue }
      let whole = zip(columns, values).filter { $0.0.result.failure == nil }.map(\.1)
      let best = whole.min()
      let isEqual = Set(values).count == 1
      let cells = zip(columns, values).enumerated().map { place, pair in
        let (column, value) = pair
        let text = first.figures[index].isBytes ? Self.size(value) : value.grouped
        if column.result.failure != nil { return "(\(text))" }
        let mark = value == best && !isEqual ? " *" : ""
        return text + (place == 0 ? "" : Self.change(from: values[0], to: value)) + mark
      }
      table.rows.append([first.figures[index].name] + cells)
    }
    table.rows.append(
      ["trimming returns"] + columns.map { Self.size($0.result.trimmedResident) })
    return table.lines() + [
      "",
      "  Per cent are of the first column; * is the least. Headers and rounding, and what is free",
      "  in the heap, are those at the peak of the footprint.",
    ]
  }

  private static func change(from old: UInt64, to new: UInt64) -> String {
    guard old > 0 else { return "" }
    let tenths = Int((Double(new) - Double(old)) * 1000 / Double(old))
    let sign = tenths < 0 ? "-" : "+"
    return " (\(sign)\(abs(tenths) / 10).\(abs(tenths) % 10) %)"
  }
}
