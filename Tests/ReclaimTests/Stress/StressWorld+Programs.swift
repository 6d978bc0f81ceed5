import Arm64
import HostBoard
import MemorySupport
import MemoryTypes
import PageFrames
import Reclaim
import TestSupport
import Testing

@testable import AddressSpaces

/// What programs do.
extension StressWorld {
  /// Makes a program of its own, with nothing written; nil without memory.
  mutating func begin(in group: KernelPointer<MemoryGroup>?) -> StressProgram? {
    deactivate()
    frames.pointee.groups.current = group
    guard let space = try? machine.machine.makeSpace() else { return nil }
    do {
      func map(_ pages: Int, _ flags: MapFlags, _ protection: Protection) throws -> UInt64 {
        try space.pointee.map(
          MappingRequest(
            length: ByteCount(UInt64(pages) * page), protection: protection, flags: flags,
            file: flags.contains(.anonymous) ? nil : machine.file)
        ).rawValue
      }
      let own = try map(Self.ownPages, [.private, .anonymous, .noReserve], [.read, .write])
      let program = StressProgram(
        space: space, group: group,
        chunks: (0..<Self.ownPages / Self.chunkPages).map {
          own + UInt64($0 * Self.chunkPages) * page
        },
        own: [StressProgram.Content](repeating: .word(0), count: Self.ownPages),
        shared: try map(Self.sharedPages, [.shared, .anonymous, .noReserve], [.read, .write]),
        sharing: StressSharing(),
        file: try map(Self.filePages, [.shared], [.read, .write]),
        copy: try map(Self.filePages, [.private, .noReserve], [.read, .write]))
      return program
    } catch {
      end(space)
      return nil
    }
  }

  mutating func fork(_ who: Int) {
    activate(programs[who])
    guard let child = programs[who].space.pointee.copy() else {
      note("a fork without memory")
      _ = makeRoom()
      return
    }
    let parent = programs[who]
    var program = StressProgram(
      space: child, group: parent.group, chunks: parent.chunks, own: parent.own,
      shared: parent.shared, sharing: parent.sharing, file: parent.file, copy: parent.copy)
    program.copied = parent.copied
    programs.append(program)
    note("forked")
  }

  func end(_ space: Space) {
    deactivate()
    AddressSpace.release(space)
  }

  /// Writes a page, or finds that there is no room for it.
  mutating func write(_ who: Int) {
    let index = random.below(Self.ownPages)
    let at = programs[who].place(index, page)
    let value = random.next()
    guard access(programs[who], at, storing: value) != nil else { return }
    guard access(programs[who], at + page - 8, storing: ~value) != nil else {
      // Half of it: the page is known to be neither. Nobody else is told, so it is written off.
      programs[who].own[index] = .perhaps(.max)
      return
    }
    programs[who].own[index] = .word(value)
  }

  mutating func check(_ who: Int, _ index: Int) {
    let at = programs[who].place(index, page)
    let what = programs[who].own[index]
    if what == .perhaps(.max) { return }
    guard let first = access(programs[who], at),
      let last = access(programs[who], at + page - 8)
    else { return }
    switch what {
    case .word(let word):
      expect(first == word && last == (word == 0 ? 0 : ~word), "page \(index) of \(who)")
    case .perhaps(let word):
      let isOld = first == word && last == (word == 0 ? 0 : ~word)
      expect(isOld || first == 0 && last == 0, "freed page \(index) of \(who)")
    }
  }

  mutating func share(_ who: Int) {
    let index = random.below(Self.sharedPages)
    let at = programs[who].shared + UInt64(index) * page
    if chance(1, of: 2) {
      let value = random.next()
      if access(programs[who], at, storing: value) != nil {
        programs[who].sharing.words[index] = value
      }
    } else if let word = access(programs[who], at) {
      expect(word == programs[who].sharing.words[index], "shared page \(index) of \(who)")
    }
  }

