import AddressSpaces
import Arm64
import KernelHeap
public import Files
public import MemoryTypes

/// What one user has, of all that is counted by real user (`user_struct`, `ucounts`).
///
///     tasks == number of tasks that are not freed and whose real user it is
///     pendingSignals == entries of all queues of signals that name it
///
/// Accounts are found by a small hash of their users' numbers; an account that has neither is freed.
/// With several CPUs the hash has a lock.
@safe public struct UserAccount: ~Copyable {
  let resident = Resident()
  public let user: UInt32
  /// Threads of all processes (RLIMIT_NPROC).
  public internal(set) var tasks = 0
  /// Signals that wait, and timers, which each keep a place (RLIMIT_SIGPENDING).
  public internal(set) var pendingSignals: UInt64 = 0
  var next: KernelPointer<UserAccount>?

  public init(user: UInt32) { self.user = user }

  init(user: UInt32, next: KernelPointer<UserAccount>?) {
    self.user = user
    self.next = next
  }
}

extension KernelState {
  /// Sets who a task is, and counts it with its real user (kernel/cred.c:commit_creds()).
  ///
  /// Without memory for a new account the task counts with its old user.
  public func setCredentials(of task: KernelPointer<Task<B>>, to credentials: Credentials) {
    task.pointee.capabilities.follow(from: task.pointee.credentials, to: credentials)
    let previous = task.pointee.credentials
    task.pointee.credentials = credentials
    // Who becomes somebody else shows nothing of what it was (kernel/cred.c:commit_creds()).
    if previous.effectiveUser != credentials.effectiveUser
      || previous.effectiveGroup != credentials.effectiveGroup
    {
      task.pointee.memory.space?.pointee.isDumpable = false
    }
    task.pointee.memory.isPrivileged = task.pointee.capabilities.isMemoryPrivileged
    let old = task.pointee.user
    guard old.pointee.user != credentials.user, let new = account(of: credentials.user) else {
      return
    }
    new.pointee.tasks &+= 1
    task.pointee.user = new
    leave(old)
    // Nobody expects a change of users to fail; the next exec does (flag_nproc_exceeded()).
    task.pointee.exceedsTasks = exceedsTasks(task)
  }

  /// Whether a user but 0 has more tasks than a process's limit allows.
  func exceedsTasks(_ task: KernelPointer<Task<B>>) -> Bool {
    task.pointee.user.pointee.user != 0
      && UInt64(task.pointee.user.pointee.tasks)
        > task.pointee.process.pointee.limits[.processes].soft
  }

  /// The account of a user, new if need be; nil without memory.
  func account(of user: UInt32) -> KernelPointer<UserAccount>? {
    let index = Int(user & 63)
    var next = store.pointee.users[index]
    while let found = next {
      if found.pointee.user == user { return found }
      next = found.pointee.next
    }
    let account = store.pointee.caches.users.allocate(
      UserAccount(user: user, next: store.pointee.users[index]))
    if let account { store.pointee.users[index] = account }
    return account
  }

  /// One task less; an account without tasks is gone (free_uid()).
  func leave(_ account: KernelPointer<UserAccount>) {
    account.pointee.tasks &-= 1
    freeIfUnused(account)
  }

  /// One signal less.
  @inline(__always)
  func dropSignal(of account: KernelPointer<UserAccount>) {
    account.pointee.pendingSignals &-= 1
    if account.pointee.tasks == 0 { freeIfUnused(account) }
  }

  private func freeIfUnused(_ account: KernelPointer<UserAccount>) {
    guard account.pointee.tasks == 0, account.pointee.pendingSignals == 0 else { return }
    let index = Int(account.pointee.user & 63)
    if store.pointee.users[index] == account {
      store.pointee.users[index] = account.pointee.next
    } else {
      var before = store.pointee.users[index]
      while let here = before {
        if here.pointee.next == account {
          here.pointee.next = account.pointee.next
          break
        }
        before = here.pointee.next
      }
    }
    store.pointee.caches.users.free(account)
  }
}
