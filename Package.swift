// swift-tools-version: 6.2
import PackageDescription

/// What every Swift target is built with.
let strict: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .strictMemorySafety(),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
  .enableUpcomingFeature("InferIsolatedConformances"),
  .enableUpcomingFeature("ImmutableWeakCaptures"),
  .enableExperimentalFeature("Lifetimes"),
  .treatAllWarnings(as: .error),
]

/// The rooms that run on both boards, each with the rooms it stands on.
///
/// A room may import only
/// what comes before it.
let rooms: [(name: String, on: [String])] = [
  ("MemoryTypes", []),
  ("BoardFormat", ["MemoryTypes"]),
  ("KernelLog", ["MemoryTypes"]),
  ("Arm64", ["MemoryTypes", "BoardFormat", "KernelLog"]),
  ("KernelLayout", ["MemoryTypes", "Arm64"]),
  ("PageFrames", ["MemoryTypes", "BoardFormat", "Arm64"]),
  ("KernelHeap", ["MemoryTypes", "Arm64", "PageFrames"]),
  ("PageCompressors", []),
  (
    "Swap",
    [
      "MemoryTypes", "BoardFormat", "KernelLog", "Arm64", "PageFrames", "KernelHeap",
      "PageCompressors",
    ]
  ),
  (
    "Files",
    ["MemoryTypes", "BoardFormat", "KernelLog", "Arm64", "PageFrames", "KernelHeap", "Swap"]
  ),
  ("KernelModules", ["MemoryTypes", "Arm64", "PageFrames", "KernelHeap", "Files"]),
  (
    "AddressSpaces",
    [
      "MemoryTypes", "BoardFormat", "Arm64", "KernelLayout", "PageFrames", "KernelHeap", "Swap",
      "Files",
    ]
  ),
  (
    "Reclaim",
    ["MemoryTypes", "Arm64", "PageFrames", "KernelHeap", "Swap", "Files", "AddressSpaces"]
  ),
  (
    "Tasks",
    [
      "MemoryTypes", "BoardFormat", "KernelLog", "Arm64", "KernelLayout", "PageFrames",
      "KernelHeap", "PageCompressors", "Swap", "Files", "AddressSpaces", "Reclaim",
    ]
  ),
  (
    "ProcFS",
    [
      "MemoryTypes", "BoardFormat", "KernelLog", "Arm64", "KernelLayout", "PageFrames",
      "KernelHeap", "PageCompressors", "Swap", "Files", "AddressSpaces", "Reclaim", "Tasks",
    ]
  ),
  (
    "SystemCalls",
    [
      "MemoryTypes", "BoardFormat", "KernelLog", "Arm64", "KernelLayout", "PageFrames",
      "KernelHeap", "Swap", "Files", "AddressSpaces", "Reclaim", "Tasks", "ProcFS",
    ]
  ),
  ("PTMalloc", ["MemoryTypes"]),
]

func room(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
  .target(name: name, dependencies: dependencies, swiftSettings: strict)
}

/// The tests of one room, with the rooms their subjects stand on.
func tests(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
  .testTarget(
    name: name + "Tests", dependencies: [.init(stringLiteral: name)] + dependencies,
    swiftSettings: strict)
}

let allRooms = rooms.map { Target.Dependency(stringLiteral: $0.name) }
let roomTargets = rooms.map { room($0.name, $0.on.map { .init(stringLiteral: $0) }) }
let argumentParser = Target.Dependency.product(
  name: "ArgumentParser", package: "swift-argument-parser")
let yams = Target.Dependency.product(name: "Yams", package: "Yams")

/// Rooms whose tests need something else than the rooms under them, or that have none.
let untested = ["BoardFormat", "ProcFS", "PTMalloc", "PageCompressors"]

