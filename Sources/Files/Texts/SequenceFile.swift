import MemoryTypes

/// The state of a text that is read piece by piece (`struct seq_file`): the records that were made
/// and not yet handed out, and where the next one is.
///
/// Invariant: `from + count <= size`, and the byte at `from` is the one that a reader gets who goes
/// on at `readPosition`. One thread at a time uses it (Linux: `seq_file.lock`).
struct SequenceFile: BitwiseCopyable {
  /// The buffer's address; 0 before the first read.
  var buffer: UInt = 0
  var size: UInt64 = 0
  /// What is left in the buffer, and where that begins.
  var count: UInt64 = 0
  var from: UInt64 = 0
  /// The position of the next record.
  var index: UInt64 = 0
  /// The byte of the whole text that `from` stands for.
  var readPosition: UInt64 = 0
}
