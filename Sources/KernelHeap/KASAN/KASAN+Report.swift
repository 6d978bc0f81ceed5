/// Reports, in the words of Linux 6.1 (mm/kasan/report.c, report_generic.c).
extension KASAN {
  /// What one report is about (`struct kasan_report_info`).
  struct Finding {
    var bug: BugType
    var address: UInt64
    var size: UInt64
    var isWrite: Bool
    var isFree: Bool
    var caller: UInt64
    var firstBad: UInt64
    var slab: CheckedObject?
  }

  /// Reports a bad access; false where nothing may be reported now.
  @discardableResult
  public mutating func report(
    _ address: UInt64, _ size: UInt64, write: Bool, from caller: UInt64
  ) -> Bool {
    guard depth == 0, isMultiShot || reports == 0 else { return false }
    send(
      Finding(
        bug: shadow.classify(address, size, pageSize: pageSize, taskSize: taskSize),
        address: address, size: size, isWrite: write, isFree: false, caller: caller,
        firstBad: shadow.firstBad(address, size), slab: slab(of: address)))
    return true
  }

  /// Reports a free of what is no object, or is none any more (`kasan_report_invalid_free()`).
  ///
  /// A caller of 0 is looked for: that takes long, and is no work for a good free.
  mutating func reportFree(_ address: UInt64, _ bug: BugType, from caller: UInt64) {
    guard isMultiShot || reports == 0 else { return }
    send(
      Finding(
        bug: bug, address: address, size: 0, isWrite: false, isFree: true,
        caller: caller == 0 ? environment.caller : caller,
        firstBad: address, slab: slab(of: address)))
  }

  private func slab(of address: UInt64) -> CheckedObject? {
    shadow.covers(address) ? environment.slab(of: address) : nil
  }

  private mutating func send(_ finding: Finding) {
    depth &+= 1
    lastBug = finding.bug
    rule()
    describe(finding)
    line("")
    if shadow.covers(finding.address) {
      unsafe environment.dumpStack(environment.context, finding.caller)
      line("")
      describeAddress(finding)
      describeMemory(finding.firstBad)
    } else {
      unsafe environment.dumpStack(environment.context, finding.caller)
    }
    rule()
    reports &+= 1
    depth &-= 1
    unsafe environment.reported(environment.context)
  }

  private func rule() { line("==================================================================") }

  private func line(_ text: StaticString) {
    let line = KASANLine(text)
    line.send(environment)
  }

  /// `print_error_description()`.
  private func describe(_ finding: Finding) {
    var line = KASANLine("BUG: KASAN: ")
    line.add(finding.bug.name)
    line.add(" in ")
    line.add(symbol: finding.caller, environment)
    line.send(environment)
    if finding.isFree {
      line = KASANLine("Free of addr ")
    } else {
      line = KASANLine(finding.isWrite ? "Write" : "Read")
      if finding.size != 0 {
        line.add(" of size ")
        line.add(finding.size)
      }
      line.add(" at addr ")
    }
    line.add(address: finding.address)
    line.add(" by task ")
    line.addTask(environment)
    line.send(environment)
  }

  /// `print_address_description()`.
  private func describeAddress(_ finding: Finding) {
    if let slab = finding.slab { describe(finding, in: slab) }
    let place = unsafe KASANPlace(rawValue: environment.place(environment.context, finding.address))
    if place.contains(.variable) {
      line("The buggy address belongs to the variable:")
      var name = KASANLine(" ")
      name.add(symbol: finding.address, environment)
      name.send(environment)
      line("")
    }
    if place.contains(.stack) {
      describeFrame(finding.address)
      line("")
    }
    if place.contains(.vmalloc) {
      var text = KASANLine("The buggy address belongs to a")
      text.addArea(finding.address, environment)
      text.send(environment)
    }
    unsafe environment.dumpPage(environment.context, finding.address)
  }

  /// `describe_object()`.
  private func describe(_ finding: Finding, in slab: CheckedObject) {
    let cache = slab.cache
    let object = slab.nearest(to: finding.address)
    if cache.recordOffset != 0 { describeHistory(of: object, cache) }
    var text = KASANLine("The buggy address belongs to the object at ")
    text.add(address: object)
    text.send(environment)
    text = KASANLine(" which belongs to the cache ")
    unsafe text.add(cache.name)
    text.add(" of size ")
    text.add(cache.objectSize)
    text.send(environment)
    text = KASANLine("The buggy address is located ")
    let end = object &+ cache.objectSize
    if finding.address < object {
      text.add(object &- finding.address)
      text.add(" bytes to the left of")
    } else if finding.address >= end {
      text.add(finding.address &- end)
      text.add(" bytes to the right of")
    } else {
      text.add(finding.address &- object)
      text.add(" bytes inside of")
    }
    text.send(environment)
    text = KASANLine(" ")
    text.add(cache.objectSize)
    text.add("-byte region [")
    text.add(address: object)
    text.add(", ")
    text.add(address: end)
    text.add(")")
    text.send(environment)
    line("")
  }

  /// `describe_object_stacks()`: who made it, who freed it, who put off work on it.
  private func describeHistory(of object: UInt64, _ cache: CheckedCache) {
    let record = record(of: object, cache)
    if record.track.stack != 0 { describe(record.track, "Allocated") }
    if shadow.value(at: object) == ShadowValue.freeObjectWithTrack.rawValue {
      let free = freeRecord(of: object, cache)
      if free.track.stack != 0 { describe(free.track, "Freed") }
    }
    if record.auxiliary.0 != 0 {
      line("Last potentially related work creation:")
      describe(stack: record.auxiliary.0)
    }
    if record.auxiliary.1 != 0 {
      line("Second to last potentially related work creation:")
      describe(stack: record.auxiliary.1)
    }
  }

  private func describe(_ track: KASANTrack, _ what: StaticString) {
    var text = KASANLine(what)
    text.add(" by task ")
    text.add(UInt64(track.task))
    text.add(":")
    text.send(environment)
    describe(stack: track.stack)
  }

  private func describe(stack: UInt32) {
    depot.forEachAddress(of: stack) { address in
      var text = KASANLine(" ")
      text.add(symbol: address, environment)
      text.send(environment)
    }
    line("")
  }

  /// `print_memory_metadata()`: the shadow of the 128 bytes around the first bad one, and of two
  /// times as many on both sides.
  private func describeMemory(_ address: UInt64) {
    line("Memory state around the buggy address:")
    var row = (address & ~127) &- 256
    for index in 0..<5 {
      var text = KASANLine(index == 2 ? ">" : " ")
      text.add(address: row)
      text.add(":")
      for granule in 0..<UInt64(16) {
        text.add(" ")
        text.add(hex: UInt64(shadow.value(at: row &+ granule &* 8)), digits: 2)
      }
      text.send(environment)
      if index == 2 {
        var caret = KASANLine("")
        // Behind ">ffff…: " and so many bytes.
        for _ in 0..<(19 &+ (address &- row) / 8 &* 3) { caret.add(" ") }
        caret.add("^")
        caret.send(environment)
      }
      row &+= 128
    }
  }
}