  mutating func useFile(_ who: Int) {
    let index = random.below(Self.filePages)
    let known = file[index] ?? UInt64(index)
    switch random.below(12) {
    case 0 where index < 12:
      let value = random.next()
      let at = programs[who].file + UInt64(index) * page
      if access(programs[who], at, storing: value) != nil { file[index] = value }
    case 1, 2:
      let value = random.next()
      let at = programs[who].copy + UInt64(index) * page
      if access(programs[who], at, storing: value) != nil { programs[who].copied[index] = value }
    case 3, 4, 5:
      if let word = access(programs[who], programs[who].copy + UInt64(index) * page) {
        expect(word == programs[who].copied[index] ?? known, "private file page \(index)")
      }
    default:
      if let word = access(programs[who], programs[who].file + UInt64(index) * page) {
        expect(word == known, "file page \(index)")
      }
    }
  }

  /// Advice for some of a chunk's pages.
  mutating func advise(_ who: Int) {
    activate(programs[who])
    let first = random.below(Self.ownPages)
    let room = Self.chunkPages - first % Self.chunkPages
    let count = 1 + random.below(room)
    let start = VirtualAddress(programs[who].place(first, page))
    let length = ByteCount(UInt64(count) * page)
    let advice: [Advice] = [.dontNeed, .free, .cold, .pageOut, .willNeed]
    let chosen = advice[random.below(5)]
    do throws(Errno) {
      try programs[who].space.pointee.advise(start, length, chosen.rawValue)
    } catch { return }
    if chosen == .pageOut { machine.reclaimer.pageOut(programs[who].space, start, length) }
    for index in first..<first + count {
      switch (chosen, programs[who].own[index]) {
      case (.dontNeed, _): programs[who].own[index] = .word(0)
      case (.free, .word(let word)): programs[who].own[index] = .perhaps(word)
      default: break
      }
    }
  }

  /// Moves a chunk to a place where nothing was.
  mutating func move(_ who: Int) {
    activate(programs[who])
    let chunk = random.below(programs[who].chunks.count)
    let length = ByteCount(UInt64(Self.chunkPages) * page)
    nextPlace += length.rawValue * UInt64(1 + random.below(40))
    do throws(Errno) {
      programs[who].chunks[chunk] =
        try programs[who].space.pointee.remap(
          VirtualAddress(programs[who].chunks[chunk]), length, length, [.mayMove, .fixed],
          VirtualAddress(nextPlace)
        ).rawValue
      note("moved")
    } catch { _ = makeRoom() }
  }

  /// Locks or unlocks a few pages.
  mutating func lock(_ who: Int) {
    activate(programs[who])
    let index = random.below(Self.ownPages / Self.chunkPages) * Self.chunkPages
    let start = VirtualAddress(programs[who].place(index, page))
    do throws(Errno) {
      if chance(1, of: 2) {
        try programs[who].space.pointee.lock(start, ByteCount(page * 2), onFault: false)
      } else {
        try programs[who].space.pointee.unlock(
          start, ByteCount(UInt64(Self.chunkPages) * page))
      }
    } catch { _ = makeRoom() }
  }

  /// Unmaps a chunk, and maps another in its place.
  mutating func mapAnew(_ who: Int) {
    activate(programs[who])
    let chunk = random.below(programs[who].chunks.count)
    let length = ByteCount(UInt64(Self.chunkPages) * page)
    let start = VirtualAddress(programs[who].chunks[chunk])
    do throws(Errno) {
      _ = try programs[who].space.pointee.map(
        MappingRequest(
          address: start, length: length, protection: [.read, .write],
          flags: [.private, .anonymous, .noReserve, .fixed]))
      for index in chunk * Self.chunkPages..<(chunk + 1) * Self.chunkPages {
        programs[who].own[index] = .word(0)
      }
    } catch { _ = makeRoom() }
  }

  func expect(_ isRight: Bool, _ what: String) {
    #expect(isRight, "seed \(seed), step \(step): \(what)")
  }
}
