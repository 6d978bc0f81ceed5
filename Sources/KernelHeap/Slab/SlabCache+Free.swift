import Arm64
import MemoryTypes
import PageFrames

extension KernelPointer where Pointee: ~Copyable {
  /// Takes an object's memory back: the straight-line path, for objects of the processor's slab.
  @inline(__always)
  func giveObject<B>(
    _ object: UnsafeMutableRawPointer, on processor: Int = 0
  ) where Pointee == SlabCache<B> {
    guard unsafe push(object, processor) else { return unsafe giveToSlab(object, processor) }
  }

  /// Puts an object of the processor's slab in front of its free ones; false if it is of another.
  @inline(__always)
  func push<B>(
    _ object: UnsafeMutableRawPointer, _ processor: Int
  ) -> Bool where Pointee == SlabCache<B> {
    let cpu = pointee.cpu(processor)
    guard UInt(bitPattern: object) &- cpu.pointee.slabStart < cpu.pointee.slabBytes else {
      return false
    }
    unsafe pointee.link(object, to: cpu.pointee.freeList)
    unsafe cpu.pointee.freeList = object
    return true
  }

  /// Puts an object back into the slab that it is from (`__slab_free()`).
  @inline(never)
  func giveToSlab<B>(
    _ object: UnsafeMutableRawPointer, _ processor: Int
  ) where Pointee == SlabCache<B> {
    if let hooks = unsafe pointee.hooks {
      if unsafe hooks.pointee.freed(hooks.pointee.context, address, object) { return }
      return unsafe giveChecked(object)
    }
    let slab = unsafe pointee.slab(of: object)
    precondition(slab.frame.pointee.state == .slab && slab.frame.pointee.mapping == Slab.mark(self))
    let wasFull = unsafe slab.freeList == nil
    unsafe pointee.link(object, to: slab.freeList)
    unsafe slab.freeList = object
    slab.inUse &-= 1
    guard !slab.isFrozen else { return }
    if wasFull {
      keep(slab, processor)
    } else if slab.inUse == 0 && pointee.node.pointee.partialCount >= pointee.geometry.minPartial {
      FrameList.remove(slab.frame)
      pointee.node.pointee.partialCount &-= 1
      pointee.discard(slab)
    }
  }

  /// The processor keeps a slab that became partial; if it has too many, those go to the list that
  /// all share (`put_cpu_partial()`).
  func keep<B>(_ slab: Slab, _ processor: Int) where Pointee == SlabCache<B> {
    let cpu = pointee.cpu(processor)
    if cpu.pointee.partialCount >= pointee.geometry.perCPUPartial { unfreeze(processor) }
    slab.isFrozen = true
    cpu.partial.prepend(slab.frame)
    cpu.pointee.partialCount &+= 1
  }

  /// Moves the processor's partial slabs to the common list; empty ones that it does not need are
  /// given back (`__unfreeze_partials()`).
  func unfreeze<B>(_ processor: Int) where Pointee == SlabCache<B> {
    let cpu = pointee.cpu(processor)
    let node = pointee.node
    while let frame = cpu.partial.first {
      FrameList.remove(frame)
      cpu.pointee.partialCount &-= 1
      let slab = Slab(frame: frame)
      slab.isFrozen = false
      if slab.inUse == 0 && node.pointee.partialCount >= pointee.geometry.minPartial {
        pointee.discard(slab)
      } else {
        node.partial.append(frame)
        node.pointee.partialCount &+= 1
      }
    }
  }
}

extension SlabCache {
  /// The slab that an object lies in.
  func slab(of object: UnsafeMutableRawPointer) -> Slab {
    let address = unsafe frames.pointee.board.physicalAddress(of: object)
    let frame = frames.pointee.frame(
      PageFrameNumber(containing: address, frames.pointee.board.pageSize))
    return Slab(containing: frame)
  }

  /// Gives an empty slab's frames back (`discard_slab()`).
  func discard(_ slab: Slab) {
    dropRow(of: slab)
    let order = slab.order
    let block = frames.pointee.number(of: slab.frame)
    node.pointee.slabs &-= 1
    node.pointee.frames &-= Int(order.pages.rawValue)
    node.pointee.objects &-= objects(in: slab)
    for offset in 1..<max(order.pages.rawValue, 1) {
      let frame = frames.pointee.frame(block + PageCount(offset))
      frame.pointee.mapping = 0
      frame.pointee.privateWord = 0
    }
    frames.pointee.count(counter, by: -Int(order.pages.rawValue))
    frames.pointee.free(block, order)
  }
}
