import Arm64
import MemoryTypes

extension FrameAllocator {
  /// Whether generations, lists and sizes agree; walks all of RAM, for tests.
  public func checkGenerations() -> StaticString? {
    if let wrong = checkGenerations(rootLRU) { return wrong }
    var group = groups.first
    while let here = group {
      if let wrong = checkGenerations(here.pointee.lru) { return wrong }
      group = here.following(below: nil)
    }
    return nil
  }

  private func checkGenerations(_ vector: KernelPointer<LRUVector>) -> StaticString? {
    guard let generations = vector.pointee.generations else {
      return usesGenerations ? "a vector without generations" : nil
    }
    guard usesGenerations else { return "generations that are off" }
    let files = generations.pointee.count(1)
    guard files >= Generations.fewest, files <= generations.pointee.count(0),
      generations.pointee.count(0) <= Generations.most
    else { return "the numbers of generations" }
    for list in 0..<4 where !LRUVector.list(vector, list).isEmpty {
      return "a list that is in use beside generations"
    }
    var found: InlineArray<16, Int> = .init(repeating: 0)
    for place in 0..<16 {
      let type = place &>> 1 & 1
      let zone = place & 1
      var next = Generations.list(generations, place).first
      while let frame = next {
        next = Generations.list(generations, place).frame(after: frame)
        let flags = frame.pointee.flags
        guard flags.contains(.lru), flags.isDisjoint(with: [.active, .unevictable]) else {
          return "flags of a frame in a generation"
        }
        guard flags.generation >= 0 else { return "a frame without a generation in a list" }
        guard frame.pointee.lruType == type else { return "a frame in a list of another type" }
        guard zoneNumber(frames.number(of: frame)) == zone else {
          return "a frame in a list of another zone"
        }
        guard frame.pointee.charge == vector.pointee.group, frame.pointee.referenceCount > 0 else {
          return "a frame in another group's generations"
        }
        let age = (Generations.number(generations.pointee.newest) &- flags.generation) & 3
        // Of anonymous ones, which aging leaves where they are while swap is full, some may be.
        guard type == 0 || age < generations.pointee.count(type) else {
          return "a frame of no generation"
        }
        found[Generations.place(flags.generation, type, zone)] &+= 1
      }
    }
    for place in 0..<16 where found[place] != generations.pointee.pages[place] {
      return "a generation's size"
    }
    return nil
  }

  /// What the lists of a vector's generations have, by the four lists that they count as.
  func countListed(
    _ vector: KernelPointer<LRUVector>, _ listed: inout InlineArray<5, Int>
  ) {
    guard let generations = vector.pointee.generations else { return }
    for place in 0..<16 {
      let list =
        (place &>> 1 & 1) &* 2 &+ (generations.pointee.isActive(place &>> 2) ? 1 : 0)
      listed[list] &+= generations.pointee.pages[place]
    }
  }
}
