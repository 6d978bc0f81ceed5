import ArgumentParser
import Machine

/// The options that describe a machine, the same for each verb that has one.
struct MachineOptions: ParsableArguments {
  @Option(help: "A machine file: YAML with the words of these options.")
  var machine: String?

  @Option(help: "The page size: 4K, 16K or 64K.")
  var pageSize: String?

  @Option(
    help: "The bits of a virtual address; 48 unless given, 47 with 16K pages.")
  var vaBits: String?

  @Option(
    help: ArgumentHelp(
      "RAM, 32M to 64G: a size, or banks with their addresses.",
      discussion: "512M, or 1G@0x40000000,1G@0x100000000", valueName: "size[,…]"))
  var ram: String?

  @Option(
    help: ArgumentHelp(
      "Reserves RAM until MemTotal is this.",
      discussion: "To compare with a Linux whose kernel image had another size.",
      valueName: "size"))
  var memTotal: String?

  @Option(
    help: ArgumentHelp(
      "Takes frames until MemFree is this before the program starts.",
      discussion: "To compare with a Linux whose drivers and kernel threads have memory, too.",
      valueName: "size"))
  var memFree: String?

  @Option(
    help: ArgumentHelp(
      "Memory has a swap area of this size behind it, which is on.",
      discussion: "/dev/vda; swapoff and swapon work on it.", valueName: "size"))
  var swap: String?

  @Option(
    help: ArgumentHelp(
      "Where the swap area is: in memory behind RAM, or on a virtio disk, which works while programs run.",
      valueName: "memory|virtio"))
  var swapDevice: String?

  @Option(
    help: ArgumentHelp(
      "Requests of the virtio disk that are to fail, by the rules of QEMU's blkdebug.",
      valueName: "file"))
  var swapErrors: String?

  @Option(
    help: ArgumentHelp(
      "A disk of this size whose pages are compressed in memory, a swap area that is on.",
      discussion: "/dev/zram0; the format is lzo-rle, lzo or lz4.",
      valueName: "size[:format]"))
  var zram: String?

  @Option(
    parsing: .singleValue,
    help: ArgumentHelp(
      "Memory is swapped to this file of the host, too; several may be given.",
      discussion: """
        /dev/vdb and on, which are turned on in this order, with the priority if one is given. An \
        empty file gets a header; what was swapped is in it when the run has ended.
        """,
      valueName: "file[:priority]"))
  var swapFile: [String] = []

  @Option(help: ArgumentHelp("The lowest address of mappings.", valueName: "size"))
  var mmapMinAddr: String?

  @Option(
    help: ArgumentHelp("The core sets access and dirty bits by itself.", valueName: "on|off"))
  var hwAfdbm: String?

  @Option(
    help: ArgumentHelp(
      "full: the kernel's linear map is made of pages, each with permissions of its own.",
      valueName: "on|full"))
  var rodata: String?

  @Option(
    help: ArgumentHelp(
      "The core: one of those of 'kilburn core', or a file.", valueName: "name|file"))
  var core: String?

  @Option(
    help: ArgumentHelp(
      "How far memory may be promised.", valueName: "heuristic|always|never"))
  var overcommit: String?

  @Option(
    help: ArgumentHelp(
      "Places stack, mappings, heap and PIEs at random, the same for the same seed.",
      valueName: "seed"))
  var aslr: String?

  @Option(help: ArgumentHelp("A folder that the guest sees as /.", valueName: "folder"))
  var sysroot: String?

  @Option(
    parsing: .singleValue,
    help: ArgumentHelp(
      "A file or folder that the guest sees, too; several may be given.",
      valueName: "host:guest[:ro]"))
  var bind: [String] = []

  @Option(
    parsing: .singleValue,
    help: ArgumentHelp(
      "Adds to the guest's environment; several may be given.", valueName: "name=value"))
  var env: [String] = []

  @Option(
    parsing: .singleValue,
    help: ArgumentHelp(
      "Loads a kernel module before the program starts; several may be given.",
      discussion: "Its parameters follow in the same word: 'FILE.ko name=value'. The log is shown.",
      valueName: "file[ name=value…]"))
  var module: [String] = []

  @Option(
    help: ArgumentHelp(
      "Control groups that are there before the program starts, and the program's own: YAML.",
      valueName: "file"))
  var cgroup: String?

  @Option(
    help: ArgumentHelp(
      "The most memory that the program's group may have (memory.max).", valueName: "size|max"))
  var memoryMax: String?

  @Option(
    help: ArgumentHelp(
      "Above this the program's group is slowed down (memory.high).", valueName: "size|max"))
  var memoryHigh: String?

  @Flag(help: "The kernel checks its own accesses and those of its modules (KASAN).")
  var kasan = false

  /// The options that were given, with their words.
  var words: [(MachineOption, [String])] {
    [
      (.pageSize, one(pageSize)), (.vaBits, one(vaBits)), (.ram, one(ram)),
      (.memTotal, one(memTotal)),
      (.memFree, one(memFree)), (.swap, one(swap)), (.swapDevice, one(swapDevice)),
      (.swapErrors, one(swapErrors)), (.swapFile, swapFile), (.zram, one(zram)),
      (.mmapMinAddress, one(mmapMinAddr)), (.hardwareAccessAndDirty, one(hwAfdbm)),
      (.readOnlyData, one(rodata)), (.core, one(core)), (.overcommit, one(overcommit)),
      (.layoutSeed, one(aslr)),
      (.sysroot, one(sysroot)), (.bind, bind),
      (.env, env), (.module, module),
      // The file first: it may name the group that the others are about.
      (.cgroup, one(cgroup)), (.memoryMax, one(memoryMax)), (.memoryHigh, one(memoryHigh)),
      (.kasan, kasan ? ["on"] : []),
    ]
  }

  /// The machine that is described, for each page size of the list.
  func configurations(
    from base: MachineConfiguration = MachineConfiguration()
  ) throws(MachineError) -> [MachineConfiguration] {
    var base = base
    if let machine { try MachineFile.apply(at: machine, to: &base) }
    for (option, values) in words where option != .pageSize {
      for value in values { try base.set(option, to: value) }
    }
    guard let pageSize else { return [base] }
    var all: [MachineConfiguration] = []
    for word in pageSize.split(separator: ",", omittingEmptySubsequences: false) {
      var configuration = base
      try configuration.set(.pageSize, to: String(word))
      all.append(configuration)
    }
    return all
  }

  private func one(_ value: String?) -> [String] { value.map { [$0] } ?? [] }
}
