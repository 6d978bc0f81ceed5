import Arm64
import MemoryTypes
import PageFrames

extension ObjectPool {
  /// Moves objects out of zspages that have few into others of their class, and frees what becomes
  /// empty (`zs_compact()`).
  ///
  /// - Parameters:
  ///   - buffer: room for a page.
  ///   - moved: told of each object's owner and new place.
  /// - Returns: how many frames that gave.
  @unsafe mutating func compact(
    buffer: UnsafeMutableRawPointer, _ moved: (UInt64, ZSObject) -> Void
  ) -> UInt64 {
    let before = pages
    for number in 0..<classCount {
      let own = sizeClass(number)
      guard !own.pointee.isHuge else { continue }
      while let source = own.pointee.almostEmpty, unsafe empty(source, own, buffer, moved) {}
    }
    compacted &+= before &- pages
    return before &- pages
  }

  /// Moves all objects of a zspage to others; false where these have no room for them.
  private mutating func empty(
    _ source: KernelPointer<ZSPage>, _ own: KernelPointer<SizeClass>,
    _ buffer: UnsafeMutableRawPointer, _ moved: (UInt64, ZSObject) -> Void
  ) -> Bool {
    guard room(own, besides: source) >= Int(source.pointee.inUse) else { return false }
    // Nothing is to be put there meanwhile.
    remove(source, own)
    source.pointee.fullness = .empty
    let capacity = capacity(own)
    for index in 0..<source.pointee.untouched {
      let object = ZSObject(page: source, index: index)
      let word = word(of: object, own)
      guard word & 1 != 0,
        let target = own.pointee.almostFull ?? own.pointee.almostEmpty
      else { continue }
      let bytes = unsafe bytes(of: object, capacity, buffer: buffer)
      let place = take(target, own, word)
      unsafe store(bytes, capacity, in: place)
      moved(word &>> 1, place)
    }
    pages &-= UInt64(own.pointee.pages)
    freeFrames(source, Int(own.pointee.pages))
    return true
  }

  /// Free objects of a class, those of a zspage left out.
  private func room(
    _ own: KernelPointer<SizeClass>, besides source: KernelPointer<ZSPage>
  ) -> Int {
    var room = 0
    for raw in ZSPage.Fullness.almostEmpty.rawValue...ZSPage.Fullness.almostFull.rawValue {
      var next = ZSPage.Fullness(rawValue: raw).flatMap { first($0, own) }
      while let page = next {
        next = page.pointee.next
        if page != source { room &+= Int(own.pointee.objects &- page.pointee.inUse) }
      }
    }
    return room
  }

  /// What is wrong with the pool; walks everything, for tests.
  func checkInvariants() -> StaticString? {
    var frames: UInt64 = 0
    for number in 0..<classCount {
      let own = sizeClass(number)
      for raw in ZSPage.Fullness.almostEmpty.rawValue...ZSPage.Fullness.full.rawValue {
        guard let fullness = ZSPage.Fullness(rawValue: raw) else { continue }
        var previous: KernelPointer<ZSPage>?
        var next = first(fullness, own)
        while let page = next {
          if page.pointee.previous != previous { return "a list of zspages" }
          if page.pointee.fullness != fullness || Int(page.pointee.sizeClass) != number {
            return "a zspage on another's list"
          }
          let inUse = page.pointee.inUse
          if inUse == 0 || (inUse == own.pointee.objects) != (fullness == .full) {
            return "a zspage's fullness"
          }
          frames &+= UInt64(own.pointee.pages)
          previous = page
          next = page.pointee.next
        }
      }
    }
    return frames == pages ? nil : "pages of a pool"
  }
}
