import Arm64
import HostBoard
import MemorySupport
import MemoryTypes
import PageFrames
import TestSupport
import Testing

@testable import AddressSpaces
@testable import Files

/// Segments that processes attach, cut up, fork, detach and remove at random, beside a model of who
/// shows which.
@Suite struct SegmentTests {
  /// A segment as the model knows it.
  struct Segment {
    var identifier: Int32
    var pages: Int
    var isRemoved = false
    var value: UInt64
  }

  @Test(arguments: Configuration.all, 1...6)
  func countsAreTheAreas(configuration: Configuration, seed: Int) throws {
    let machine = try TestMachine(configuration)
    defer { machine.end() }
    var random = Random(seed: UInt64(seed))
    let caller = IPCCaller(process: 1, user: 0, group: 0, isPrivileged: true)
    let context = machine.context
    // The table of segments is there for ever.
    let first = try context.pointee.segment(key: 0, size: 1, flags: 0o600, by: caller)
    context.pointee.remove(
      try context.pointee.sharedMemoryMaking().pointee.segments.object(first))
    let before = Holdings(machine)
    var spaces = [try machine.makeSpace()]
    var segments: [Segment] = []

    for step in 0..<3000 {
      let space = try #require(spaces.randomElement(using: &random))
      machine.activate(space)
      let comment: Comment = "seed \(seed) step \(step)"
      switch Int.random(in: 0..<12, using: &random) {
      case 0 where segments.count < 5:
        let pages = Int.random(in: 1...6, using: &random)
        let identifier = try context.pointee.segment(
          key: 0, size: UInt64(pages) * machine.page - 5, flags: 0o600, by: caller)
        segments.append(Segment(identifier: identifier, pages: pages, value: 0))
      case 1...4:
        guard let index = segments.indices.randomElement(using: &random) else { continue }
        let at = try space.pointee.attach(
          segments[index].identifier, at: VirtualAddress(0), 0, by: caller)
        // What one wrote another reads.
        #expect(space.pointee.load(at.rawValue) == .value(segments[index].value), comment)
        segments[index].value = UInt64(step)
        #expect(space.pointee.store(UInt64(step), at: at.rawValue) == .value(UInt64(step)), comment)
      case 5, 6:
        let shown = attachments(of: space)
        guard let area = shown.randomElement(using: &random) else { continue }
        try space.pointee.detach(VirtualAddress(area.start))
      case 7:
        guard let area = attachments(of: space).randomElement(using: &random), area.pages > 2
        else { continue }
        try space.pointee.unmap(
          VirtualAddress(area.start + machine.page), ByteCount(machine.page))
      case 8 where spaces.count < 5: spaces.append(try #require(copy(of: space)))
      case 9 where spaces.count > 1:
        machine.activate(nil)
        spaces.removeAll { $0 == space }
        AddressSpace.release(space)
      case 10:
        guard let index = segments.indices.randomElement(using: &random),
          !segments[index].isRemoved
        else { continue }
        segments[index].isRemoved = true
        let shared = try context.pointee.sharedMemoryMaking()
        context.pointee.remove(try shared.pointee.segments.object(segments[index].identifier))
      default:
        guard let area = attachments(of: space).randomElement(using: &random) else { continue }
        try space.pointee.protect(
          VirtualAddress(area.start), ByteCount(machine.page),
          Bool.random(using: &random) ? .read : [.read, .write])
      }
      segments = try check(segments, spaces, machine, comment)
    }
    machine.activate(nil)
    for space in spaces { AddressSpace.release(space) }
    let shared = try context.pointee.sharedMemoryMaking()
    for segment in segments where !segment.isRemoved {
      context.pointee.remove(try shared.pointee.segments.object(segment.identifier))
    }
    #expect(shared.pointee.totalPages == 0 && shared.pointee.segments.inUse == 0)
    #expect(context.pointee.committed == 0)
    #expect(machine.frames.pointee.statistic(.nr_shmem) == 0)
    #expect(Holdings(machine).frames == before.frames, "seed \(seed)")
  }

  private func copy(of space: Space) -> Space? { space.pointee.copy() }

  /// The areas of a space that show a segment from its beginning on.
  private func attachments(of space: Space) -> [(start: UInt64, pages: Int)] {
    var found: [(start: UInt64, pages: Int)] = []
    var next = space.pointee.areas.first
    while let area = next {
      next = area.pointee.next
      guard area.pointee.special == .attachment, area.pointee.pageOffset == 0 else { continue }
      found.append((area.pointee.start.rawValue, Int(space.pointee.pageCount(of: area))))
    }
    return found
  }

  /// Every count is what the areas say; a removed segment without areas is gone, and only that.
  private func check(
    _ segments: [Segment], _ spaces: [Space], _ machine: TestMachine, _ comment: Comment
  ) throws -> [Segment] {
    var counts: [UInt: UInt64] = [:]
    for space in spaces {
      var next = space.pointee.areas.first
      while let area = next {
        next = area.pointee.next
        guard area.pointee.special == .attachment, let file = area.pointee.file else { continue }
        counts[file.pointee.inode.address, default: 0] += 1
      }
    }
    let shared = try machine.context.pointee.sharedMemoryMaking()
    var left: [Segment] = []
    var pages: UInt64 = 0
    for segment in segments {
      guard let object = try? shared.pointee.segments.object(segment.identifier) else {
        #expect(segment.isRemoved, comment)
        continue
      }
      let count = counts[object.pointee.inode.address, default: 0]
      #expect(object.pointee.attachments == count, comment)
      #expect(!segment.isRemoved || count > 0, comment)
      pages += UInt64(segment.pages)
      left.append(segment)
    }
    #expect(
      shared.pointee.totalPages == pages && shared.pointee.segments.inUse == left.count, comment)
    return left
  }
}
