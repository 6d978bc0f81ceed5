package import Arm64
package import Cores
package import MemoryTypes

/// Everything that makes one machine differ from another, by the words of the command line.
///
/// What is nil follows from the rest: ``described()`` fills it in and refuses what cannot be.
package struct MachineConfiguration: Equatable, Sendable {
  package var pageSize = PageSize.fourKiB
  package var vaBits: UInt64?
  package var banks = [MemoryBank(start: MemoryBank.ramBase, length: .mebibytes(512))]
  package var memTotal: ByteCount?
  package var memFree: ByteCount?
  /// What pages can be swapped to.
  package var swap: ByteCount?
  /// Whether that is a virtio disk, instead of memory behind RAM, and the file with the rules of what
  /// is to fail of it.
  package var hasVirtioDisk = false
  package var swapErrors: String?
  /// The disk of compressed pages that can be swapped to.
  package var zram: CompressedDisk?
  /// The host's files that it can be swapped to, too, in the order in which they are turned on.
  package var swapFiles: [SwapFile] = []
  package var mmapMinAddress = ByteCount.kibibytes(64)
  package var hardwareAccessAndDirty: Bool?
  /// The kernel's linear map is made of pages (`rodata=full`), not of blocks where it can.
  package var mapsByPages = false
  package var core = Core.neoverseN1
  package var overcommit = Overcommit.heuristic
  /// What the places of programs are drawn from; nil places them always alike.
  package var layoutSeed: UInt64?
  /// The kernel checks its own accesses (KASAN).
  package var isSanitized = false
  package var sysroot: String?
  package var binds: [Bind] = []
  /// What is added to HOME, PATH and TERM; a later one of the same name replaces an earlier.
  package var environment: [EnvironmentVariable] = []

  /// The kernel modules that are loaded before the program starts, in this order.
  package var modules: [ModuleToLoad] = []

  /// Control groups, and the program's.
  package var controlGroups = ControlGroupSettings()

  package init() {}

  /// The policy of `vm.overcommit_memory`.
  package enum Overcommit: UInt64, CaseIterable, Sendable {
    case heuristic = 0
    case always = 1
    case never = 2
  }
}

/// A file or folder of the host that the guest sees.
package struct Bind: Hashable, Sendable {
  package var host: String
  package var guest: String
  /// Whether what the guest changes is changed on the host when the run ends.
  package var isWritable = false
}

/// A module's file on the host, and its parameters.
package struct ModuleToLoad: Hashable, Sendable {
  package var path: String
  package var parameters: String

  /// The file's name without its folder and `.ko`.
  package var name: String {
    let last = path.split(separator: "/").last.map(String.init) ?? path
    return last.hasSuffix(".ko") ? String(last.dropLast(3)) : last
  }

  /// Reads `FILE`, or `FILE name=value …`.
  package init(parsing text: String) throws(MachineError) {
    let end = HostFile.isRegular(text) ? text.endIndex : text.firstIndex(of: " ") ?? text.endIndex
    path = String(text[..<end])
    parameters = String(text[end...].drop { $0 == " " })
    guard HostFile.isRegular(path) else {
      throw .usage("--module \(path): there is no such file")
    }
  }
}

/// One variable of the guest's environment.
package struct EnvironmentVariable: Hashable, Sendable {
  package var name: String
  package var value: String
}

/// A machine with nothing left open: each value is one that the board can have.
package struct MachineDescription: Equatable, Sendable {
  package var configuration: MachineConfiguration
  package var translation: TranslationGeometry
  package var hardwareAccessAndDirty: Bool

  package var pageSize: PageSize { translation.pageSize }
  package var vaBits: UInt64 { translation.vaBits }
  /// The number of tables on the way to a page.
  package var levels: Int { translation.levels }
  package var banks: [MemoryBank] { configuration.banks }
  package var core: Core { configuration.core }

  /// The guest's whole environment, in the order that it is given to the program.
  package var environment: [EnvironmentVariable] {
    var all = [
      EnvironmentVariable(name: "HOME", value: "/"),
      EnvironmentVariable(name: "PATH", value: "/bin"),
      EnvironmentVariable(name: "TERM", value: "linux"),
    ]
    for variable in configuration.environment {
      if let place = all.firstIndex(where: { $0.name == variable.name }) {
        all[place] = variable
      } else {
        all.append(variable)
      }
    }
    return all
  }
}

