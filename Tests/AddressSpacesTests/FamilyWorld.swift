import Arm64
import HostBoard
import MemorySupport
import MemoryTypes
import PageFrames

@testable import AddressSpaces
@testable import Files

/// What a page holds: its first and its last word.
struct Words: Equatable {
  var first: UInt64 = 0
  var last: UInt64 = 0

  subscript(isLast: Bool) -> UInt64 {
    get { isLast ? last : first }
    set { if isLast { last = newValue } else { first = newValue } }
  }
}

/// An object that several processes map: a file, or shared anonymous memory.
final class ObjectModel {
  var pages: [Words]
  /// The file itself; nil for shared anonymous memory, which only its areas hold.
  let file: KernelPointer<OpenFile>?

  init(pages count: Int, file: KernelPointer<OpenFile>?) {
    pages = Array(repeating: Words(), count: count)
    self.file = file
  }
}

/// One page of a process.
struct PageModel {
  enum Backing {
    case anonymous
    /// A page of an object, mapped shared.
    case shared(ObjectModel, Int)
    /// A page of an object, mapped private.
    case view(ObjectModel, Int)
  }

  var backing: Backing
  var protection: Protection
  /// What was written here by this process or an ancestor, where that is not the object's.
  var own: Words?
  var isLocked = false
  var isLockedOnFault = false
  var wipes = false
  var staysBehind = false
  var policy = MemoryPolicy.none

  /// What is read; nil past the end of the object.
  var words: Words? {
    if let own { return own }
    switch backing {
    case .anonymous: return Words()
    case .shared(let object, let index), .view(let object, let index):
      return index < object.pages.count ? object.pages[index] : nil
    }
  }

  var isPrivate: Bool {
    if case .shared = backing { return false }
    return true
  }
}

/// A process: a space, and what each page of a window in it must be.
struct ProcessModel {
  static let pages = 224
  var space: Space
  var pages: [PageModel?] = Array(repeating: nil, count: Self.pages)

  func fork(into child: Space) -> ProcessModel {
    var copy = self
    copy.space = child
    for index in copy.pages.indices {
      guard let page = copy.pages[index] else { continue }
      if page.staysBehind { copy.pages[index] = nil }
      copy.pages[index]?.isLocked = false
      copy.pages[index]?.isLockedOnFault = false
      if page.wipes { copy.pages[index]?.own = nil }
    }
    return copy
  }
}

/// A TLB that forgets only what it is told to: an access through what it still has must be right.
struct TLBModel {
  private var entries: [UInt64: Descriptor] = [:]

  private func key(_ address: UInt64, _ asid: ASID, _ shift: UInt64) -> UInt64 {
    UInt64(asid.rawValue) &<< 48 | address &>> shift
  }

  subscript(_ address: UInt64, _ asid: ASID, _ shift: UInt64) -> Descriptor? {
    get { entries[key(address, asid, shift)] }
    set { entries[key(address, asid, shift)] = newValue }
  }

  mutating func perform(_ invalidations: [TLBInvalidation], _ shift: UInt64) {
    for invalidation in invalidations {
      switch invalidation {
      case .page(let address, let asid), .pageAndTables(let address, let asid):
        self[address.rawValue, asid, shift] = nil
      case .range(let start, let pages, let asid, _):
        for page in 0..<pages.rawValue { self[start.rawValue + page &<< shift, asid, shift] = nil }
      case .addressSpace(let asid):
        entries = entries.filter { $0.key &>> 48 != UInt64(asid.rawValue) }
      case .kernelPage, .kernelRange: break
      case .all: entries.removeAll()
      }
    }
  }
}
