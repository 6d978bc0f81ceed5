import Arm64
import KernelHeap
public import MemoryTypes
import PageFrames

extension FileSystem {
  /// An empty table, with one reference.
  public func makeDescriptorTable() throws(Errno) -> KernelPointer<FileDescriptorTable> {
    guard let table = caches.descriptorTables.allocate(FileDescriptorTable()) else {
      throw .ENOMEM
    }
    return table
  }

  /// A copy for a new process: same files, same numbers (dup_fd()).
  public func copy(
    _ table: KernelPointer<FileDescriptorTable>
  ) throws(Errno) -> KernelPointer<FileDescriptorTable> {
    let new = try makeDescriptorTable()
    do throws(Errno) {
      if table.pointee.capacity > new.pointee.capacity {
        try grow(new, toHold: table.pointee.capacity &- 1)
      }
    } catch {
      caches.descriptorTables.free(new)
      throw error
    }
    for number in 0..<table.pointee.capacity {
      let slot = table.slot(number)
      if slot != 0 { retain(Self.file(slot)) }
      new.setSlot(number, slot)
    }
    new.pointee.firstFree = table.pointee.firstFree
    return new
  }

  public func retain(_ table: KernelPointer<FileDescriptorTable>) {
    table.pointee.references &+= 1
  }

  /// Drops a reference to a table; with the last one all files in it are closed.
  public func release(_ table: KernelPointer<FileDescriptorTable>) {
    table.pointee.references &-= 1
    guard table.pointee.references == 0 else { return }
    for number in 0..<table.pointee.capacity {
      let slot = table.slot(number)
      if slot != 0 { close(Self.file(slot), of: table) }
    }
    freeBuffer(of: table)
    caches.descriptorTables.free(table)
  }

  /// The file with a number.
  ///
  /// Adds no reference: it is safe while the table is not changed.
  @inline(__always)
  public func file(
    _ number: UInt64, in table: KernelPointer<FileDescriptorTable>
  ) throws(Errno) -> KernelPointer<OpenFile> {
    guard number < UInt64(table.pointee.capacity) else { throw .EBADF }
    let slot = table.slot(Int(number))
    guard slot != 0 else { throw .EBADF }
    return Self.file(slot)
  }

  /// Gives a file the lowest free number at or above `minimum` and below the limit (RLIMIT_NOFILE).
  ///
  /// Takes over the caller's reference, also when this fails.
  public func install(
    _ file: KernelPointer<OpenFile>, in table: KernelPointer<FileDescriptorTable>,
    atLeast minimum: UInt64 = 0, limit: UInt64, closeOnExec: Bool
  ) throws(Errno) -> UInt64 {
    let end = Int(min(limit, UInt64(FileDescriptorTable.maximumSlots)))
    var number = table.pointee.firstFree
    if minimum > UInt64(number) {
      guard minimum < UInt64(end) else {
        release(file)
        throw limit <= minimum && minimum >= limit ? .EMFILE : .EMFILE
      }
      number = Int(minimum)
    }
    while number < table.pointee.capacity, table.slot(number) != 0 { number &+= 1 }
    guard number < end else {
      release(file)
      throw .EMFILE
    }
    do throws(Errno) {
      try grow(table, toHold: number)
    } catch {
      release(file)
      throw error
    }
    table.setSlot(number, Self.slot(file, closeOnExec))
    if minimum <= UInt64(table.pointee.firstFree) { table.pointee.firstFree = number &+ 1 }
    return UInt64(number)
  }

  /// Gives a file this very number, closing what had it (dup3).
  ///
  /// Takes over the reference.
  public func install(
    _ file: KernelPointer<OpenFile>, in table: KernelPointer<FileDescriptorTable>,
    at number: UInt64, limit: UInt64, closeOnExec: Bool
  ) throws(Errno) {
    guard number < min(limit, UInt64(FileDescriptorTable.maximumSlots)) else {
      release(file)
      throw .EBADF
    }
    do throws(Errno) {
      try grow(table, toHold: Int(number))
    } catch {
      release(file)
      throw error
    }
    let old = table.slot(Int(number))
    table.setSlot(Int(number), Self.slot(file, closeOnExec))
    if old != 0 { close(Self.file(old), of: table) }
  }

  /// Drops a table's reference of a file (filp_close()).
  @inline(__always)
  private func close(
    _ file: KernelPointer<OpenFile>, of table: KernelPointer<FileDescriptorTable>
  ) {
    if file.pointee.inode.pointee.locks != nil { dropLocks(of: table, on: file.pointee.inode) }
    release(file)
  }

  /// Closes a number.
  public func close(
    _ number: UInt64, in table: KernelPointer<FileDescriptorTable>
  ) throws(Errno) {
    guard number < UInt64(table.pointee.capacity) else { throw .EBADF }
    let slot = table.slot(Int(number))
    guard slot != 0 else { throw .EBADF }
    table.setSlot(Int(number), 0)
    table.pointee.firstFree = min(table.pointee.firstFree, Int(number))
    close(Self.file(slot), of: table)
  }

