import AddressSpaces
import Arm64
import Files
import KernelHeap
import KernelLayout
import KernelLog
import MemoryTypes
import PageFrames
import Reclaim
import Swap
import Tasks

/// `/proc/sys`: what settings say, and what writing them does.
extension ProcFS {
  /// Writes a setting's text.
  func write(_ setting: Sysctl, _ out: inout Writer) {
    switch setting.row.kind {
    case .int:
      out.decimal(value(of: setting))
    case .long:
      out.decimal(UInt64(bitPattern: value(of: setting)))
    case .four:
      for index in 0..<4 {
        if index > 0 { out.byte(0x09) }
        out.decimal(four(setting, index))
      }
    case .text:
      guard setting != .statRefresh else { return kernel.frames.pointee.tell() }
      text(of: setting, &out)
    case .command: return
    }
    out.newline()
  }

  private func text(of setting: Sysctl, _ out: inout Writer) {
    switch setting {
    case .arch: out.text("aarch64")
    case .corePattern: name(kernel.store.pointee.names.corePattern, &out)
    case .domainName: name(kernel.store.pointee.names.domain, &out)
    case .hostName: name(kernel.store.pointee.names.node, &out)
    case .osRelease: out.text(SystemName.release)
    case .osType: out.text(SystemName.system)
    case .kernelVersion: out.text(SystemName.version)
    case .fileNr:
      out.text("0\t0\t")
      out.decimal(value(of: .fileMax))
    case .inodeNr: out.text("0\t0")
    case .inodeState: out.text("0\t0\t0\t0\t0\t0\t0")
    default: out.text("0\t0\t45\t0\t0\t0")
    }
  }

  private func name(_ name: ChangeableName, _ out: inout Writer) {
    for index in 0..<name.count { out.byte(name.bytes[index]) }
  }

  /// Names that programs may change; the others stay as they are.
  private func storeName(_ text: ByteString, in setting: Sysctl) throws(Errno) {
    switch setting {
    case .hostName: kernel.store.pointee.names.node.set(text, limit: 64)
    case .domainName: kernel.store.pointee.names.domain.set(text, limit: 64)
    case .corePattern: kernel.store.pointee.names.corePattern.set(text, limit: 127)
    case .statRefresh: kernel.frames.pointee.tell()
    default: throw .EPERM
    }
  }

  /// The value of a setting that is a number.
  func value(of setting: Sysctl) -> Int64 {
    let settings = kernel.memory.pointee.settings
    switch setting {
    case .adminReserve: return Int64(bitPattern: settings.adminReserveKilobytes)
    case .userReserve: return Int64(bitPattern: settings.userReserveKilobytes)
    case .legacyLayout: return settings.legacyLayout ? 1 : 0
    case .maxMapCount: return Int64(settings.maximumMapCount)
    case .minFreeKilobytes: return Int64(bitPattern: kernel.frames.pointee.minFree.kibibytes)
    case .watermarkScale: return Int64(kernel.frames.pointee.watermarkScale)
    case .pageCluster: return Int64(bitPattern: kernel.memory.pointee.swap.pointee.pageCluster)
    case .swappiness: return Int64(bitPattern: kernel.memory.pointee.settings.swappiness)
    case .cachePressure: return Int64(bitPattern: kernel.memory.pointee.settings.cachePressure)
    case .mmapMinAddress: return Int64(bitPattern: settings.mmapMinAddress)
    case .randomizeVASpace: return Int64(bitPattern: settings.randomizeVASpace)
    case .overcommitKilobytes: return Int64(bitPattern: settings.overcommitKilobytes)
    case .overcommitMemory: return Int64(bitPattern: settings.overcommit.rawValue)
    case .overcommitRatio: return Int64(bitPattern: settings.overcommitRatio)
    case .panicOnOOM: return Int64(settings.panicOnOutOfMemory)
    case .hugePages: return Int64(kernel.frames.pointee.hugePages[0].count)
    case .overcommitHugePages:
      return Int64(bitPattern: kernel.frames.pointee.hugePages[0].overcommit)
    case .tainted: return Int64(bitPattern: kernel.store.pointee.taint)
    default: return setting.initial(self) &+ kernel.store.pointee.settings[setting.index]
    }
  }