extension MachineConfiguration {
  /// Whether the swap area is a virtio disk.
  package var swapsToDisk: Bool { hasVirtioDisk && swap != nil }

  /// The bits of a virtual address that Linux/arm64 offers with a page size
  /// (arch/arm64/Kconfig, "Virtual address space size"), the usual one first.
  package static func vaBits(offeredWith pageSize: PageSize) -> [UInt64] {
    switch pageSize {
    case .fourKiB: [48, 39, 52]
    case .sixteenKiB: [47, 36, 48, 52]
    default: [48, 42, 52]
    }
  }

  /// The machine with its defaults filled in.
  package func described() throws(MachineError) -> MachineDescription {
    try banks.check()
    guard core.architecture.pageSizes.contains(pageSize) else {
      throw .usage(
        "\(core.name) has no \(pageSize.text) pages",
        hint: "it has \(core.architecture.pageSizes.map(\.text).joined(separator: " and "))")
    }
    let afdbm = hardwareAccessAndDirty ?? core.architecture.hasHardwareAccessAndDirty
    if afdbm && !core.architecture.hasHardwareAccessAndDirty {
      throw .usage("--hw-afdbm on: \(core.name) cannot set access and dirty bits by itself")
    }
    let translation = try translation()
    // arch/arm64/Kconfig: HAVE_ARCH_KASAN.
    if isSanitized && pageSize == .sixteenKiB && translation.vaBits == 48 {
      throw .usage(
        "--kasan cannot be with 16K pages and 48 VA bits, as on Linux", hint: "--va-bits 47 can")
    }
    if let memTotal, memTotal > banks.total {
      throw .usage("--mem-total: \(memTotal) is more than the RAM, \(banks.total)")
    }
    if let memTotal, memTotal < .mebibytes(16) {
      throw .usage("--mem-total: \(memTotal) is less than 16M, the least there can be")
    }
    if let memFree, memFree >= memTotal ?? banks.total {
      throw .usage("--mem-free: \(memFree) is as much as there is, \(memTotal ?? banks.total)")
    }
    if let swap, swap < PageCount(10).bytes(of: pageSize) || swap > .gibibytes(64) {
      throw .usage("--swap: \(swap) is not between ten pages and 64G")
    }
    if swapErrors != nil && !swapsToDisk {
      throw .usage("--swap-errors is about --swap with --swap-device virtio")
    }
    if let zram, zram.size < PageCount(10).bytes(of: pageSize) || zram.size > .gibibytes(64) {
      throw .usage("--zram: \(zram.size) is not between ten pages and 64G")
    }
    return MachineDescription(
      configuration: self, translation: translation, hardwareAccessAndDirty: afdbm)
  }

  private func translation() throws(MachineError) -> TranslationGeometry {
    let offered = Self.vaBits(offeredWith: pageSize)
    let bits = vaBits ?? offered[0]
    let geometry = TranslationGeometry(
      pageSize: pageSize, vaBits: bits, hasLargeOutput: bits == 52 && pageSize != .sixtyFourKiB)
    guard let geometry, offered.contains(bits) else {
      let list = offered.sorted().map(String.init).joined(separator: ", ")
      throw .usage(
        "--va-bits cannot be \(bits) with \(pageSize.text) pages", hint: "it is one of \(list)")
    }
    if bits == 52 && !core.architecture.hasLargeAddresses {
      throw .usage("\(core.name) has no 52-bit addresses", hint: "--core max has")
    }
    return geometry
  }
}
