import MemorySupport
import MemoryTypes

@testable import AddressSpaces

/// The simplest address space there is: a dictionary from page number to what the page is.
struct AddressSpaceModel {
  /// A page that several see.
  final class SharedPage {
    var value: UInt64 = 0
  }

  enum Contents {
    case own(UInt64)
    case shared(SharedPage)
    /// A private view of a file's page that nobody wrote through.
    case view(SharedPage)

    var value: UInt64 {
      switch self {
      case .own(let value): value
      case .shared(let page), .view(let page): page.value
      }
    }
  }

  struct Page {
    var protection: Protection
    var contents: Contents
    /// Beyond the end of its object: SIGBUS.
    var isBeyond = false
    var isAnonymous: Bool
  }

  var pages: [UInt64: Page] = [:]
  /// Number of the first page above the area where mappings are placed, and the lowest there.
  var top: UInt64
  var bottom: UInt64
  var taskPages: UInt64
  var breakStart: UInt64 = 0
  var breakEnd: UInt64 = 0

  mutating func map(_ first: UInt64, _ count: UInt64, _ make: (UInt64) -> Page) {
    for index in 0..<count { pages[first + index] = make(index) }
  }

  mutating func unmap(_ first: UInt64, _ count: UInt64) {
    for index in 0..<count { pages[first + index] = nil }
  }

  /// The highest room of a length below the top.
  func placement(_ count: UInt64) -> UInt64? {
    var ceiling = top
    for page in pages.keys.filter({ $0 < top }).sorted(by: >) {
      if page + 1 + count <= ceiling { return ceiling - count }
      ceiling = page
    }
    return ceiling >= bottom + count ? ceiling - count : nil
  }

  /// mprotect: pages up to the first hole, or the first that may not have it, change.
  mutating func protect(_ first: UInt64, _ count: UInt64, _ protection: Protection) -> Errno? {
    for index in 0..<count {
      guard pages[first + index] != nil else { return .ENOMEM }
      pages[first + index]?.protection = protection
    }
    return nil
  }

  /// MADV_DONTNEED: private memory is zeros again, a private view is the file's page again.
  mutating func forget(_ first: UInt64, _ count: UInt64, files: (UInt64) -> SharedPage?) -> Bool {
    var complete = true
    for number in first..<first + count {
      guard let page = pages[number] else {
        complete = false
        continue
      }
      if page.isAnonymous {
        pages[number]?.contents = .own(0)
      } else if case .own = page.contents, let file = files(number) {
        pages[number]?.contents = .view(file)
      }
    }
    return complete
  }

  /// What a load ends with.
  func load(_ number: UInt64) -> AccessResult {
    guard let page = pages[number] else { return .failed(.notMapped) }
    guard page.protection.rawValue & 7 != 0 else { return .failed(.accessDenied) }
    return page.isBeyond ? .failed(.beyondObject) : .value(page.contents.value)
  }

  mutating func store(_ value: UInt64, _ number: UInt64) -> AccessResult {
    guard let page = pages[number] else { return .failed(.notMapped) }
    guard page.protection.contains(.write) else { return .failed(.accessDenied) }
    guard !page.isBeyond else { return .failed(.beyondObject) }
    if case .shared(let shared) = page.contents {
      shared.value = value
    } else {
      pages[number]?.contents = .own(value)
    }
    return .value(value)
  }

  enum AccessResult: Equatable {
    case value(UInt64)
    case failed(FaultOutcome)
  }
}
