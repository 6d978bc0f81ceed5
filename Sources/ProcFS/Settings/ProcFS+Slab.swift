import Arm64
import Files
import KernelHeap
import MemoryTypes
import Tasks

/// `/sys/kernel/slab` (mm/slub.c: sysfs_slab_add(), sysfs_slab_alias()).
///
/// A cache that others may share has a folder named after its flags and size, and a link of each of
/// its names to it; one that none may share has a folder of its name. The newest stands first.
///
/// A node's number is the cache's and, in the lowest five bits, the attribute's or the name's; of a
/// folder they are 0.
extension ProcFS {
  /// Writes the text of a file of a cache's folder.
  func slabAttribute(_ file: ProcNode, _ out: inout Writer) throws(Errno) {
    guard let cache = kernel.slab.pointee.figures(numbered: file.number &>> 5),
      let attribute = SlabAttribute(rawValue: UInt8(truncatingIfNeeded: file.number & 31))
    else { throw .ENOENT }
    if let value = attribute.value(cache) {
      out.decimal(UInt64(max(value, 0)))
      out.newline()
    } else if attribute == .slabsCPUPartial {
      // Objects and slabs, of all processors and then of each, the slabs taken to be half full
      // (slabs_cpu_partial_show()).
      keptSlabs(cache, &out)
      if cache.keptSlabs > 0 {
        out.text(" C0=")
        keptSlabs(cache, &out)
      }
      out.newline()
    }
  }

  private func keptSlabs(_ cache: SlabFigures, _ out: inout Writer) {
    out.decimal(UInt64(cache.keptSlabs &* cache.objectsPerSlab / 2))
    out.byte(0x28)
    out.decimal(UInt64(cache.keptSlabs))
    out.byte(0x29)
  }

  /// Takes what is written to a file of a cache's folder.
  func storeSlab(_ text: ByteString, in file: ProcNode) throws(Errno) {
    let slab = kernel.slab
    guard let cache = slab.pointee.cache(numbered: file.number &>> 5) else { throw .EIO }
    switch SlabAttribute(rawValue: UInt8(truncatingIfNeeded: file.number & 31)) {
    case .shrink:
      guard text[0] == 0x31 else { throw .EINVAL }
      slab.pointee.shrink(cache)
    case .minPartial:
      slab.pointee.setMinPartial(
        Int(truncatingIfNeeded: min(try Self.number(text), UInt64(Int.max))), of: cache)
    case .cpuPartial:
      let count = try Self.number(text)
      guard count <= UInt64(UInt32.max) else { throw .ERANGE }
      guard slab.pointee.setPerCPUObjects(Int(count), of: cache) else { throw .EINVAL }
    // Nothing is to be validated where the allocator itself checks nothing.
    default: throw .EINVAL
    }
  }

  /// A decimal number and at most a newline (kstrtoul()).
  private static func number(_ text: ByteString) throws(Errno) -> UInt64 {
    var count = text.count
    if count > 0, text[count &- 1] == 0x0A { count &-= 1 }
    let first = count > 1 && text[0] == 0x2B ? 1 : 0
    guard first < count else { throw .EINVAL }
    var value: UInt64 = 0
    var isTooLarge = false
    for index in first..<count {
      let digit = text[index] &- 0x30
      guard digit < 10 else { throw .EINVAL }
      let (product, overflow) = value.multipliedReportingOverflow(by: 10)
      let (sum, carry) = product.addingReportingOverflow(UInt64(digit))
      isTooLarge = isTooLarge || overflow || carry
      value = sum
    }
    guard !isTooLarge else { throw .ERANGE }
    return value
  }

  /// The entry of `/sys/kernel/slab`, or of a cache's folder in it.
  func slabEntry(_ name: ByteString, in folder: ProcNode?) throws(Errno) -> ProceduralEntry {
    if let folder {
      for raw in 1..<SlabAttribute.count {
        guard let attribute = SlabAttribute(rawValue: raw), name == ByteString(attribute.name)
        else { continue }
        return entry(ProcNode(.slabAttribute, number: folder.number | UInt16(raw)))
      }
      throw .ENOENT
    }
    var place = 0
    while let listed = slabEntry(at: place, in: nil) {
      let isIt = try listed.name.withName { (own) throws(Errno) in own == name }
      if isIt { return listed.entry }
      place = Int(truncatingIfNeeded: listed.nextPosition)
    }
    throw .ENOENT
  }

  /// The entry at a place of either.
  func slabEntry(at place: Int, in folder: ProcNode?) -> ListedEntry? {
    if let folder {
      let raw = UInt8(truncatingIfNeeded: min(place &+ 1, 255))
      guard let attribute = SlabAttribute(rawValue: raw) else { return nil }
      return ListedEntry(
        name: ShortName(attribute.name),
        entry: entry(ProcNode(.slabAttribute, number: folder.number | UInt16(raw))),
        nextPosition: UInt64(place) &+ 1)
    }
    // 32 places a cache: the folder, and then a link for each of its names.
    var place = place
    while let cache = kernel.slab.pointee.figures(at: place &>> 5) {
      let link = place & 31
      let number = cache.number &<< 5
      if link == 0 {
        return ListedEntry(
          name: cache.folderName, entry: entry(ProcNode(.slabCache, number: number)),
          nextPosition: UInt64(place) &+ 1)
      }
      if !cache.isUnmergeable,
        let name = kernel.slab.pointee.name(link &- 1, ofCacheNumbered: cache.number)
      {
        return ListedEntry(
          name: unsafe ShortName(ByteString(name.bytes)),
          entry: entry(ProcNode(.slabLink, number: number | UInt16(truncatingIfNeeded: link))),
          nextPosition: UInt64(place) &+ 1)
      }
      place = (place | 31) &+ 1
    }
    return nil
  }
}

extension SlabFigures {
  /// The name of the cache's folder (create_unique_id()).
  var folderName: ShortName {
    guard !isUnmergeable else { return unsafe ShortName(ByteString(name.bytes)) }
    var text = ShortName(":" as StaticString)
    if options.contains(.dma) { text.append("d") }
    if options.contains(.dma32) { text.append("D") }
    if options.contains(.reclaimable) { text.append("a") }
    if options.contains(.account) { text.append("A") }
    if text.count > 1 { text.append("-") }
    var least: UInt64 = 1_000_000
    while least > 1, size.rawValue < least {
      text.append("0")
      least /= 10
    }
    text.append(ShortName(UInt32(truncatingIfNeeded: size.rawValue)))
    return text
  }
}
