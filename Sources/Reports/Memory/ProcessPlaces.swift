package import MemoryTypes

/// Where `/proc/PID/stat` says that some things of a program lie.
package struct ProcessPlaces: Equatable, Sendable {
  /// Where the heap may begin (`start_brk`).
  package var heapStart: VirtualAddress
  /// The strings of arguments and environment, at the top of the stack (`arg_start`, `env_end`).
  package var arguments: Range<VirtualAddress>

  /// Reads the 47th, 48th and 51st fields; the second, in parentheses, may hold spaces.
  package init?(stat: String) {
    guard let name = stat.lastIndex(of: ")") else { return nil }
    let fields = stat[stat.index(after: name)...].split(whereSeparator: \.isWhitespace)
    // The third field is the first behind the name.
    guard fields.count > 48, let heap = UInt64(fields[44]), heap != 0,
      let start = UInt64(fields[45]), let end = UInt64(fields[48]), start <= end
    else { return nil }
    heapStart = VirtualAddress(heap)
    arguments = VirtualAddress(start)..<VirtualAddress(end)
  }
}