/// The tool, and the board that is this host process.
let hostTargets: [Target] =
  [
    room("HostBoard", ["MemoryTypes", "BoardFormat", "Arm64"]),
    .target(name: "HostPrefetch", publicHeadersPath: "include"),
    room("HardwareModel", ["MemoryTypes", "Arm64", "HostPrefetch"]),
    // The presets' files are in the binary: it finds them wherever it is.
    .target(
      name: "Cores", dependencies: ["MemoryTypes", "HardwareModel", yams],
      resources: [.embedInCode("Presets")], swiftSettings: strict),
    room("Observation", ["MemoryTypes", "Arm64", "HardwareModel"]),
    // The plugin of QEMU's: a library of its own, with all of Swift that it needs in it.
    .target(name: "ObserverEntry", publicHeadersPath: "include"),
    .target(
      name: "Observer",
      dependencies: [
        "MemoryTypes", "BoardFormat", "Arm64", "HardwareModel", "Observation", "ObserverEntry",
        "MemoryTraces", "TraceFiles",
      ],
      swiftSettings: strict, linkerSettings: [.unsafeFlags(["-static-stdlib"])]),
    room("KernelHistory", ["MemoryTypes", "Arm64", "KernelLayout"]),
    .target(name: "ProcessLaunch", publicHeadersPath: "include"),
    room(
      "Machine",
      [
        "MemoryTypes", "BoardFormat", "Arm64", "PageCompressors", "HardwareModel", "Cores",
        "ProcessLaunch", yams,
      ]),
    room("HostInspection", ["MemoryTypes", "Arm64", "Machine"]),
    .systemLibrary(
      name: "CompressionLibraries",
      providers: [
        .apt(["liblzo2-dev", "libsnappy-dev", "libzstd-dev", "liblzma-dev", "zlib1g-dev"])
      ]),
    room("MemoryImages", ["MemoryTypes", "BoardFormat", "Arm64", "CompressionLibraries"]),
    room("TraceFiles", ["CompressionLibraries"]),
    room(
      "TraceReplay",
      [
        "MemoryTypes", "BoardFormat", "Arm64", "KernelLayout", "PageFrames", "KernelHeap", "Files",
        "Swap", "AddressSpaces", "Reclaim", "HostBoard", "HardwareModel", "TraceFiles",
        "MemoryTraces",
      ]),
    room("HeapTraces", ["MemoryTypes", "PTMalloc", "TraceFiles", "CompressionLibraries"]),
    room(
      "MemoryTraces",
      ["MemoryTypes", "Arm64", "HardwareModel", "TraceFiles", "CompressionLibraries"]),
    room("HeapInspection", ["MemoryTypes", "Arm64", "MemoryImages"]),
    room(
      "Reports",
      [
        "MemoryTypes", "BoardFormat", "Arm64", "HardwareModel", "Cores", "KernelHistory", "Machine",
        "HostInspection", "MemoryImages", "HeapInspection", "TraceFiles", "HeapTraces",
        "MemoryTraces", "TraceReplay", "Observation", "PTMalloc",
      ]),
    room(
      "Commands",
      [
        "MemoryTypes", "BoardFormat", "Arm64", "HardwareModel", "Cores", "KernelHistory", "Machine",
        "HostInspection", "MemoryImages", "HeapInspection", "TraceFiles", "HeapTraces",
        "MemoryTraces", "TraceReplay", "Observation", "PTMalloc", "Reports", argumentParser,
      ]),
    .executableTarget(name: "kilburn", dependencies: ["Commands"], swiftSettings: strict),
  ]
  // The formats have no logic to test by themselves, and texts are tested where they are made.
  + rooms.filter { !untested.contains($0.name) }.map { room in
    let support = room.on.contains("Files") ? ["TestSupport", "MemorySupport"] : ["TestSupport"]
    return tests(
      room.name, (room.on + ["HostBoard"] + support).map { .init(stringLiteral: $0) })
  }
  + [
    tests("PTMalloc", ["MemoryTypes", "CompressionLibraries"]),
    tests("PageCompressors", ["CompressionLibraries"]),
    tests("Cores", ["MemoryTypes", "Arm64", "HardwareModel"]),
    tests("Machine", ["MemoryTypes", "BoardFormat", "Cores"]),
    tests("HostInspection", ["MemoryTypes", "Arm64", "Machine"]),
    tests("TraceFiles", ["CompressionLibraries"]),
    tests(
      "TraceReplay",
      [
        "MemoryTypes", "Arm64", "AddressSpaces", "HostBoard", "HardwareModel", "TraceFiles",
        "MemoryTraces", "TestSupport", "MemorySupport",
      ]),
    tests(
      "MemoryTraces",
      [
        "MemoryTypes", "Arm64", "HardwareModel", "TraceFiles", "TestSupport",
        "CompressionLibraries",
      ]),
    .testTarget(
      name: "HeapTracesTests",
      dependencies: [
        "HeapTraces", "MemoryTypes", "PTMalloc", "TraceFiles", "CompressionLibraries",
      ],
      exclude: ["Samples"], swiftSettings: strict),
    tests(
      "MemoryImages",
      ["MemoryTypes", "BoardFormat", "Arm64", "CompressionLibraries", "KernelHistory"]),
    .testTarget(
      name: "HeapInspectionTests",
      dependencies: ["HeapInspection", "MemoryImages", "RecordedCores"], exclude: ["Programs"],
      swiftSettings: strict),
    tests(
      "Reports",
      [
        "MemoryTypes", "BoardFormat", "Arm64", "HardwareModel", "Cores", "KernelHistory", "Machine",
        "HostInspection", "TraceFiles", "HeapTraces", "MemoryTraces", "TraceReplay",
      ]),
    tests("KernelHistory", ["MemoryTypes", "Arm64", "KernelLayout"]),
    .testTarget(
      name: "HardwareModelTests",
      dependencies: [
        "HardwareModel", "MemoryTypes", "Arm64", "TestSupport", "CompressionLibraries",
      ],
      exclude: ["Cachegrind"], swiftSettings: strict),
  ]
  + [
    // What tests of rooms have in common.
    .target(
      name: "TestSupport",
      dependencies: ["MemoryTypes", "Arm64", "PageFrames", "KernelHeap", "HostBoard"],
      path: "Tests/TestSupport", swiftSettings: strict),
    // The same of what stands on address spaces.
    .target(
      name: "MemorySupport",
      dependencies: [
        "MemoryTypes", "BoardFormat", "Arm64", "KernelLayout", "PageFrames", "KernelHeap", "Files",
        "AddressSpaces", "HostBoard", "TestSupport",
      ],
      path: "Tests/MemorySupport", swiftSettings: strict),
    // What probes print here held against what real Linux printed: for tests, and as a command.
    .target(name: "ProbeComparison", path: "Tests/ProbeComparison", swiftSettings: strict),
    .executableTarget(
      name: "acceptance", dependencies: ["ProbeComparison", argumentParser],
      path: "Tests/Acceptance", swiftSettings: strict),
    // Cores of real processes, for tests of the library and of the tool.
    .target(
      name: "RecordedCores", dependencies: ["CompressionLibraries"], path: "Tests/RecordedCores",
      exclude: ["Cores"], swiftSettings: strict),
    .testTarget(
      name: "EndToEndTests", dependencies: ["ProbeComparison", "RecordedCores"],
      exclude: [
        "Compat", "KASAN", "KernelTables", "Machines", "Oopses", "Probes", "Programs", "Slabs",
      ],
      swiftSettings: strict),
  ]

