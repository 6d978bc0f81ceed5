import HostBoard
import MemoryTypes
import TestSupport
import Testing

@testable import Files

/// Locks beside a model that knows of every byte who holds it and how.
@Suite struct LockTests {
  @Test(arguments: [UInt64(1), 2, 3, 4])
  func agreesWithBytes(_ seed: UInt64) throws {
    let machine = try TestMachine()
    defer { machine.end() }
    var random = Random(seed: seed)
    let file = try machine.files.pointee.open("/f", [.create, .readWrite])
    defer { machine.files.pointee.release(file) }
    let inode = file.pointee.inode
    // model[byte][owner] is the kind that the owner holds there.
    var model = [[UInt: LockRequest.Kind]](repeating: [:], count: 24)
    for step in 0..<4000 {
      let owner = UInt.random(in: 1...3, using: &random)
      let first = Int.random(in: 0..<24, using: &random)
      let last = Int.random(in: first..<24, using: &random)
      let kind: LockRequest.Kind = [.shared, .exclusive, .none].randomElement(using: &random)!
      let request = LockRequest(
        family: .process, kind: kind, owner: owner, pid: Int32(owner), first: UInt64(first),
        last: UInt64(last))
      let isFree = (first...last).allSatisfy { byte in
        model[byte].allSatisfy { other, held in
          other == owner || kind == .none || kind == .shared && held == .shared
        }
      }
      let error = errno { try machine.files.pointee.lock(request, on: inode) }
      #expect((error == nil) == isFree, "seed \(seed), step \(step)")
      if isFree {
        for byte in first...last { model[byte][owner] = kind == .none ? nil : kind }
      }
      check(inode, model, "seed \(seed), step \(step)")
    }
  }

  /// The locks say of every byte what the model says, and no two of one owner and kind touch.
  private func check(
    _ inode: KernelPointer<Inode>, _ model: [[UInt: LockRequest.Kind]], _ note: Comment
  ) {
    var found = [[UInt: LockRequest.Kind]](repeating: [:], count: 24)
    var ends: Set<[UInt64]> = []
    var candidate = inode.pointee.locks
    while let lock = candidate {
      let request = lock.pointee.request
      for byte in request.first...request.last {
        #expect(found[Int(byte)][request.owner] == nil, note)
        found[Int(byte)][request.owner] = request.kind
      }
      let key = [UInt64(request.owner), UInt64(request.kind.rawValue)]
      #expect(!ends.contains(key + [request.first]), note)
      ends.insert(key + [request.last + 1])
      candidate = lock.pointee.next
    }
    #expect(found == model, note)
  }

  @Test func wholeLocksAreTheOpenFiles() throws {
    let machine = try TestMachine()
    defer { machine.end() }
    let files = machine.files
    let a = try files.pointee.open("/f", [.create, .readWrite])
    let b = try files.pointee.open("/f", .readWrite)
    func request(_ file: KernelPointer<OpenFile>, _ kind: LockRequest.Kind) -> LockRequest {
      LockRequest(
        family: .whole, kind: kind, owner: file.address, pid: 1, first: 0, last: LockRequest.end)
    }
    let inode = a.pointee.inode
    try files.pointee.lock(request(a, .exclusive), on: inode)
    #expect(errno { try files.pointee.lock(request(b, .shared), on: inode) } == .EAGAIN)
    // Range locks do not see it.
    try files.pointee.lock(
      LockRequest(family: .process, kind: .exclusive, owner: 9, pid: 9, first: 0, last: 5),
      on: inode)
    files.pointee.release(a)
    try files.pointee.lock(request(b, .exclusive), on: inode)
    files.pointee.release(b)
  }

  @Test func whoWaitsInACircleIsTold() throws {
    let machine = try TestMachine()
    defer { machine.end() }
    let files = machine.files
    func request(_ owner: UInt) -> LockRequest {
      LockRequest(
        family: .process, kind: .exclusive, owner: owner, pid: 1, first: 0, last: 0)
    }
    var first = LockWaiter()
    var second = LockWaiter()
    unsafe withUnsafeMutablePointer(to: &first) { a in
      unsafe withUnsafeMutablePointer(to: &second) { b in
        let (a, b) = unsafe (KernelPointer(a), KernelPointer(b))
        #expect(errno { try files.pointee.beginWaiting(a, request(1), for: request(2)) } == nil)
        #expect(errno { try files.pointee.beginWaiting(b, request(2), for: request(3)) } == nil)
        var third = LockWaiter()
        unsafe withUnsafeMutablePointer(to: &third) { c in
          let c = unsafe KernelPointer(c)
          #expect(
            errno { try files.pointee.beginWaiting(c, request(3), for: request(1)) } == .EDEADLK)
        }
        files.pointee.endWaiting(a)
        files.pointee.endWaiting(b)
      }
    }
  }
}
