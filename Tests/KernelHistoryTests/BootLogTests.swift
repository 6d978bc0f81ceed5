import KernelHistory
import MemoryTypes
import Testing

/// The formulas against what kernels printed of themselves: public logs of real machines.
@Suite struct BootLogTests {
  @Test(arguments: BootLog.all) func equalsWhatTheKernelPrinted(_ log: BootLog) throws {
    let configuration = try LayoutConfiguration(
      version: log.version, pageSize: log.pageSize, vaBits: log.vaBits, kasan: log.kasan,
      structPageSize: log.structPageSize)
    let map = try #require(AddressMap(configuration))
    #expect(map.checkInvariants())
    #expect(log.borders.count >= 6)
    for (name, start, end) in log.borders {
      let kind = try #require(AddressMap.Kind(rawValue: name == "fixed" ? "fixmap" : name))
      let range = try #require(map.region(kind)).range
      switch name {
      case "memory":
        // RAM need not fill the linear map, nor begin where it does.
        #expect(range.contains(VirtualAddress(start)))
        if !log.unlike.contains(name), start & 0xfff_ffff == 0 {
          #expect(range.first.rawValue == start, "\(name)")
        }
      default:
        if !log.unlike.contains(name) { #expect(range.first.rawValue == start, "\(name)") }
        #expect(range.end.rawValue == end, "\(name)")
      }
    }
  }
}
