/// Finds chunks that have a mapping of their own: nothing lists them, but each begins a page with
/// `prev_size` 0 and a size of whole pages with IS_MMAPPED.
struct MappedChunks {
  let memory: HeapMemory

  /// In anonymous memory that is no arena's; mappings that touch each other are one region.
  func find(outside arenas: [Arena]) -> [HeapReport.MappedChunk] {
    let page = memory.source.pageSize
    var found: [HeapReport.MappedChunk] = []
    let segments = arenas.flatMap(\.segments).sorted { $0.start < $1.start }
    var next = 0
    for region in memory.source.regions
    where region.isWritable && !region.hasFile && region.name.isEmpty {
      var at = (region.start + page - 1) & ~(page - 1)
      while at < region.end, region.end - at >= page {
        while next < segments.count, segments[next].end <= at { next += 1 }
        if next < segments.count, segments[next].contains(at) {
          at = (segments[next].end + page - 1) & ~(page - 1)
          continue
        }
        // Behind what a core stores of a region nothing else is.
        guard let word = memory.peek(at + ChunkField.size) else { break }
        let size = word & ChunkField.sizeMask
        if word & 7 == ChunkField.isMapped, size >= page, size & (page - 1) == 0,
          size <= region.end - at, memory.peek(at) == 0
        {
          found.append(HeapReport.MappedChunk(address: at, size: size))
          at += size
        } else {
          at += page
        }
      }
    }
    return found
  }
}
