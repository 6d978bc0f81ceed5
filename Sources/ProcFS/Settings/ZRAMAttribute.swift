import Files

/// The files of `/sys/block/zram0` (drivers/block/zram/zram_drv.c: zram_disk_attrs; block/genhd.c).
enum ZRAMAttribute: UInt8, BitwiseCopyable {
  case compressor = 1
  case compact, debugStatistics, diskSize, initialised, ioStatistics, maximumStreams, limit
  case mostUsed, statistics, reset, device, readOnly, removable, size, blockStatistics

  static var count: UInt8 { blockStatistics.rawValue &+ 1 }

  var name: StaticString {
    switch self {
    case .compressor: "comp_algorithm"
    case .compact: "compact"
    case .debugStatistics: "debug_stat"
    case .diskSize: "disksize"
    case .initialised: "initstate"
    case .ioStatistics: "io_stat"
    case .maximumStreams: "max_comp_streams"
    case .limit: "mem_limit"
    case .mostUsed: "mem_used_max"
    case .statistics: "mm_stat"
    case .reset: "reset"
    case .device: "dev"
    case .readOnly: "ro"
    case .removable: "removable"
    case .size: "size"
    case .blockStatistics: "stat"
    }
  }

  var permissions: UInt32 {
    switch self {
    case .compressor, .diskSize, .maximumStreams: 0o644
    case .compact, .limit, .mostUsed, .reset: 0o200
    default: 0o444
    }
  }
}