/// The kernel image and the Embedded check; never part of a host build, whose assembler and linker
/// are the wrong ones.
let boardTargets: [Target] = [
  // Only here: what runs before the MMU is on is in it. The toolset's flags are Swift's, too, where
  // they made a call of memset() of two stores.
  .target(
    name: "KernelAssembly", publicHeadersPath: "include",
    cSettings: [.unsafeFlags(["-mstrict-align"])]),
  .executableTarget(
    name: "Kernel", dependencies: allRooms + ["KernelAssembly"],
    swiftSettings: strict + [.enableExperimentalFeature("Volatile")]),
  .executableTarget(name: "EmbeddedProbe", dependencies: allRooms, swiftSettings: strict),
]

let forBoard = Context.environment["KERNEL"] != nil

let package = Package(
  name: "Kilburn",
  products: forBoard
    ? [.executable(name: "Kernel", targets: ["Kernel"])]
    : [
      .executable(name: "kilburn", targets: ["kilburn"]),
      .library(name: "KilburnObserver", type: .dynamic, targets: ["Observer"]),
      // What benchmarks link.
      .library(name: "PTMalloc", targets: ["PTMalloc", "MemoryTypes"]),
      .library(name: "HardwareModel", targets: ["HardwareModel", "Arm64", "MemoryTypes"]),
    ],
  dependencies: forBoard
    ? []
    : [
      .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
      .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
    ],
  targets: roomTargets + (forBoard ? boardTargets : hostTargets)
)
