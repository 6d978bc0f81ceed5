/// Which board file this is: tool and kernel understand each other if they have the same.
///
/// The number says what the bytes mean; who changes that raises it, here and in
/// `KernelAssembly/Head.S`. The sizes of all records that both sides read and write are in the
/// version as well, so that a field that was added without a thought makes another version, too.
///
/// The kernel checks: the number as soon as it runs, since only that much is understood by any two
/// kernels, the whole in Swift. If it is not what it was built with, it ends the machine by
/// ``EndRecord/Reason/otherVersion`` and the version that it wants, and the tool says what to do.
public enum BoardVersion {
  /// What the bytes mean.
  @inlinable public static var number: UInt32 { 2 }

  /// The number, and a hash of the records' sizes in the upper 24 bits.
  @inlinable public static var current: UInt32 {
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    mix(MemoryLayout<BoardHeader>.size, into: &hash)
    mix(MemoryLayout<Statistics>.size, into: &hash)
    mix(MemoryLayout<ModuleRecord>.size, into: &hash)
    mix(MemoryLayout<ProbeRequest>.size, into: &hash)
    mix(MemoryLayout<ProgramArguments>.size, into: &hash)
    mix(MemoryLayout<ArchiveHeader>.size, into: &hash)
    mix(MemoryLayout<ArchiveEntry>.size, into: &hash)
    mix(MemoryLayout<EndRecord>.size, into: &hash)
    mix(MemoryLayout<ExportRecord>.size, into: &hash)
    mix(MemoryLayout<TraceRecord>.size, into: &hash)
    return number | UInt32(truncatingIfNeeded: hash &>> 40) &<< 8
  }

  /// FNV-1a, a number at a time.
  @inlinable static func mix(_ size: Int, into hash: inout UInt64) {
    hash = (hash ^ UInt64(size)) &* 0x100_0000_01b3
  }
}
