import Arm64
public import MemoryTypes
import PageFrames

/// Areas and descriptions: made, found, taken away.
extension VMAllocator {
  typealias Area = KernelPointer<VMArea>
  public typealias Description = KernelPointer<VMDescription>

  /// Finds addresses for an area of a length, guard included, in the lowest room that there is;
  /// nil where none is left even after a purge (`alloc_vmap_area()`).
  mutating func placeArea(
    _ length: ByteCount, alignment: UInt64, in region: Region, _ gfp: GFP
  ) -> Area? {
    guard length <= VMArea.longest else { return nil }
    let isVMalloc = region == .vmalloc
    let found =
      isVMalloc
      ? vmalloc.lowestRoom(length, alignment: alignment)
      : modules.lowestRoom(length, alignment: alignment)
    guard let room = found ?? roomAfterPurge(length, alignment, region) else { return nil }
    guard
      let area = areas.allocate(VMArea(start: room.start, length: length), gfp)
    else { return nil }
    guard tellSanitizer(.placed, room.start, length) else {
      areas.free(area)
      return nil
    }
    if isVMalloc {
      vmalloc.insert(area, before: room.next)
    } else {
      modules.insert(area, before: room.next)
    }
    return area
  }

  /// Tells the sanitizer, where there is one, what becomes of addresses.
  @inline(__always) @discardableResult
  func tellSanitizer(_ change: AreaChange, _ start: VirtualAddress, _ length: ByteCount) -> Bool {
    !board.isSanitized || board.areaChanged(change, at: start, length)
  }

  /// What else can be done for want of room (`overflow:` in `alloc_vmap_area()`).
  @inline(never)
  private mutating func roomAfterPurge(_ length: ByteCount, _ alignment: UInt64, _ region: Region)
    -> VMAreaTree.Room?
  {
    guard lazy != nil else { return nil }
    purge()
    return region == .vmalloc
      ? vmalloc.lowestRoom(length, alignment: alignment)
      : modules.lowestRoom(length, alignment: alignment)
  }

  /// An area with a description, mapped nowhere (`__get_vm_area_node()`); nil for want of memory
  /// or addresses.
  mutating func place(
    _ size: ByteCount, alignment: UInt64, in region: Region, _ gfp: GFP, _ flags: VMFlags,
    _ caller: VMCaller
  ) -> Description? {
    let reclaim = gfp.intersection(.reclaimMask)
    guard let memory = unsafe slab.pointee.allocateBytes(Self.descriptionSize, reclaim) else {
      return nil
    }
    let guarded = flags.contains(.noGuard) ? size : size + board.pageSize.bytes
    guard let area = placeArea(guarded, alignment: alignment, in: region, reclaim) else {
      unsafe slab.pointee.freeBytes(memory, Self.descriptionSize)
      return nil
    }
    // SAFETY: the buffer is ours, and large and aligned enough.
    let place = unsafe memory.bindMemory(to: VMDescription.self, capacity: 1)
    unsafe place.initialize(
      to: VMDescription(
        area: area, start: area.pointee.start, size: guarded, flags: flags, caller: caller))
    let description = unsafe Description(place)
    area.pointee.word = description.address
    // What is mapped is there as a whole; memory of the owner's own begins when all of it is there.
    if !flags.contains(.alloc) { tellSanitizer(.opened, area.pointee.start, size) }
    return description
  }

  /// What a description takes of `kmalloc()`: `sizeof(struct vm_struct)`.
  static var descriptionSize: ByteCount { ByteCount(64) }

  /// The area that an address is in, in use or lazy.
  @inline(__always)
  func area(containing address: VirtualAddress) -> Area? {
    if address >= vmalloc.low && address < vmalloc.high {
      return vmalloc.area(containing: address)
    }
    return modules.area(containing: address)
  }

  /// The description of the area in use that an address is in (`find_vm_area()` for its start).
  public func description(of address: VirtualAddress) -> Description? {
    guard let area = area(containing: address) else { return nil }
    return description(area)
  }

  @inline(__always) func description(_ area: Area) -> Description? {
    guard area.pointee.kind == .busy, area.pointee.word != 0 else { return nil }
    // SAFETY: the word of a busy area is its description's address, or 0.
    let place = unsafe UnsafeMutablePointer<VMDescription>(bitPattern: area.pointee.word)
    return unsafe place.map { unsafe Description($0) }
  }

  /// Whether an address lies in the vmalloc region (`is_vmalloc_addr()`).
  public func isVMalloc(_ address: VirtualAddress) -> Bool {
    address >= vmalloc.low && address < vmalloc.high
  }

  /// Whether an address lies in either region (`is_vmalloc_or_module_addr()`).
  public func isVMallocOrModule(_ address: VirtualAddress) -> Bool {
    isVMalloc(address) || address >= modules.low && address < modules.high
  }

  /// Takes addresses that were mapped before there was an allocator, as the kernel's image
  /// (`vm_area_register_early()`); false if they are not free or there is no memory.
  public mutating func register(
    _ range: Range<VirtualAddress>, physical: PhysicalAddress, _ flags: VMFlags,
    caller: VMCaller
  ) -> Bool {
    let pageSize = board.pageSize
    let length = range.upperBound - range.lowerBound
    let guarded = flags.contains(.noGuard) ? length : length + pageSize.bytes
    let end = range.lowerBound + guarded
    let next = vmalloc.area(above: range.lowerBound)
    let previous = next == nil ? vmalloc.last : next?.pointee.previous
    guard length > .zero, guarded <= VMArea.longest,
      range.lowerBound >= previous?.pointee.end ?? vmalloc.low,
      end <= next?.pointee.start ?? vmalloc.high,
      let memory = unsafe slab.pointee.allocateBytes(Self.descriptionSize)
    else { return false }
    guard let area = areas.allocate(VMArea(start: range.lowerBound, length: guarded)) else {
      unsafe slab.pointee.freeBytes(memory, Self.descriptionSize)
      return false
    }
    vmalloc.insert(area, before: next)
    // SAFETY: the buffer is ours, and large and aligned enough.
    let place = unsafe memory.bindMemory(to: VMDescription.self, capacity: 1)
    unsafe place.initialize(
      to: VMDescription(
        area: area, start: range.lowerBound, size: guarded, flags: flags, physical: physical,
        caller: caller))
    area.pointee.word = UInt(bitPattern: place)
    return true
  }
}

extension GFP {
  /// The flags that say how an allocation may wait, and nothing else (GFP_RECLAIM_MASK).
  static var reclaimMask: GFP {
    [
      .directReclaim, .kswapdReclaim, .high, .io, .fs, .noWarn, .noRetry, .memoryAllocator,
      .noReserves, GFP(rawValue: 0x200 | 0x4000 | 0x8000),
    ]
  }
}