  private func four(_ setting: Sysctl, _ index: Int) -> Int64 {
    let (place, initial): (Int, InlineArray<4, Int64>) =
      switch setting {
      case .printk: (0, [1, 4, 1, 7])
      case .sem: (4, [32000, 1_024_000_000, 500, 32000])
      default: (8, [256, 256, 32, 0])
      }
    return initial[index] &+ kernel.store.pointee.settings[Sysctl.count &+ place &+ index]
  }

  /// Takes what a program writes to a setting; answers the bytes used.
  func store(_ text: ByteString, in setting: Sysctl) throws(Errno) -> Int {
    var reader = NumberReader(text)
    switch setting.row.kind {
    case .int(let least, let most):
      guard let number = reader.next() else { throw .EINVAL }
      guard number.magnitude <= 0x8000_0000 else { throw .EINVAL }
      let value = number.isNegative ? -Int64(number.magnitude) : Int64(number.magnitude)
      guard value >= least, value <= most else { throw .EINVAL }
      try set(setting, to: value)
    case .long(let least, let most):
      guard let number = reader.next() else { throw .EINVAL }
      guard !number.isNegative, number.magnitude >= least, number.magnitude <= most else {
        throw .EINVAL
      }
      try set(setting, to: Int64(bitPattern: number.magnitude))
    case .four: try storeFour(&reader, in: setting)
    case .text:
      try storeName(text, in: setting)
      return text.count
    case .command:
      // Whatever is written (sysctl_compaction_handler()).
      Compactor(kernel.memory).compactAll(takesUnevictable: value(of: .compactUnevictable) != 0)
      return text.count
    }
    reader.skipBlanks()
    return reader.isAtEnd ? text.count : reader.index
  }

  private func storeFour(_ reader: inout NumberReader, in setting: Sysctl) throws(Errno) {
    for index in 0..<4 {
      reader.skipBlanks()
      if index > 0, reader.isAtEnd { return }
      guard let number = reader.next(), number.magnitude <= 0x7fff_ffff else { throw .EINVAL }
      let value = number.isNegative ? -Int64(number.magnitude) : Int64(number.magnitude)
      let old = four(setting, index)
      if setting == .sem { try setSemaphoreLimit(index, value) }
      let place = setting == .printk ? 0 : setting == .sem ? 4 : 8
      kernel.store.pointee.settings[Sysctl.count &+ place &+ index] &+= value &- old
    }
  }

