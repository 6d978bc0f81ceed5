package import MemoryTypes

/// The words that describe a machine, the same on the command line and in a machine file.
package enum MachineOption: String, CaseIterable, Sendable {
  case pageSize = "page-size"
  case vaBits = "va-bits"
  case ram
  case memTotal = "mem-total"
  case memFree = "mem-free"
  case swap
  case swapDevice = "swap-device"
  case swapErrors = "swap-errors"
  case zram
  case swapFile = "swap-file"
  case mmapMinAddress = "mmap-min-addr"
  case hardwareAccessAndDirty = "hw-afdbm"
  case readOnlyData = "rodata"
  case core
  case overcommit
  case layoutSeed = "aslr"
  case sysroot
  case bind
  case env
  case module
  case kasan
  case cgroup
  case memoryMax = "memory-max"
  case memoryHigh = "memory-high"

  /// Words of the design whose subject has not been built.
  package static let notBuilt = [
    "swappiness", "thp", "cpus",
  ]

  /// The error for one of those words, which is refused and never ignored.
  package static func refusal(of word: String) -> MachineError {
    .usage("--\(word) is not built yet")
  }
}

extension MachineConfiguration {
  /// Sets what `option` names to what `value` says, as on the command line.
  package mutating func set(_ option: MachineOption, to value: String) throws(MachineError) {
    switch option {
    case .pageSize: pageSize = try Self.pageSize(value)
    case .vaBits:
      guard let bits = UInt64(value) else {
        throw .usage("--va-bits cannot be '\(value)'", hint: "write a number of bits, 39 or 48")
      }
      vaBits = bits
    case .ram: banks = try [MemoryBank](parsing: value)
    case .memTotal: memTotal = try Self.size(value, of: option)
    case .memFree: memFree = try Self.size(value, of: option)
    case .swap: swap = try Self.size(value, of: option)
    case .swapDevice:
      guard value == "memory" || value == "virtio" else {
        throw .usage("--swap-device cannot be '\(value)'", hint: "it is memory or virtio")
      }
      hasVirtioDisk = value == "virtio"
    case .swapErrors:
      guard HostFile.isRegular(value) else { throw .usage("--swap-errors: there is no \(value)") }
      swapErrors = value
    case .zram: zram = try CompressedDisk(parsing: value)
    case .swapFile:
      guard swapFiles.count < SwapFile.most else {
        throw .usage("--swap-file: \(SwapFile.most) are the most that there can be")
      }
      let file = try SwapFile(parsing: value)
      guard !swapFiles.contains(where: { $0.path == file.path }) else {
        throw .usage("--swap-file \(file.path): it is given twice")
      }
      swapFiles.append(file)
    case .mmapMinAddress: mmapMinAddress = try Self.size(value, of: option)
    case .hardwareAccessAndDirty:
      guard value == "on" || value == "off" else {
        throw .usage("--hw-afdbm cannot be '\(value)'", hint: "it is on or off")
      }
      hardwareAccessAndDirty = value == "on"
    case .readOnlyData:
      guard value == "on" || value == "full" else {
        throw .usage("--rodata cannot be '\(value)'", hint: "it is on or full")
      }
      mapsByPages = value == "full"
    case .core: core = try Core(choosing: value)
    case .overcommit:
      let policy = Overcommit.allCases.first { "\($0.rawValue)" == value || "\($0)" == value }
      guard let policy else {
        throw .usage(
          "--overcommit cannot be '\(value)'",
          hint: "it is heuristic, always or never (0, 1 or 2, as vm.overcommit_memory)")
      }
      overcommit = policy
    case .layoutSeed:
      guard let seed = UInt64(value) else {
        throw .usage("--aslr cannot be '\(value)'", hint: "write a seed, a number from 0 on")
      }
      layoutSeed = seed
    case .sysroot: sysroot = value
    case .bind: binds.append(try Bind(parsing: value))
    case .module: modules.append(try ModuleToLoad(parsing: value))
    case .kasan:
      guard value == "on" || value == "off" else {
        throw .usage("--kasan cannot be '\(value)'", hint: "it is on or off")
      }
      isSanitized = value == "on"
    case .cgroup: try controlGroups.read(value)
    case .memoryMax: try controlGroups.setProgram("memory.max", to: value)
    case .memoryHigh: try controlGroups.setProgram("memory.high", to: value)
    case .env: environment.append(try EnvironmentVariable(parsing: value))
    }
  }

  /// The page size that a word names.
  package static func pageSize(_ text: some StringProtocol) throws(MachineError) -> PageSize {
    guard let size = ByteCount(parsing: text), let pageSize = PageSize(size) else {
      throw .usage("--page-size cannot be '\(text)'", hint: "it is 4K, 16K or 64K")
    }
    return pageSize
  }

  private static func size(_ text: String, of option: MachineOption) throws(MachineError)
    -> ByteCount
  {
    guard let size = ByteCount(parsing: text) else {
      throw .usage(
        "--\(option.rawValue) cannot be '\(text)'", hint: "write a size, 64K or 512M")
    }
    return size
  }
}

extension Bind {
  /// Reads `HOST:GUEST`, `HOST:GUEST:ro` or `HOST:GUEST:rw`.
  init(parsing text: String) throws(MachineError) {
    let parts = text.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
    guard parts.count == 2 || parts.count == 3 && ["ro", "rw"].contains(parts[2]),
      !parts[0].isEmpty
    else {
      throw .usage(
        "--bind cannot be '\(text)'",
        hint: "write HOST:GUEST or HOST:GUEST:rw, both of them paths")
    }
    guard parts[1].hasPrefix("/"), parts[1].contains(where: { $0 != "/" }) else {
      throw .usage("--bind \(text): the guest's path must be absolute, and not / itself")
    }
    self.init(host: parts[0], guest: parts[1], isWritable: parts.last == "rw" && parts.count == 3)
  }
}

extension EnvironmentVariable {
  /// Reads `NAME=VALUE`.
  init(parsing text: String) throws(MachineError) {
    guard let equals = text.firstIndex(of: "="), equals != text.startIndex else {
      throw .usage("--env cannot be '\(text)'", hint: "write NAME=VALUE")
    }
    self.init(name: String(text[..<equals]), value: String(text[text.index(after: equals)...]))
  }
}
