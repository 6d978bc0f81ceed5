import AddressSpaces
import Arm64
import Files
import MemoryTypes
import ProcFS
import Tasks

/// Making tasks, and taking apart what they share (kernel/fork.c).
extension SystemCall {
  /// clone(flags, stack, parent's number, thread pointer, child's number): arm64's order.
  ///
  /// Only the lower half of the flags counts. A pidfd's number goes where the parent's copy of the
  /// child's number would.
  @inline(never)
  func clone() throws(Errno) -> UInt64 {
    let all = CloneFlags(rawValue: argument(0) & 0xffff_ffff)
    let flags = all.subtracting(.signalMask)
    guard !flags.contains([.pidfd, .storeInParent]) else { throw .EINVAL }
    var request = CloneRequest(
      flags, exitSignal: Signal(rawValue: UInt32(all.intersection(.signalMask).rawValue)))
    request.stack = argument(1)
    request.storeInParent = argument(2)
    request.storePIDFD = argument(2)
    request.threadPointer = argument(3)
    request.storeInChild = argument(4)
    return UInt64(UInt32(bitPattern: try kernel.clone(request)))
  }

  /// clone3(arguments, size): 64 bytes at first, 80 with the choice of a number, 88 with a cgroup.
  @inline(never)
  func clone3() throws(Errno) -> UInt64 {
    let fields = try cloneArguments()
    // copy_clone_args_from_user(), then clone3_args_valid().
    guard fields[9] <= 32, (fields[8] == 0) == (fields[9] == 0), fields[4] <= 64 else {
      throw .EINVAL
    }
    let flags = CloneFlags(rawValue: fields[0])
    if flags.contains(.intoCgroup) && (fields[10] > 0x7fff_ffff || argument(1) < 88) {
      throw .EINVAL
    }
    var request = CloneRequest(
      flags, exitSignal: Signal(rawValue: UInt32(truncatingIfNeeded: fields[4])))
    var numbers = fields[9]
    var wanted: Int32 = 0
    while numbers > 0 {
      numbers &-= 1
      wanted = try space.pointee.copyIn(
        Int32.self, from: VirtualAddress(fields[8]) + ByteCount(numbers &* 4))
    }
    guard flags.rawValue &>> 34 == 0,
      flags.isDisjoint(with: [.detached, CloneFlags(rawValue: 0x7f)]),
      !flags.contains([.handlers, .clearHandlers]),
      flags.isDisjoint(with: [.thread, .sameParent]) || fields[4] == 0
    else { throw .EINVAL }
    if fields[5] == 0 {
      guard fields[6] == 0 else { throw .EINVAL }
    } else {
      let limit = space.pointee.taskSize.rawValue
      guard fields[6] != 0, fields[6] <= limit, fields[5] <= limit &- fields[6] else {
        throw .EINVAL
      }
      request.stack = fields[5] &+ fields[6]
    }
    guard !flags.contains([.pidfd, .storeInParent]) || fields[1] != fields[3] else {
      throw .EINVAL
    }
    request.storePIDFD = fields[1]
    request.storeInChild = fields[2]
    request.storeInParent = fields[3]
    request.threadPointer = fields[7]
    if flags.contains(.intoCgroup) { findGroup(fields[10], &request) }
    if fields[9] > 0 { request.number = wanted }
    request.choosesNumber = fields[9]
    return UInt64(UInt32(bitPattern: try kernel.clone(request)))
  }

  /// The control group that a descriptor names, of its folder (cgroup_css_set_fork()).
  private func findGroup(_ descriptor: UInt64, _ request: inout CloneRequest) {
    do throws(Errno) {
      let file = try files.pointee.file(descriptor, in: table)
      let group = try ProcFS(kernel).controlGroup(of: file)
      request.group = (group.pointee.slot, group.pointee.serial)
    } catch { request.isGroupRemoved = error == .ENOENT }
  }

  /// The fields of `struct clone_args`, those that the caller does not know zero
  /// (copy_struct_from_user()): what it knows and this kernel does not must be zero.
  private func cloneArguments() throws(Errno) -> InlineArray<11, UInt64> {
    let size = argument(1)
    guard size <= kernel.board.pageSize.bytes.rawValue else { throw .E2BIG }
    guard size >= 64 else { throw .EINVAL }
    var fields = InlineArray<11, UInt64>(repeating: 0)
    var offset: UInt64 = 88
    while offset < size {
      guard try space.pointee.copyIn(UInt8.self, from: address(0) + ByteCount(offset)) == 0 else {
        throw .E2BIG
      }
      offset &+= 1
    }
    var span = fields.mutableSpan
    // SAFETY: the fields are a local of 88 bytes.
    try unsafe span.withUnsafeMutableBytes { (bytes) throws(Errno) in
      guard let start = bytes.baseAddress else { return }
      try unsafe space.pointee.copyIn(address(0), to: start, Int(min(size, 88)))
    }
    return fields
  }

  /// unshare(flags).
  func unshare() throws(Errno) -> UInt64 {
    try kernel.unshare(CloneFlags(rawValue: argument(0)))
    return 0
  }
}
