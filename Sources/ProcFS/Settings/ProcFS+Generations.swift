import AddressSpaces
import Arm64
import Files
import MemoryTypes
import PageFrames
import Tasks

/// `/sys/kernel/mm/lru_gen`: which policy chooses the pages that are taken.
extension ProcFS {
  /// Bits of `enabled`: generations; walks of page tables, where the CPU notes what it uses; and
  /// passing over tables that were not used, which no arm64 CPU notes (show_enabled()).
  func writeGenerations(_ out: inout Writer) {
    var capabilities: UInt64 = 0
    if kernel.frames.pointee.usesGenerations { capabilities |= 1 }
    if kernel.board.hasHardwareAccessAndDirty && kernel.memory.pointee.settings.walksTables {
      capabilities |= 2
    }
    out.text("0x")
    out.hexadecimal(capabilities, width: 4)
    out.newline()
  }

  /// store_enabled(): y, n or the bits.
  func storeGenerations(_ text: ByteString) throws(Errno) {
    let capabilities: UInt32
    switch text[0] | 0x20 {
    case 0x6E: capabilities = 0
    case 0x79: capabilities = .max
    default: capabilities = try word(text)
    }
    guard kernel.frames.pointee.setGenerations(capabilities & 1 != 0) else { throw .ENOMEM }
    kernel.memory.pointee.settings.walksTables = capabilities & 2 != 0
    kernel.memory.pointee.settings.skipsOldTables = capabilities & 4 != 0
  }

  /// `min_ttl_ms`, which Linux keeps in ticks.
  var generationLife: UInt64 { kernel.memory.pointee.settings.generationLife / 1_000_000 }

  /// store_min_ttl().
  func storeGenerationLife(_ text: ByteString) throws(Errno) {
    let tick: UInt64 = 4
    let milliseconds = UInt64(try word(text))
    kernel.memory.pointee.settings.generationLife =
      (milliseconds &+ tick &- 1) / tick &* tick &* 1_000_000
  }

  /// A number of 32 bits and nothing else, but for a line's end (kstrtouint()).
  private func word(_ text: ByteString) throws(Errno) -> UInt32 {
    guard text.count > 0, text[0] != 0x20, text[0] < 0x09 || text[0] > 0x0D else { throw .EINVAL }
    var reader = NumberReader(text)
    guard let value = reader.next(), !value.isNegative, value.magnitude <= UInt64(UInt32.max) else {
      throw .EINVAL
    }
    if !reader.isAtEnd {
      guard text[reader.index] == 0x0A else { throw .EINVAL }
      guard reader.index &+ 1 >= text.count || text[reader.index &+ 1] == 0 else { throw .EINVAL }
    }
    return UInt32(value.magnitude)
  }
}
