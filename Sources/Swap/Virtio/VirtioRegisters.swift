import Arm64

/// The registers of a virtio transport in memory (VIRTIO 1.1, 4.2.2).
struct VirtioRegisters<B: Board>: BitwiseCopyable {
  let board: B
  /// The transport's place among the board's devices.
  let base: UInt64

  enum Register: UInt64 {
    case magic = 0x000
    case version = 0x004
    case device = 0x008
    case deviceFeatures = 0x010
    case deviceFeaturesSelect = 0x014
    case driverFeatures = 0x020
    case driverFeaturesSelect = 0x024
    case queueSelect = 0x030
    case queueMost = 0x034
    case queueSize = 0x038
    case queueReady = 0x044
    case queueNotify = 0x050
    case interruptStatus = 0x060
    case interruptAcknowledge = 0x064
    case status = 0x070
    case queueDescriptors = 0x080
    case queueAvailable = 0x090
    case queueUsed = 0x0a0
    case configurationGeneration = 0x0fc
    case configuration = 0x100
  }

  subscript(_ register: Register) -> UInt32 {
    get { board.readDevice(base &+ register.rawValue) }
    nonmutating set { board.writeDevice(base &+ register.rawValue, newValue) }
  }

  /// A register of two words.
  func setAddress(_ register: Register, _ address: UInt64) {
    board.writeDevice(base &+ register.rawValue, UInt32(truncatingIfNeeded: address))
    board.writeDevice(base &+ register.rawValue &+ 4, UInt32(truncatingIfNeeded: address &>> 32))
  }

  /// A field of the device's own.
  func field(_ offset: UInt64) -> UInt32 {
    board.readDevice(base &+ Register.configuration.rawValue &+ offset)
  }

  /// 64 feature bits, from bit 0 on.
  var features: UInt64 {
    self[.deviceFeaturesSelect] = 0
    let low = self[.deviceFeatures]
    self[.deviceFeaturesSelect] = 1
    return UInt64(low) | UInt64(self[.deviceFeatures]) &<< 32
  }

  func accept(_ features: UInt64) {
    self[.driverFeaturesSelect] = 0
    self[.driverFeatures] = UInt32(truncatingIfNeeded: features)
    self[.driverFeaturesSelect] = 1
    self[.driverFeatures] = UInt32(truncatingIfNeeded: features &>> 32)
  }
}

/// How far a driver has come (VIRTIO 1.1, 2.1).
struct VirtioStatus {
  static var acknowledge: UInt32 { 1 }
  static var driver: UInt32 { 2 }
  static var driverOK: UInt32 { 4 }
  static var featuresOK: UInt32 { 8 }
  static var failed: UInt32 { 128 }
}

/// Features that matter here (VIRTIO 1.1, 5.2.3 and 6).
struct VirtioFeature {
  static var readOnly: UInt64 { 1 &<< 5 }
  static var flush: UInt64 { 1 &<< 9 }
  static var version1: UInt64 { 1 &<< 32 }
}
