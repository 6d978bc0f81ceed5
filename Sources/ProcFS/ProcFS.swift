// `/proc` and `/sys`: what the kernel says of itself, byte for byte as Linux 6.1 says it.
//
// Terms
// - A *node* (``ProcNode``) is a file, folder or link; Files carries its number about and asks here
//   what is in it. Nothing is stored: a folder is a table in the code and the list of processes,
//   a text is written anew each time it is read.
// - A text consists of *records* (a line of maps, a cache of slabinfo; short texts are one record).
//   Files makes as many of them as a reader wants and a buffer holds, and comes back for more at
//   the position that the last one left: pieces that are read one after the other belong together
//   by the record, as Linux's seq_file has it.
// - Every number comes from the room that keeps it. Where Linux has something that this machine
//   does not have (swap, huge pages, NUMA), the line says so with Linux's own word for nothing.
//
// Source: fs/proc/, mm/vmstat.c, mm/slab_common.c, kernel/sysctl.c of Linux 6.1.

import Arm64
import AddressSpaces
import BoardFormat
public import Files
import KernelHeap
import MemoryTypes
import PageFrames
public import Tasks

/// The texts and folders of `/proc` and `/sys`, made from the state of one kernel.
public struct ProcFS<B: Processor>: BitwiseCopyable {
  public typealias Writer = TextWriter<B>

  public let kernel: KernelState<B>

  public init(_ kernel: KernelState<B>) { self.kernel = kernel }

  /// Gives the file system what it needs from above: from now on `/proc` and `/sys` have contents
  /// and the console is connected; and when the first program ends, the texts that the tool asked
  /// for are sent.
  public static func connect(_ kernel: KernelState<B>) {
    kernel.files.pointee.connect(
      Surroundings<B>(
        context: SurroundingState(kernel.store),
        entry: { (state, node, name) throws(Errno) in
          try Self(state).entry(name, in: node)
        },
        next: { state, node, position in Self(state).next(in: node, from: position) },
        target: { (state, node) throws(Errno) in try Self(state).target(of: node) },
        texts: ProceduralOperations<B>(
          open: { (state, node, flags) throws(Errno) in try Self(state).open(node, flags) },
          grants: { state, node in Self(state).grants(node) },
          style: { node in ProcNode(node)?.style ?? .records },
          record: { (state, node, position, writer) throws(Errno) in
            try Self(state).writeRecord(of: node, at: &position, &writer)
          },
          read: { (state, node, position, count, sink) throws(Errno) in
            try Self(state).read(node, at: position, count, sink)
          },
          write: { (state, node, position, count, source) throws(Errno) in
            try Self(state).store(in: node, at: position, count, source)
          },
          makeFolder: { (state, node, name) throws(Errno) in
            try Self(state).makeFolder(name, in: node)
          },
          removeFolder: { (state, node) throws(Errno) in try Self(state).removeFolder(node) },
          change: { (state, node, change) throws(Errno) in
            try Self(state).change(node, change)
          },
          version: { state, node in Self(state).version(of: node) }),
        unmapPages: { state, inode, first in
          Self(state).kernel.memory.pointee.unmapFile(inode, from: first)
        },
        caller: { state in Self(state).kernel.caller },
        wake: { state, inode in Self(state).kernel.wake(at: inode) },
        supplied: KernelState<B>.taskFileOperations,
        consoleWrite: { state, channel, bytes in
          unsafe Self(state).kernel.board.write(channel, bytes.bytes)
        },
        hasTyped: { _ in true },
        consoleRead: { (state, room) throws(Errno) in
          unsafe try Self(state).kernel.readTyped(room.bytes)
        }))
    kernel.setBeforeTeardown { kernel, task in Self(kernel).sendTexts(at: .end, of: task) }
  }

  private init(_ state: SurroundingState) {
    // SAFETY: `connect` made the state from the store of a kernel of this type.
    kernel = unsafe KernelState(store: state.pointer(to: KernelStore<B>.self))
  }
}
