public import MemoryTypes

/// The translation table walk, as the architecture defines it, over any RAM.
///
/// Where ``PageTable`` trusts the tables that the kernel itself made, this walk believes nothing:
/// it tells every fault that the MMU would (Arm ARM D8.2, `AArch64.S1Translate`), with the level it
/// would report, and can show each step. A table outside `memory` is the external abort that a bus
/// without memory answers with. The theory is in Documentation/Theory/Translation.md.
///
/// ```swift
/// let walker = TableWalker(ram: board, memory: banks, regime: regime)
/// switch walker.walk(address) {
/// case .mapped(let mapping): show(mapping.address)
/// case .fault(let status): show(status)
/// }
/// ```
public struct TableWalker<RAM: PhysicalMemory> {
  public let ram: RAM
  /// The physical addresses that tables can be read from.
  public let memory: Range<PhysicalAddress>
  public var regime: TranslationRegime

  @inlinable public init(
    ram: RAM, memory: Range<PhysicalAddress>, regime: TranslationRegime
  ) {
    self.ram = ram
    self.memory = memory
    self.regime = regime
  }

  /// Translates an address, whatever it is wanted for.
  public func walk(_ address: VirtualAddress) -> Translation {
    walk(address, eachStep: { _ in })
  }

  /// Translates an address for an access.
  public func walk(_ address: VirtualAddress, for access: Access, by privilege: Privilege)
    -> Translation
  {
    let translation = walk(address)
    guard case .mapped(let mapping) = translation else { return translation }
    let isDirtying = regime.hasHardwareAccessAndDirty
    if mapping.allows(access, by: privilege, hardwareDirty: isDirtying) { return translation }
    return .fault(.permission(level: Int8(mapping.level)))
  }

  /// Translates an address and shows each table on the way, the one of the last descriptor too.
  public func walk(_ address: VirtualAddress, eachStep step: (WalkStep) -> Void)
    -> Translation
  {
    regime.walk(
      address, reading: { isMemory($0) ? Descriptor(ram.load(UInt64.self, at: $0)) : nil },
      eachStep: step)
  }

  func isMemory(_ address: PhysicalAddress) -> Bool {
    memory.contains(address) && memory.contains(address + ByteCount(7))
  }
}

extension TranslationRegime {
  /// Translates an address with descriptors from wherever they are; nil is what no memory answers.
  public func walk(
    _ address: VirtualAddress, reading read: (PhysicalAddress) -> Descriptor?,
    eachStep step: (WalkStep) -> Void
  ) -> Translation {
    guard isInRange(address),
      let root = address.isKernelHalf ? upperRoot : lowerRoot
    else { return .fault(.translation(level: 0)) }
    guard fits(root) else { return .fault(.addressSize(level: 0)) }

    var table = root
    var limits = Descriptor.TableAttributes()
    var level = geometry.startLevel
    while true {
      let index = geometry.index(of: address, at: level)
      let place = table + ByteCount(UInt64(index) &* 8)
      guard let descriptor = read(place) else {
        return .fault(.externalAbortOnWalk(level: Int8(level)))
      }
      step(WalkStep(level: level, table: table, index: index, descriptor: descriptor))

      switch descriptor.kind(at: level, in: geometry) {
      case .invalid:
        return .fault(.translation(level: Int8(level)))
      case .table(let next, let more):
        guard fits(next) else { return .fault(.addressSize(level: Int8(level))) }
        limits.formUnion(more)
        table = next
        level &+= 1
      case .block(let start, let attributes), .page(let start, let attributes):
        guard fits(start) else { return .fault(.addressSize(level: Int8(level))) }
        if !attributes.contains(.accessed) && !hasHardwareAccessAndDirty {
          return .fault(.accessFlag(level: Int8(level)))
        }
        let offset = address.rawValue & (geometry.coverage(at: level).rawValue &- 1)
        return .mapped(
          Translation.Mapping(
            address: start + ByteCount(offset), level: level, descriptor: descriptor,
            descriptorAddress: place, attributes: attributes.limited(by: limits)))
      }
    }
  }

  /// Whether the bits above the translated ones all say the same half; a tag byte that is ignored
  /// says nothing (`AArch64.VAIsOutOfRange`).
  public func isInRange(_ address: VirtualAddress) -> Bool {
    let isUpper = address.isKernelHalf
    let ignoresTag = isUpper ? ignoresUpperTag : ignoresLowerTag
    let bits = (ignoresTag ? address.untagged : address).rawValue &>> geometry.vaBits
    return bits == (isUpper ? UInt64.max &>> geometry.vaBits : 0)
  }

  /// Whether an output address has no more bits than TCR.IPS says (`AArch64.OAOutOfRange`).
  func fits(_ address: PhysicalAddress) -> Bool {
    address.rawValue &>> outputBits == 0
  }
}

extension Descriptor.Attributes {
  /// What is left of a leaf's permissions under its tables' limits (Arm ARM D8.4.1).
  @inlinable public func limited(by tables: Descriptor.TableAttributes) -> Self {
    var attributes = self
    if tables.contains(.noUserAccess) { attributes.remove(.user) }
    if tables.contains(.readOnly) {
      attributes.insert(.readOnly)
      attributes.remove(.dirtyBitModifier)
    }
    if tables.contains(.userExecuteNever) { attributes.insert(.userExecuteNever) }
    if tables.contains(.privilegedExecuteNever) { attributes.insert(.privilegedExecuteNever) }
    return attributes
  }
}
