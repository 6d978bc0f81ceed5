import AddressSpaces
import Arm64
import Files
import KernelLayout
import MemoryTypes
import PageFrames

/// Mapping the segments of a program and of its interpreter (fs/binfmt_elf.c).
extension KernelState {
  /// Where a file's segments have come to lie.
  struct LoadedImage {
    var bias: UInt64
    var layout: ELFLayout
    var entry: UInt64 = 0
  }

  /// Maps a program into the current space, which is empty but for its stack.
  ///
  /// Any error is fatal: the old program is gone. As `load_elf_binary()`'s loop.
  func map(
    _ file: ProgramFile<B>, _ header: ELFHeader, hasInterpreter: Bool,
    into space: KernelPointer<AddressSpace<B>>
  ) throws(Errno) -> LoadedImage {
    let pageSize = board.pageSize
    let elf = try file.withBytes(file.tableLength) { (table) throws(Errno) in
      try ELFLayout(
        table, count: Int(header.entryCount), header: header, pageSize: pageSize,
        taskSize: space.pointee.user.taskSize.rawValue)
    }
    var bias: UInt64 = 0
    var isFirst = true
    for index in 0..<Int(header.entryCount) {
      let segment = try file.programHeader(index)
      guard segment.type == .load else { continue }
      var flags: MapFlags = [.private, .fixed]
      var whole = ByteCount.zero
      if isFirst {
        flags = [.private]
        switch header.kind {
        case .executable:
          flags.insert(.fixedNoReplace)
        case .shared:
          whole = ByteCount(elf.totalSize)
          if hasInterpreter {
            let offset = mappingOffset(isCompat: header.isCompat)
            let base = space.pointee.user.elfDynamicBase + offset
            bias = base.rawValue & ~(elf.alignment &- 1)
            flags.insert(.fixedNoReplace)
          } else if elf.alignment > pageSize.bytes.rawValue {
            // Find out where it would lie, and move that down to the alignment asked for.
            let found = try load(
              segment, file, bias: 0 &- segment.virtualAddress, flags, whole, space)
            try space.pointee.unmap(found, whole.alignedUp(to: pageSize))
            bias = found.rawValue & ~(elf.alignment &- 1)
            flags.insert(.fixedNoReplace)
          }
          bias = (bias &- segment.virtualAddress) & ~pageSize.offsetMask
        }
      }
      let start = try load(segment, file, bias: bias, flags, whole, space)
      if isFirst && header.kind == .shared {
        bias &+= start.rawValue &- ((bias &+ segment.virtualAddress) & ~pageSize.offsetMask)
      }
      isFirst = false
    }
    let entry = header.entry &+ bias
    guard hasInterpreter || entry < space.pointee.user.taskSize.rawValue else { throw .EINVAL }
    return LoadedImage(bias: bias, layout: elf, entry: entry)
  }

  /// Maps one segment, clears the rest of its last file page, adds its bss (elf_load()).
  ///
  /// - Parameter whole: for the first segment of a file that may move, the span of all: that much
  ///   is mapped, and what the segment does not need is unmapped again, so that the rest will fit.
  private func load(
    _ segment: ProgramHeader, _ file: ProgramFile<B>, bias: UInt64, _ flags: MapFlags,
    _ whole: ByteCount, _ space: KernelPointer<AddressSpace<B>>
  ) throws(Errno) -> VirtualAddress {
    let pageSize = board.pageSize
    var wanted = SegmentMapping(segment, bias: bias, pageSize)
    var start = wanted.start
    if wanted.length != .zero {
      let total = whole.alignedUp(to: pageSize)
      // As vm_mmap(): the offset and its end must fit.
      guard wanted.fileOffset & pageSize.offsetMask == 0 else { throw .EINVAL }
      let length = max(total, wanted.length)
      guard wanted.fileOffset &+ length.rawValue >= wanted.fileOffset else { throw .EINVAL }
      var protection: Protection = []
      if segment.flags.contains(.read) { protection.insert(.read) }
      if segment.flags.contains(.write) { protection.insert(.write) }
      if segment.flags.contains(.execute) { protection.insert(.execute) }
      start = try space.pointee.map(
        MappingRequest(
          address: wanted.start, length: total == .zero ? wanted.length : total,
          protection: protection, flags: flags, file: file.file,
          pageOffset: wanted.fileOffset &>> pageSize.shift))
      if total > wanted.length {
        try space.pointee.unmap(start + wanted.length, total - wanted.length)
      }
      // The mapping may have come to lie elsewhere.
      wanted = SegmentMapping(
        segment, bias: bias &+ (start.rawValue &- wanted.start.rawValue), pageSize)
      if let zero = wanted.zeroStart { clearToPageEnd(zero, space) }
    }
    if wanted.bssEnd != wanted.bssStart {
      guard wanted.bssEnd > wanted.bssStart else { throw .ENOMEM }
      try space.pointee.mapBreak(
        wanted.bssStart, wanted.bssEnd - wanted.bssStart,
        executable: segment.flags.contains(.execute))
    }
    return start
  }

  /// Clears from an address to the end of its page (padzero()); a read-only page stays as it is.
  private func clearToPageEnd(
    _ address: VirtualAddress, _ space: KernelPointer<AddressSpace<B>>
  ) {
    let pageSize = board.pageSize
    let rest = address.alignedUp(to: pageSize) - address
    guard rest != .zero else { return }
    do { try space.pointee.clearOut(address, Int(rest.rawValue)) } catch {}
  }

  /// Maps an interpreter near the top of the mmap area (load_elf_interp()); its base and entry.
  func mapInterpreter(
    _ file: ProgramFile<B>, _ header: ELFHeader, into space: KernelPointer<AddressSpace<B>>
  ) throws(Errno) -> LoadedImage {
    let pageSize = board.pageSize
    let elf: ELFLayout
    do {
      elf = try file.withBytes(file.tableLength) { (table) throws(Errno) in
        try ELFLayout(
          table, count: Int(header.entryCount), header: header, pageSize: pageSize,
          taskSize: space.pointee.user.taskSize.rawValue)
      }
    } catch { throw error == .EINVAL ? .ENOMEM : error }
    var bias: UInt64 = 0
    var isFirst = true
    for index in 0..<Int(header.entryCount) {
      let segment = try file.programHeader(index)
      guard segment.type == .load else { continue }
      var flags: MapFlags = [.private]
      if !isFirst || header.kind == .executable { flags.insert(.fixed) }
      if isFirst && header.kind == .shared { bias = 0 &- segment.virtualAddress }
      let start = try load(
        segment, file, bias: bias, flags, isFirst ? ByteCount(elf.totalSize) : .zero, space)
      if isFirst && header.kind == .shared {
        bias = start.rawValue &- (segment.virtualAddress & ~pageSize.offsetMask)
      }
      isFirst = false
    }
    let entry = header.entry &+ bias
    guard entry < space.pointee.user.taskSize.rawValue else { throw .EINVAL }
    return LoadedImage(bias: bias, layout: elf, entry: entry)
  }
}
