public import Arm64
public import KernelHeap
public import MemoryTypes

/// An object that is found by identifier or by key, and lives in an ``IPCTable``.
public protocol IPCObject: BitwiseCopyable {
  var permissions: IPCPermissions { get set }
  /// The next object whose key falls into the same bucket; the table's.
  var nextOfKey: KernelPointer<Self>? { get set }
}

/// The objects of one kind: Linux's `ipc_ids` (ipc/util.c).
///
/// An identifier is `sequence << 15 | place`. Places are given out in turn, from the one after the
/// last, among the first 64, or half as many again as there are objects; the sequence number grows
/// each time that turn begins anew. So an identifier names a removed object for long.
///
///     inUse == objects in the leaves == objects in the buckets and those without a key
///     highest == the highest place in use, or -1
@safe public struct IPCTable<Object: IPCObject, B: Board>: ~Copyable {
  let resident = Resident()
  var leaves: InlineArray<128, KernelPointer<IPCLeaf<Object>>?> = .init(repeating: nil)
  var buckets: InlineArray<64, KernelPointer<Object>?> = .init(repeating: nil)
  public private(set) var inUse = 0
  public private(set) var highest = -1
  var lastPlace = -1
  var nextPlace = 0
  var sequence: UInt32 = 0
  let leafCache: ObjectCache<IPCLeaf<Object>, B>

  /// An empty table.
  public init(leafCache: ObjectCache<IPCLeaf<Object>, B>) { self.leafCache = leafCache }

  /// IPCMNI: the places that there may be, and the bits they take.
  static var places: Int { 32768 }
  static var placeBits: UInt32 { 15 }

  /// The object at a place.
  public func object(at place: Int) -> KernelPointer<Object>? {
    guard place >= 0, place < Self.places else { return nil }
    return leaves[place &>> 8]?.pointee.objects[place & 255]
  }

  /// The object with an identifier's place, whatever its sequence number (SHM_STAT).
  public func object(placedAs identifier: Int32) throws(Errno) -> KernelPointer<Object> {
    guard let object = object(at: Int(identifier) & (Self.places &- 1)) else { throw .EINVAL }
    return object
  }

  /// The object with an identifier (ipc_obtain_object_check()).
  public func object(_ identifier: Int32) throws(Errno) -> KernelPointer<Object> {
    guard identifier >= 0 else { throw .EINVAL }
    let object = try object(placedAs: identifier)
    guard object.pointee.permissions.identifier == identifier else { throw .EINVAL }
    return object
  }

  /// The object with a key.
  public func object(keyed key: Int32) -> KernelPointer<Object>? {
    var object = buckets[Int(UInt32(bitPattern: key) & 63)]
    while let here = object, here.pointee.permissions.key != key {
      object = here.pointee.nextOfKey
    }
    return object
  }

  /// Where the next object goes, and the identifier that it gets (ipc_idr_alloc()).
  public func nextIdentifier(limit: Int) throws(Errno) -> (place: Int, identifier: Int32, UInt32) {
    guard inUse < min(limit, Self.places) else { throw .ENOSPC }
    let end = min(max(inUse &* 3 / 2, 64), Self.places)
    var place = nextPlace
    while place < end, object(at: place) != nil { place &+= 1 }
    if place >= end {
      place = 0
      while place < end, object(at: place) != nil { place &+= 1 }
      guard place < end else { throw .ENOSPC }
    }
    var sequence = sequence
    if place <= lastPlace {
      sequence &+= 1
      if sequence >= 65536 { sequence = 0 }
    }
    return (place, Int32(bitPattern: sequence &<< Self.placeBits | UInt32(place)), sequence)
  }

  /// Puts an object where `nextIdentifier` said, and gives it that identifier.
  public mutating func insert(
    _ object: KernelPointer<Object>, at place: Int, _ sequence: UInt32
  ) throws(Errno) {
    if leaves[place &>> 8] == nil {
      guard let leaf = leafCache.allocate(IPCLeaf()) else { throw .ENOMEM }
      leaves[place &>> 8] = leaf
    }
    leaves[place &>> 8]?.pointee.objects[place & 255] = object
    self.sequence = sequence
    lastPlace = place
    nextPlace = place &+ 1
    object.pointee.permissions.sequence = sequence
    object.pointee.permissions.identifier = Int32(
      bitPattern: sequence &<< Self.placeBits | UInt32(place))
    let key = object.pointee.permissions.key
    if key != 0 {
      object.pointee.nextOfKey = buckets[Int(UInt32(bitPattern: key) & 63)]
      buckets[Int(UInt32(bitPattern: key) & 63)] = object
    }
    inUse &+= 1
    highest = max(highest, place)
  }

  /// Lets nobody find an object by its key any more (ipc_set_key_private()).
  public mutating func forgetKey(of object: KernelPointer<Object>) {
    let key = object.pointee.permissions.key
    guard key != 0 else { return }
    object.pointee.permissions.key = 0
    let bucket = Int(UInt32(bitPattern: key) & 63)
    guard buckets[bucket] != object else {
      buckets[bucket] = object.pointee.nextOfKey
      return
    }
    var before = buckets[bucket]
    while let here = before {
      if here.pointee.nextOfKey == object {
        here.pointee.nextOfKey = object.pointee.nextOfKey
        return
      }
      before = here.pointee.nextOfKey
    }
  }

  /// Takes an object out (ipc_rmid()).
  public mutating func remove(_ object: KernelPointer<Object>) {
    let place = Int(object.pointee.permissions.identifier) & (Self.places &- 1)
    forgetKey(of: object)
    leaves[place &>> 8]?.pointee.objects[place & 255] = nil
    inUse &-= 1
    guard place == highest else { return }
    while highest >= 0, self.object(at: highest) == nil { highest &-= 1 }
  }

  /// Visits all objects by their places.
  public func forEach(_ body: (KernelPointer<Object>) -> Void) {
    var place = 0
    while place <= highest {
      if let object = object(at: place) { body(object) }
      place &+= 1
    }
  }
}

/// 256 places of a table.
public struct IPCLeaf<Object: IPCObject>: BitwiseCopyable {
  var objects: InlineArray<256, KernelPointer<Object>?> = .init(repeating: nil)
}
