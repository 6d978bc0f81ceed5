import Arm64
public import MemoryTypes
import PageFrames

/// Giving back.
extension VMAllocator {
  /// Gives memory back that ``allocate(_:caller:)`` and its like gave (`vfree()`).
  ///
  /// False, with nothing done, for an address that is not the start of an area: Linux warns
  /// "Trying to vfree() nonexistent vm area".
  @discardableResult
  public mutating func free(_ address: VirtualAddress) -> Bool {
    if deferred != 0 { freeDeferred() }
    guard let area = area(containing: address), area.pointee.start == address,
      let description = description(area)
    else { return false }
    remove(description, freesFrames: true)
    return true
  }

  /// The same for who kept the description.
  public mutating func free(_ description: Description) {
    if deferred != 0 { freeDeferred() }
    remove(description, freesFrames: true)
  }

  /// Lets a sanitizer forget what it holds against the memory of an area that goes to another owner
  /// (`kasan_unpoison_range()`).
  public func open(_ description: Description) {
    let size = description.pointee.usableSize(board.pageSize)
    tellSanitizer(.opened, description.pointee.start, size)
  }

  /// Ends a mapping of frames that are somebody else's, or of devices (`vunmap()`, `iounmap()`).
  @discardableResult
  public mutating func unmap(_ address: VirtualAddress) -> Bool {
    guard let area = area(containing: address), area.pointee.start == address,
      let description = description(area)
    else { return false }
    remove(description, freesFrames: description.pointee.flags.contains(.putPages))
    return true
  }

  /// Gives memory back from where nothing may be waited for: it is unmapped, and its frames are
  /// given back, by the next who may wait (`vfree_atomic()`, `__vfree_deferred()`).
  ///
  /// Touches nothing but the memory itself, whose first word becomes the link to the next that
  /// waits. False for an address where nothing is mapped.
  @discardableResult
  public mutating func freeLater(_ address: VirtualAddress) -> Bool {
    guard isVMallocOrModule(address), address.isAligned(to: board.pageSize),
      let frame = frame(of: address)
    else { return false }
    board.store(deferred, at: frames.pointee.address(of: frame))
    deferred = address.rawValue
    return true
  }

  /// Gives back what ``freeLater(_:)`` put off (`delayed_vfree_work()`).
  @inline(never)
  public mutating func freeDeferred() {
    while deferred != 0 {
      let address = VirtualAddress(deferred)
      guard let frame = frame(of: address) else {
        deferred = 0
        return
      }
      deferred = board.load(at: frames.pointee.address(of: frame))
      guard let description = description(of: address), description.pointee.start == address
      else { continue }
      remove(description, freesFrames: true)
    }
  }

  /// Takes an area from its owner (`__vunmap()`): unmaps it, gives frames back, makes it lazy.
  mutating func remove(_ description: Description, freesFrames: Bool) {
    let area = description.pointee.area
    let start = description.pointee.start
    let end = start + description.pointee.usableSize(board.pageSize)
    tellSanitizer(.closed, start, end - start)
    if freesFrames {
      let frames = frames
      unmapPages(start, end) { number in
        // Whoever else holds the frame keeps it (`__free_pages()`: put_page_testzero()).
        let frame = frames.pointee.frame(number)
        if frame.pointee.referenceCount > 1 {
          frame.pointee.referenceCount &-= 1
        } else {
          frames.pointee.free(number)
        }
      }
      pages &-= UInt64(description.pointee.pages)
    } else {
      unmapPages(start, end) { _ in }
    }
    unsafe slab.pointee.freeBytes(description.raw, Self.descriptionSize)
    makeLazy(area)
  }
}
