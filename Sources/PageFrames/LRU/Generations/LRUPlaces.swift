import Arm64
public import MemoryTypes

/// Going through all pages of files of a vector, whichever lists it has.
///
/// *Places* 0 to 3 are the two policies' common numbers of the old lists, 4 to 19 the lists of
/// generations; those that are not in use are empty.
extension FrameAllocator {
  public static var places: Int { 20 }

  public static func isOfFiles(place: Int) -> Bool {
    place < 4 ? place >= 2 : (place &- 4) &>> 1 & 1 == 1
  }

  private func list(_ place: Int, of vector: KernelPointer<LRUVector>) -> FrameList? {
    if place < 4 { return LRUVector.list(vector, place) }
    return vector.pointee.generations.map { Generations.list($0, place &- 4) }
  }

  /// The frame at the end of a place, which has been there longest.
  public func oldest(place: Int, of vector: KernelPointer<LRUVector>) -> PageFrameNumber? {
    guard let list = list(place, of: vector) else { return nil }
    return list.last.map { frames.number(of: $0) }
  }

  /// The frame that came to a place after one that is there.
  public func younger(
    than number: PageFrameNumber, place: Int, of vector: KernelPointer<LRUVector>
  ) -> PageFrameNumber? {
    guard let list = list(place, of: vector) else { return nil }
    return list.frame(before: frames[number]).map { frames.number(of: $0) }
  }
}

extension FrameAllocator {
  /// Takes the pages of a place into ``IsolatedList/held``, to be dropped; of a generation those only
  /// that nothing speaks against, for the others would lose their place.
  public mutating func isolateAll(from vector: KernelPointer<LRUVector>, place: Int) {
    if place < 4, let list = LRUList(rawValue: UInt8(place)) {
      _ = isolate(vector.pointee.size(list), from: vector, list, upTo: .movable)
      return
    }
    var next = oldest(place: place, of: vector)
    while let number = next {
      next = younger(than: number, place: place, of: vector)
      let frame = frames[number]
      guard frame.pointee.mapCount == 0,
        frame.pointee.flags.isDisjoint(with: [.dirty, .writeback, .locked]), isolate(number)
      else { continue }
      frame.pointee.flags.remove(.active)
      keep(number, .held)
    }
  }
}