  private func set(_ setting: Sysctl, to value: Int64) throws(Errno) {
    let memory = kernel.memory
    let number = UInt64(bitPattern: value)
    switch setting {
    case .overcommitMemory:
      memory.pointee.settings.overcommit = MemorySettings.Overcommit(rawValue: number) ?? .guess
    case .overcommitRatio:
      // Ratio and kilobytes exclude each other (overcommit_ratio_handler()).
      memory.pointee.settings.overcommitRatio = number
      memory.pointee.settings.overcommitKilobytes = 0
    case .overcommitKilobytes:
      memory.pointee.settings.overcommitKilobytes = number
      memory.pointee.settings.overcommitRatio = 0
    case .maxMapCount: memory.pointee.settings.maximumMapCount = Int(value)
    case .mmapMinAddress:
      guard kernel.current.pointee.credentials.effectiveUser == 0 else { throw .EPERM }
      memory.pointee.settings.mmapMinAddress = number
    case .randomizeVASpace: memory.pointee.settings.randomizeVASpace = number
    case .legacyLayout: memory.pointee.settings.legacyLayout = value != 0
    case .tainted: kernel.store.pointee.taint |= number
    case .panicOnOOM: memory.pointee.settings.panicOnOutOfMemory = UInt8(value)
    case .compactionProactiveness:
      keep(setting, value)
      kernel.setProactiveness(Int(value))
    case .extfragThreshold:
      keep(setting, value)
      memory.pointee.settings.fragmentationThreshold = Int(value)
    case .oomKillAllocatingTask:
      keep(setting, value)
      memory.pointee.settings.killsAllocatingTask = value != 0
    case .oomDumpTasks:
      keep(setting, value)
      memory.pointee.settings.dumpsTasks = value != 0
    case .adminReserve: memory.pointee.settings.adminReserveKilobytes = number
    case .userReserve: memory.pointee.settings.userReserveKilobytes = number
    case .minFreeKilobytes: kernel.frames.pointee.setMinFree(.kibibytes(number))
    case .watermarkScale: kernel.frames.pointee.setWatermarkScale(Int(clamping: number))
    case .pageCluster: kernel.memory.pointee.swap.pointee.pageCluster = number
    case .swappiness: kernel.memory.pointee.settings.swappiness = number
    case .cachePressure: kernel.memory.pointee.settings.cachePressure = number
    case .hugePages: kernel.setHugePages(number, .block)
    case .overcommitHugePages: kernel.frames.pointee.hugePages[0].overcommit = number
    case .dropCaches: dropCaches(number)
    // Amounts and ratios exclude each other (mm/page-writeback.c).
    case .dirtyBytes, .dirtyRatio: exclude(setting, value, .dirtyBytes, .dirtyRatio)
    case .dirtyBackgroundBytes, .dirtyBackgroundRatio:
      exclude(setting, value, .dirtyBackgroundBytes, .dirtyBackgroundRatio)
      let size = kernel.board.pageSize
      kernel.frames.pointee.setBackground(
        percent: Int(self.value(of: .dirtyBackgroundRatio)),
        pages: Int(self.value(of: .dirtyBackgroundBytes)) &>> Int(size.shift))
    case .dmesgRestrict:
      keep(setting, value)
      kernel.board.kernelLog?.pointee.isRestricted = value != 0
    default:
      keep(setting, value)
      setInterprocessLimit(setting, value)
    }
  }

  private func exclude(_ setting: Sysctl, _ value: Int64, _ one: Sysctl, _ other: Sysctl) {
    guard self.value(of: setting) != value else { return }
    keep(setting, value)
    keep(setting == one ? other : one, 0)
  }

  private func keep(_ setting: Sysctl, _ value: Int64) {
    kernel.store.pointee.settings[setting.index] = value &- setting.initial(self)
  }

  /// Does what writing to `drop_caches` asks for (fs/drop_caches.c:drop_caches_sysctl_handler()).
  ///
  /// 1: clean pages of files that can be read again. 2: objects that shrinkers can give up.
  private func dropCaches(_ what: UInt64) {
    if what & 1 != 0 {
      Reclaimer(kernel.memory).dropPageCache()
      kernel.frames.pointee.count(.drop_pagecache)
    }
    if what & 2 != 0 {
      kernel.slab.pointee.dropObjects()
      kernel.frames.pointee.count(.drop_slab)
    }
  }
}

extension Sysctl {
  var index: Int { Int(rawValue) }

  /// The value before anybody wrote one: the table's, or what follows from the machine.
  func initial<B: Processor>(_ proc: ProcFS<B>) -> Int64 {
    let kernel = proc.kernel
    let page = Int64(bitPattern: kernel.board.pageSize.bytes.rawValue)
    switch self {
    // A tenth of memory, at a kilobyte a file (fs/file_table.c:files_maxfiles_init()).
    case .fileMax:
      return Int64(bitPattern: kernel.frames.pointee.managed.rawValue) &* (page / 1024) / 10
    case .nrOpen: return 4096
    // As many stacks as fill an eighth of memory (kernel/fork.c:set_max_threads()).
    case .threadsMax:
      let memory = kernel.frames.pointee.managed.bytes(of: kernel.board.pageSize)
      return Int64(bitPattern: memory.rawValue / (kernel.layout.threadSize.rawValue &* 8))
    case .pipeUserPagesSoft: return 16 &* 1024
    case .mmapRandomBits: return page == 65536 ? 14 : page == 16384 ? 16 : 18
    default: return row.initial
    }
  }
}
