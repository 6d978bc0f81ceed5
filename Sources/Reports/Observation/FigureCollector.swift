import Cores
import HardwareModel
import Machine
import MemoryTypes
import Observation

/// Adds up the observer's rows by what they belong to.
struct FigureCollector {
  private(set) var areas: [ObservationReport.Figures] = []
  private(set) var functions: [ObservationReport.Figures] = []
  private(set) var pages: [ObservationReport.Figures] = []
  private let run: RunReport
  private let latencies: CoreLatencies?
  private let hasSharedTLB: Bool
  private var symbolizer: TraceSymbolizer

  init(
    _ run: RunReport, _ latencies: CoreLatencies?, hasSharedTLB: Bool,
    _ symbolizer: TraceSymbolizer
  ) {
    self.run = run
    self.latencies = latencies
    self.hasSharedTLB = hasSharedTLB
    self.symbolizer = symbolizer
  }

  mutating func collect(_ observation: Observation) {
    var byArea: [String: ObservationReport.Figures] = [:]
    // A program's first row is the first program's.
    let first =
      observation.places.lazy.map { Array($0) }.first {
        $0[PlaceColumn.key] >> 63 == 0 && $0[PlaceColumn.accesses...].contains { $0 != 0 }
      }.map { $0[PlaceColumn.key] >> 42 } ?? 0
    for row in observation.places where row.dropFirst().contains(where: { $0 != 0 }) {
      let words = Array(row)
      let key = words[PlaceColumn.key]
      let isKernel = key >> 63 != 0
      let address =
        isKernel ? Self.kernelAddress(key) : (key & (1 << 42 - 1)) << run.machine.pageSize.shift
      let name = isKernel ? "kernel" : area(of: address, inFirst: key >> 42 == first)
      var figures = byArea[name] ?? ObservationReport.Figures(name)
      add(words, to: &figures)
      byArea[name] = figures
      guard !isKernel else { continue }
      var page = ObservationReport.Figures("\(hexadecimal(address)) \(name)")
      add(words, to: &page)
      if page.cycles > 0 { pages.append(page) }
      // The most expensive are enough, and many are many.
      if pages.count > 4096 { pages = Self.dearest(pages, 64) }
    }
    areas = byArea.values.sorted { ($1.allAccesses, $0.name) < ($0.allAccesses, $1.name) }
    pages = Self.dearest(pages, 64)
    var byFunction: [String: ObservationReport.Figures] = [:]
    for row in observation.blocks {
      let words = Array(row)
      let key = words[BlockColumn.key]
      let name =
        key >> 63 != 0
        ? "the kernel" : function(at: key & (1 << 48 - 1), inFirst: key >> 48 == first)
      var figures = byFunction[name] ?? ObservationReport.Figures(name)
      figures.tlbMisses[0] += words[BlockColumn.tlbMisses]
      figures.walks[0] += words[BlockColumn.walks]
      figures.firstMisses[0] += words[BlockColumn.firstMisses]
      figures.secondMisses[0] += words[BlockColumn.secondMisses]
      figures.memoryLines[0] += words[BlockColumn.memoryLines]
      figures.walkReads += words[BlockColumn.walkReads]
      figures.walkReadsOfMemory += words[BlockColumn.walkReadsOfMemory]
      figures.cycles = cost(figures)
      byFunction[name] = figures
    }
    functions = Self.dearest(Array(byFunction.values), 64)
  }

  private static func dearest(_ figures: [ObservationReport.Figures], _ count: Int)
    -> [ObservationReport.Figures]
  {
    Array(figures.sorted { ($1.cycles, $0.name) < ($0.cycles, $1.name) }.prefix(count))
  }

  private func add(_ words: [UInt64], to figures: inout ObservationReport.Figures) {
    for kind in 0..<3 {
      figures.accesses[kind] += words[PlaceColumn.accesses + kind]
      figures.tlbMisses[kind] += words[PlaceColumn.tlbMisses + kind]
      figures.walks[kind] += words[PlaceColumn.walks + kind]
      figures.firstMisses[kind] += words[PlaceColumn.firstMisses + kind]
      figures.secondMisses[kind] += words[PlaceColumn.secondMisses + kind]
      figures.memoryLines[kind] += words[PlaceColumn.memoryLines + kind]
    }
    figures.walkReads += words[PlaceColumn.walkReads]
    figures.walkReadsOfMemory += words[PlaceColumn.walkReadsOfMemory]
    figures.cycles = cost(figures)
  }

  /// What misses cost: loads' and instructions' lines, translations, descriptors.
  ///
  /// Descriptors that memory does not serve count as the second level's.
  private func cost(_ figures: ObservationReport.Figures) -> UInt64 {
    guard let latencies else { return 0 }
    var cycles = 0.0
    for kind in [0, 2] {
      let (first, second, memory) = (
        figures.firstMisses[kind], figures.secondMisses[kind], figures.memoryLines[kind]
      )
      cycles += Double(first - second) * (latencies.second - latencies.first)
      cycles += Double(second - memory) * (latencies.last - latencies.first)
      cycles += Double(memory) * (latencies.memory - latencies.first)
    }
    if hasSharedTLB { cycles += Double(figures.tlbMisses.reduce(0, +)) * latencies.sharedTLB }
    let near = figures.walkReads - min(figures.walkReads, figures.walkReadsOfMemory)
    cycles += Double(near) * latencies.second
    cycles += Double(figures.walkReadsOfMemory) * latencies.memory
    return UInt64(cycles)
  }

  /// The first byte of a piece of the kernel half.
  private static func kernelAddress(_ key: UInt64) -> UInt64 {
    UInt64(bitPattern: Int64(bitPattern: key << 32) >> 11)
  }

  private func area(of address: UInt64, inFirst: Bool) -> String {
    guard inFirst else { return "other processes" }
    guard let mapping = run.mapping(at: address) else { return "unmapped before the end" }
    let file = GuestName.last(of: mapping.name)
    switch mapping.role {
    case .mapping, .library: return file.isEmpty ? "anonymous mappings" : file
    default: return mapping.role.rawValue
    }
  }

  private mutating func function(at address: UInt64, inFirst: Bool) -> String {
    guard inFirst else { return "other processes" }
    guard let mapping = run.mapping(at: address), mapping.name.hasPrefix("/") else {
      return run.mapping(at: address)?.name ?? "unmapped before the end"
    }
    let offset = address - mapping.start.rawValue + mapping.offset
    return symbolizer.function(at: offset, in: mapping.name)?.name
      ?? GuestName.last(of: mapping.name)
  }
}
