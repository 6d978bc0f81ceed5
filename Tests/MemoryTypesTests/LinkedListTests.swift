import MemoryTypes
import TestSupport
import Testing

/// A list through its objects against an array.
@Suite struct LinkedListTests {
  struct Node: ~Copyable {
    let resident = Resident()
    var number: Int
    var place = ListLinks<Node>()
    var otherPlace = ListLinks<Node>()
  }

  static func links(_ node: KernelPointer<Node>) -> KernelPointer<ListLinks<Node>> {
    unsafe withUnsafeMutablePointer(to: &node.pointee.place) { unsafe KernelPointer($0) }
  }

  static func otherLinks(_ node: KernelPointer<Node>) -> KernelPointer<ListLinks<Node>> {
    unsafe withUnsafeMutablePointer(to: &node.pointee.otherPlace) { unsafe KernelPointer($0) }
  }

  /// The numbers from the front; nil where the way back is another.
  func numbers(_ list: LinkedList<Node>) -> [Int]? {
    var found: [Int] = []
    var previous: KernelPointer<Node>?
    var next = list.first
    while let node = next {
      guard node.pointee.place.previous == previous else { return nil }
      found.append(node.pointee.number)
      previous = node
      next = node.pointee.place.next
    }
    return list.last == previous ? found : nil
  }

  @Test(arguments: [UInt64(1), 2, 3])
  func isAsAnArray(seed: UInt64) {
    var random = Random(seed: seed)
    let count = 12
    let memory = UnsafeMutablePointer<Node>.allocate(capacity: count)
    for index in 0..<count { unsafe (memory + index).initialize(to: Node(number: index)) }
    defer {
      unsafe memory.deinitialize(count: count)
      unsafe memory.deallocate()
    }
    let nodes = (0..<count).map { unsafe KernelPointer(memory + $0) }
    var list = LinkedList<Node>()
    var other = LinkedList<Node>()
    var model: [Int] = []
    for node in nodes { other.append(node) { Self.otherLinks($0) } }
    for step in 0..<2000 {
      let index = Int(random.next() % UInt64(count))
      if let place = model.firstIndex(of: index) {
        list.remove(nodes[index]) { Self.links($0) }
        model.remove(at: place)
        #expect(
          nodes[index].pointee.place.next == nil && nodes[index].pointee.place.previous == nil)
      } else if random.next() % 3 == 0 {
        list.prepend(nodes[index]) { Self.links($0) }
        model.insert(index, at: 0)
      } else {
        list.append(nodes[index]) { Self.links($0) }
        model.append(index)
      }
      #expect(numbers(list) == model, "seed \(seed) step \(step)")
    }
    // The other list of the same objects is as it was.
    var next = other.first
    for index in 0..<count {
      #expect(next?.pointee.number == index)
      next = next?.pointee.otherPlace.next
    }
    #expect(next == nil && other.last == nodes[count - 1])
  }
}
