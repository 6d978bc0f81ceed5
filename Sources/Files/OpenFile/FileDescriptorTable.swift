/// A process's open files by number (`struct files_struct`).
///
/// A number names at most one file; a file may have many numbers. The first 64 slots lie in the
/// table, more in a byte buffer of the heap that grows by doubling. Ownership: each filled slot
/// holds a reference of its file; each process that shares the table holds one of `references`.
public struct FileDescriptorTable: ~Copyable {
  static var inlineSlots: Int { 64 }
  /// The most that a table may ever hold (`sysctl_nr_open`).
  public static var maximumSlots: Int { 1 << 20 }

  public internal(set) var references: UInt32 = 1
  /// The slots there are (`FDSize` in /proc/self/status).
  public internal(set) var capacity: Int = 64
  /// No slot below is free.
  var firstFree: Int = 0
  /// The address of the slots beyond the first 64, which lie all in the buffer then; 0 for none.
  var buffer: UInt = 0
  /// A slot is a file's address with bit 0 set where it closes on exec; 0 is free.
  var slots = InlineArray<64, UInt>(repeating: 0)

  init() {}
}
