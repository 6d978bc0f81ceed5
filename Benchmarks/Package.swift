// swift-tools-version: 6.2
import PackageDescription

let package = Package(
  name: "Benchmarks",
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(name: "Kilburn", path: ".."),
  ],
  targets: [
    .target(name: "LibraryMalloc"),
    .target(name: "ModelFloor", cSettings: [.unsafeFlags(["-O3", "-march=native"])]),
    .executableTarget(
      name: "Benchmarks",
      dependencies: [
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
        .product(name: "PTMalloc", package: "Kilburn"), "LibraryMalloc",
        .product(name: "HardwareModel", package: "Kilburn"), "ModelFloor",
      ],
      swiftSettings: [
        .swiftLanguageMode(.v6), .strictMemorySafety(), .enableUpcomingFeature("ExistentialAny"),
        .enableUpcomingFeature("InternalImportsByDefault"), .treatAllWarnings(as: .error),
      ]),
  ])