  /// Closes all numbers of a range, or lets exec close them (close_range).
  public func closeRange(
    _ range: ClosedRange<UInt64>, in table: KernelPointer<FileDescriptorTable>, onExec: Bool
  ) throws(Errno) {
    let capacity = UInt64(table.pointee.capacity)
    guard range.lowerBound < capacity else { return }
    for number in range.lowerBound...min(range.upperBound, capacity &- 1) {
      let slot = table.slot(Int(number))
      guard slot != 0 else { continue }
      if onExec {
        table.setSlot(Int(number), slot | 1)
      } else {
        try close(number, in: table)
      }
    }
  }

  /// Whether a file is a stream of bytes, which has no positions.
  public func isStream(_ file: KernelPointer<OpenFile>) -> Bool {
    switch file.pointee.inode.pointee.kind {
    case .pipe, .socket: true
    case .device(let device): device.isConsole
    case .supplied(let supplied): !supplied.isSeekable
    default: false
    }
  }

  /// Whether a number closes on exec (F_GETFD).
  public func closesOnExec(
    _ number: UInt64, in table: KernelPointer<FileDescriptorTable>
  ) throws(Errno) -> Bool {
    _ = try file(number, in: table)
    return table.slot(Int(number)) & 1 != 0
  }

  /// Says whether a number closes on exec (F_SETFD).
  public func setClosesOnExec(
    _ closes: Bool, _ number: UInt64, in table: KernelPointer<FileDescriptorTable>
  ) throws(Errno) {
    _ = try file(number, in: table)
    table.setSlot(Int(number), table.slot(Int(number)) & ~1 | (closes ? 1 : 0))
  }

  /// Closes what exec closes (do_close_on_exec()).
  public func closeOnExec(_ table: KernelPointer<FileDescriptorTable>) {
    for number in 0..<table.pointee.capacity where table.slot(number) & 1 != 0 {
      let file = Self.file(table.slot(number))
      table.setSlot(number, 0)
      table.pointee.firstFree = min(table.pointee.firstFree, number)
      close(file, of: table)
    }
  }

  /// Sets the flags that may change while a file is open (F_SETFL).
  public func setFlags(of file: KernelPointer<OpenFile>, to flags: OpenFlags) {
    let changeable: OpenFlags = [.append, .nonBlocking, .direct, .noAccessTime]
    file.pointee.flags = file.pointee.flags.subtracting(changeable)
      .union(flags.intersection(changeable))
  }

  private static func file(_ slot: UInt) -> KernelPointer<OpenFile> {
    // SAFETY: slots that are not 0 were made from a file that the table holds a reference of.
    unsafe KernelPointer(UnsafeMutablePointer<OpenFile>(bitPattern: slot & ~1).unsafelyUnwrapped)
  }

  private static func slot(_ file: KernelPointer<OpenFile>, _ closeOnExec: Bool) -> UInt {
    file.address | (closeOnExec ? 1 : 0)
  }

  /// Makes the table hold a number: 64 slots, then 128, 256 and so on (expand_files()).
  private func grow(
    _ table: KernelPointer<FileDescriptorTable>, toHold number: Int
  ) throws(Errno) {
    let old = table.pointee.capacity
    guard number >= old else { return }
    var capacity = old
    while capacity <= number { capacity &*= 2 }
    guard
      let buffer = unsafe slab.pointee.allocateBytes(
        ByteCount(UInt64(capacity &* 8)), [.kernel, .account])
    else { throw .ENOMEM }
    // SAFETY: the buffer has room for `capacity` slots.
    let slots = unsafe buffer.bindMemory(to: UInt.self, capacity: capacity)
    for index in 0..<capacity {
      unsafe (slots + index).initialize(to: index < old ? table.slot(index) : 0)
    }
    freeBuffer(of: table)
    table.pointee.buffer = UInt(bitPattern: buffer)
    table.pointee.capacity = capacity
  }

  private func freeBuffer(of table: KernelPointer<FileDescriptorTable>) {
    guard
      let buffer = unsafe UnsafeMutableRawPointer(bitPattern: table.pointee.buffer)
    else { return }
    unsafe slab.pointee.freeBytes(buffer, ByteCount(UInt64(table.pointee.capacity &* 8)))
    table.pointee.buffer = 0
  }
}

extension KernelPointer<FileDescriptorTable> {
  /// A slot below the capacity.
  @inline(__always)
  func slot(_ number: Int) -> UInt {
    if let buffer = unsafe UnsafePointer<UInt>(bitPattern: pointee.buffer) {
      return unsafe buffer[number]
    }
    return pointee.slots[number]
  }

  @inline(__always)
  func setSlot(_ number: Int, _ value: UInt) {
    if let buffer = unsafe UnsafeMutablePointer<UInt>(bitPattern: pointee.buffer) {
      unsafe buffer[number] = value
    } else {
      pointee.slots[number] = value
    }
  }
}
