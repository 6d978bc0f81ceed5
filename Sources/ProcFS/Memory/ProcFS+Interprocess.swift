import AddressSpaces
import Arm64
import Files
import KernelHeap
import MemoryTypes
import Tasks

/// `/proc/sysvipc`: the objects of System V's interprocess communication, by their places.
extension ProcFS {
  /// `/proc/sysvipc/shm` (ipc/shm.c:sysvipc_shm_proc_show()).
  func sharedSegments(_ out: inout Writer) {
    out.text("       key      shmid perms                  size  cpid  lpid nattch   uid   gid")
    out.text("  cuid  cgid      atime      dtime      ctime                   rss")
    out.text("                  swap\n")
    guard let shared = kernel.memory.pointee.sharedMemory else { return }
    let pageSize = kernel.board.pageSize
    var place = 0
    while place <= shared.pointee.segments.highest {
      defer { place &+= 1 }
      guard let segment = shared.pointee.segments.object(at: place) else { continue }
      let value = segment.pointee
      names(value.permissions, &out)
      column(value.size, 21, &out)
      column(UInt64(UInt32(bitPattern: value.creator)), 5, &out)
      column(UInt64(UInt32(bitPattern: value.lastUser)), 5, &out)
      column(value.attachments, 6, &out)
      owners(value.permissions, &out)
      column(UInt64(bitPattern: value.attached), 10, &out)
      column(UInt64(bitPattern: value.detached), 10, &out)
      column(UInt64(bitPattern: value.changed), 10, &out)
      let pages = PageCount(value.inode.pointee.pages.count)
      column(pages.bytes(of: pageSize).rawValue, 21, &out)
      let swapped = PageCount(value.inode.pointee.swapped)
      column(swapped.bytes(of: pageSize).rawValue, 21, &out)
      out.newline()
    }
  }

  /// `/proc/sysvipc/sem` (ipc/sem.c:sysvipc_sem_proc_show()).
  func semaphoreSets(_ out: inout Writer) {
    out.text("       key      semid perms      nsems   uid   gid  cuid  cgid      otime")
    out.text("      ctime\n")
    guard let all = kernel.store.pointee.semaphores else { return }
    var place = 0
    while place <= all.pointee.sets.highest {
      defer { place &+= 1 }
      guard let set = all.pointee.sets.object(at: place) else { continue }
      names(set.pointee.permissions, &out)
      column(UInt64(set.pointee.count), 10, &out)
      owners(set.pointee.permissions, &out)
      column(UInt64(bitPattern: set.pointee.operated), 10, &out)
      column(UInt64(bitPattern: set.pointee.changed), 10, &out)
      out.newline()
    }
  }

  /// `/proc/sysvipc/msg` (ipc/msg.c:sysvipc_msg_proc_show()).
  func messageQueues(_ out: inout Writer) {
    out.text("       key      msqid perms      cbytes       qnum lspid lrpid   uid   gid")
    out.text("  cuid  cgid      stime      rtime      ctime\n")
    guard let all = kernel.store.pointee.messages else { return }
    var place = 0
    while place <= all.pointee.queues.highest {
      defer { place &+= 1 }
      guard let queue = all.pointee.queues.object(at: place) else { continue }
      let value = queue.pointee
      names(value.permissions, &out)
      column(value.bytes, 11, &out)
      column(value.count, 10, &out)
      column(UInt64(UInt32(bitPattern: value.sender)), 5, &out)
      column(UInt64(UInt32(bitPattern: value.receiver)), 5, &out)
      owners(value.permissions, &out)
      column(UInt64(bitPattern: value.sent), 10, &out)
      column(UInt64(bitPattern: value.received), 10, &out)
      column(UInt64(bitPattern: value.changed), 10, &out)
      out.newline()
    }
  }

  /// Key, identifier and mode.
  private func names(_ permissions: IPCPermissions, _ out: inout Writer) {
    out.decimal(Int64(permissions.key), width: 10)
    out.byte(0x20)
    out.decimal(Int64(permissions.identifier), width: 10)
    out.text("  ")
    var digits = 1
    var rest = permissions.mode &>> 3
    while rest > 0 {
      digits &+= 1
      rest &>>= 3
    }
    out.pad(max(0, 4 &- digits))
    out.octal(UInt64(permissions.mode))
  }

  private func owners(_ permissions: IPCPermissions, _ out: inout Writer) {
    column(UInt64(permissions.user), 5, &out)
    column(UInt64(permissions.group), 5, &out)
    column(UInt64(permissions.creator), 5, &out)
    column(UInt64(permissions.creatorGroup), 5, &out)
  }

  /// A number after a blank, right aligned.
  private func column(_ value: UInt64, _ width: Int, _ out: inout Writer) {
    out.byte(0x20)
    out.decimal(value, width: width)
  }
}
