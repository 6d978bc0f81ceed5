import AddressSpaces
import Arm64
import Files
import MemoryTypes
import Tasks

extension ProcFS {
  /// `/proc/PID/maps`: a line an area.
  func maps(_ task: KernelPointer<Task<B>>, _ out: inout Writer) {
    forEachArea(of: task) { space, area in mapsLine(area, space, &out) }
  }

  /// Visits the areas of a process in address order; none for one without a program.
  func forEachArea(
    of task: KernelPointer<Task<B>>,
    _ body: (KernelPointer<AddressSpace<B>>, KernelPointer<VirtualMemoryArea>) -> Void
  ) {
    guard let space = task.pointee.memory.space else { return }
    var area = space.pointee.areas.first
    while let here = area {
      body(space, here)
      area = here.pointee.next
    }
  }

  /// One line of maps (fs/proc/task_mmu.c: show_map_vma()).
  func mapsLine(
    _ area: KernelPointer<VirtualMemoryArea>, _ space: KernelPointer<AddressSpace<B>>,
    _ out: inout Writer
  ) {
    let mark = out.count
    let flags = area.pointee.flags
    mapsRange(area.pointee.start, area.pointee.end, &out)
    out.byte(flags.contains(.read) ? 0x72 : 0x2D)
    out.byte(flags.contains(.write) ? 0x77 : 0x2D)
    out.byte(flags.contains(.execute) ? 0x78 : 0x2D)
    out.byte(flags.contains(.mayShare) ? 0x73 : 0x70)
    guard let file = area.pointee.file else {
      out.text(" 00000000 00:00 0 ")
      if let name = Self.name(of: area, space) {
        out.pad(to: Self.nameColumn, since: mark)
        out.text(name)
      }
      out.newline()
      return
    }
    let inode = file.pointee.inode
    let device = inode.pointee.mount.device
    out.byte(0x20)
    out.hexadecimal(area.pointee.pageOffset &<< kernel.board.pageSize.shift, width: 8)
    out.byte(0x20)
    out.hexadecimal(UInt64(device.major), width: 2)
    out.byte(0x3A)
    out.hexadecimal(UInt64(device.minor), width: 2)
    out.byte(0x20)
    out.decimal(inode.pointee.number)
    out.byte(0x20)
    out.pad(to: Self.nameColumn, since: mark)
    // A newline in a name would look like another line (seq_file_path(m, file, "\n")).
    kernel.files.pointee.writePath(of: file.pointee.dentry, &out, escapingNewlines: true)
    out.newline()
  }

  func mapsRange(_ start: VirtualAddress, _ end: VirtualAddress, _ out: inout Writer) {
    out.hexadecimal(start.rawValue, width: 8)
    out.byte(0x2D)
    out.hexadecimal(end.rawValue, width: 8)
    out.byte(0x20)
  }

  /// Names begin in this column: 25 + 6 × sizeof(void *) - 1, and a blank (seq_pad()).
  static var nameColumn: Int { 73 }

  /// The name of an area that is no file's.
  static func name(
    of area: KernelPointer<VirtualMemoryArea>, _ space: KernelPointer<AddressSpace<B>>
  ) -> StaticString? {
    switch area.pointee.special {
    case .vvar: return "[vvar]"
    case .vdso, .vdso32: return "[vdso]"
    case .vectors: return "[vectors]"
    case .signalPage: return "[sigpage]"
    case .none, .attachment: break
    }
    // A bss that ends where the heap begins is labelled so too, as on Linux.
    if area.pointee.start <= space.pointee.programBreak,
      area.pointee.end >= space.pointee.startBreak
    {
      return "[heap]"
    }
    if area.pointee.start <= space.pointee.startStack,
      area.pointee.end >= space.pointee.startStack
    {
      return "[stack]"
    }
    return nil
  }
}
