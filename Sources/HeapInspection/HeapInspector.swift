import MemoryImages

/// Inspects the heap of a process: finds its arenas, reads their lists, walks their memory.
///
/// Three passes. The first goes over the chunks for the caches among them; the second over all lists,
/// and marks what is in them; the third over the chunks again, and says of each what it is. Nothing is
/// trusted: each list ends at the first chunk that was marked before, each walk at the memory's end,
/// and what contradicts the rest is told with its address and with what glibc would print there.
/// Documentation/Theory/HeapInspection.md has more.
package struct HeapInspector {
  private let memory: HeapMemory

  package init(_ source: any MemorySource) { memory = HeapMemory(source) }

  /// Inspects; `each` hears of every stretch, in order of arenas and addresses.
  package func inspect(_ each: ((HeapChunk) -> Void)? = nil) throws(HeapError) -> HeapReport {
    let finder = ArenaSearch(memory: memory)
    let found = try found(finder)
    guard let ring = finder.ring(from: found.main) else {
      throw .damaged(address: found.main, "the ring of arenas does not come back to main_arena")
    }
    var arenas: [Arena] = []
    for address in ring {
      arenas.append(try Arena(memory, at: address, isMain: address == found.main))
    }
    let known = finder.parameters(found, main: arenas[0])
    var form = try form(arenas, known?.hasHugePages, found.library)
    var search = SegmentSearch(memory, form: form)
    for index in arenas.indices {
      if arenas[index].isMain {
        let base = known.flatMap { $0.0.breakBase == 0 ? nil : $0.0.breakBase }
        try search.main(&arenas[index], base: base)
      } else if !arenas[index].isUnused {
        try search.heaps(of: &arenas[index])
      }
    }
    // A heap of which a part is missing would look damaged.
    for segment in arenas.flatMap(\.segments) {
      if let cut = memory.source.missing(in: segment.start..<segment.end) { throw cut }
    }
    var report = HeapReport(
      title: memory.source.title, isRacy: memory.source.isRacy, how: found.how,
      library: found.library, form: form, parameters: known?.0)
    var reader = ListReader(memory, form, arenas)
    report.caches = caches(reader, &form)
    form.hasSafeLinking = hasSafeLinking(reader, report.caches, form) ?? form.hasSafeLinking
    report.form = form
    reader.form = form
    read(&reader, &report)
    let caches = Set(report.caches.map(\.chunk))
    for index in arenas.indices {
      var walk = ArenaWalk(
        memory, report.arenas[index], marks: reader.marks, caches: caches, search: search)
      walk.walk(each)
      report.arenas[index] = walk.report
      report.damages += walk.damages.prefix(Damage.most - min(Damage.most, report.damages.count))
      metChunks(walk, &report)
    }
    if !report.arenas.allSatisfy(\.arena.isUnused) || known != nil {
      report.mapped = MappedChunks(memory: memory).find(outside: arenas)
    }
    return report
  }

  /// The main arena; where there is none and memory is missing, that is why.
  private func found(_ finder: ArenaSearch) throws(HeapError) -> ArenaSearch.Found {
    do throws(HeapError) {
      return try finder.find()
    } catch {
      if let cut = memory.source.missing(in: 0..<UInt64.max) { throw cut }
      let library = memory.source.regions.first { $0.name.contains("/libc") && $0.fileOffset == 0 }
      if let library { _ = try version(of: library.name) }
      throw error
    }
  }

  /// Reads the lists of all arenas and caches, in the order in which malloc asks them.
  private func read(_ reader: inout ListReader, _ report: inout HeapReport) {
    for index in report.caches.indices { reader.read(&report.caches[index]) }
    for index in reader.arenas.indices {
      reader.read(index)
      var arena = ArenaReport(reader.arenas[index], isDrawn: index < HeapMap.mostArenas)
      arena.fastLists = reader.fastSizes
      arena.binLists = reader.binSizes
      report.arenas.append(arena)
    }
    report.damages = reader.damages
  }

  /// A listed chunk that the walk did not come to lies inside of another.
  private func metChunks(_ walk: ArenaWalk, _ report: inout HeapReport) {
    guard report.damages.isEmpty else { return }
    var marks = walk.marks
    var listed = 0
    for segment in walk.arena.segments {
      var at = segment.firstChunk
      while let chunk = marks.first(in: at..<segment.end) {
        listed += 1
        at = chunk + 16
        if listed > walk.met {
          report.damages.append(
            Damage(
              address: chunk, arena: walk.arena.address, message: nil,
              detail: "it is in a list (\(marks.state(of: chunk).name)) and lies inside of another "
                + "chunk, or was passed over: a size before it was overwritten"))
          return
        }
      }
    }
  }

  // MARK: forms

  /// What the arenas' places and the library's file say of the version.
  private func form(
    _ arenas: [Arena], _ hasHugePages: Bool?, _ library: String?
  ) throws(HeapError) -> GlibcForm {
    var form = GlibcForm()
    if let other = arenas.first(where: { !$0.isMain }) {
      form.heapInfoSize = other.address & (SegmentSearch.heapAlignment - 1) == 32 ? 32 : 48
    } else if let hasHugePages {
      form.heapInfoSize = hasHugePages ? 48 : 32
    }
    if let library { form.version = try version(of: library) }
    if let version = form.version, let minor = Int(version.split(separator: ".").last ?? "") {
      form.hasSafeLinking = minor >= 32
    }
    return form
  }

  /// The version that a library's file says it is; an error where its heaps are not known here.
  private func version(of library: String) throws(HeapError) -> String? {
    guard let file = memory.source.file(library), let version = version(in: file) else {
      return nil
    }
    let words = version.split(separator: ".").map { Int($0) ?? 0 }
    guard words.count > 1, words[0] == 2, GlibcForm.versions.contains(words[1]) else {
      throw .unsupported(
        "glibc \(version) (\(library)): its heaps are laid out in another way than those of "
          + "2.\(GlibcForm.versions.lowerBound) to 2.\(GlibcForm.versions.upperBound)")
    }
    return version
  }

  /// "GNU C Library … version 2.36." in the library's file.
  private func version(in file: MappedBytes) -> String? {
    let marker = Array("GNU C Library (".utf8)
    let end = Array("stable release version ".utf8)
    let bytes = unsafe file.bytes(0, min(file.count, 1 << 26))
    var at = 0
    while let start = unsafe bytes[at...].firstIndex(of: marker[0]) {
      at = start + 1
      guard unsafe bytes[start...].starts(with: marker) else { continue }
      let line = unsafe String(decoding: bytes[start...].prefix(200), as: UTF8.self)
      guard let range = line.firstRange(of: String(decoding: end, as: UTF8.self)) else { continue }
      let version = line[range.upperBound...].prefix { $0.isNumber || $0 == "." }
      return String(version.last == "." ? version.dropLast() : version)
    }
    return nil
  }

  /// Whether the single lists are XORed, by the first entry that tells.
  private func hasSafeLinking(_ reader: ListReader, _ caches: [TCache], _ form: GlibcForm) -> Bool?
  {
    guard form.version == nil else { return nil }
    for cache in caches {
      for index in 0..<TCache.lists {
        guard let (_, entry) = reader.head(cache.chunk, index, form.tcacheSize ?? 0x290),
          entry != 0, let link = memory.peek(entry)
        else { continue }
        if link == 0 { return false }
        if link == entry >> 12 { return true }
        if reader.places.hold(link ^ entry >> 12) {
          return true
        }
        if reader.places.hold(link) { return false }
      }
    }
    return nil
  }

  // MARK: caches

  /// The chunks that hold a thread's cache, and of what size they are.
  private func caches(_ reader: ListReader, _ form: inout GlibcForm) -> [TCache] {
    var sizes = TCache.sizes
    var found: [TCache] = []
    for (index, arena) in reader.arenas.enumerated() {
      for (number, segment) in arena.segments.enumerated() {
        var at = segment.firstChunk
        var left = memory.source.capacity / 16
        while at < segment.end, at != arena.top, left > 0,
          let word = memory.peek(at + ChunkField.size)
        {
          left -= 1
          let size = word & ChunkField.sizeMask
          guard size >= ChunkField.minimum, size & 15 == 0, size <= segment.end - at else { break }
          if sizes.contains(size) {
            let isFirst = number == 0 && at == segment.firstChunk
            if reader.isCache(at, size: size, mayBeEmpty: isFirst) {
              found.append(TCache(chunk: at, arena: index))
              sizes = [size]
              form.tcacheSize = size
            }
          }
          at += size
        }
      }
    }
    return found
  }
}
