import Arm64
import HostBoard
import KernelHeap
import KernelLayout
import MemorySupport
import MemoryTypes
import PageFrames
import TestSupport
import Testing

@testable import AddressSpaces
@testable import Files

/// One stream: spaces, each with its model, made by fork and ended in any order.
final class Stream {
  struct Process {
    var space: Space
    var model: AddressSpaceModel
    /// The file page under each page that belongs to the file.
    var filePages: [UInt64: Int] = [:]
  }

  let machine: TestMachine
  let seed: UInt64
  var random: Random
  var processes: [Process] = []
  var file: KernelPointer<OpenFile>
  var fileContents: [AddressSpaceModel.SharedPage]
  let page: UInt64
  var step = 0

  init(_ machine: TestMachine, seed: UInt64) throws {
    self.machine = machine
    self.seed = seed
    random = Random(seed: seed)
    page = machine.page
    file = try machine.files.pointee.makeAnonymousFile(ByteCount(24 * machine.page))
    fileContents = (0..<24).map { _ in AddressSpaceModel.SharedPage() }
    let space = try machine.makeSpace()
    let model = AddressSpaceModel(
      top: space.pointee.mmapBase.rawValue / page, bottom: max(65536 / page, 1),
      taskPages: machine.layout.taskSize.rawValue / page, breakStart: 0x1000_0000 / page,
      breakEnd: 0x1000_0000 / page)
    processes.append(Process(space: space, model: model))
  }

  func number(_ range: ClosedRange<UInt64>) -> UInt64 { .random(in: range, using: &random) }

  var note: Comment { "seed \(seed) step \(step)" }

  func run(steps: Int) throws {
    for step in 0..<steps {
      self.step = step
      let index = Int(number(0...UInt64(processes.count - 1)))
      machine.activate(processes[index].space)
      try act(index)
      let space = machine.task.pointee.space
      if step % 16 == 0, let space {
        if let wrong = space.pointee.checkInvariants() ?? space.pointee.checkReverseMap() {
          Issue.record("\(wrong): seed \(seed) step \(step)")
          return
        }
        if step % 64 == 0, let wrong = machine.frames.pointee.checkLRU() {
          Issue.record("\(wrong): seed \(seed) step \(step)")
          return
        }
      }
    }
    for process in processes { verify(process) }
    machine.activate(nil)
    for process in processes { AddressSpace.release(process.space) }
    machine.files.pointee.release(file)
  }

  func act(_ index: Int) throws {
    switch number(0...99) {
    case 0..<14: mapAnonymous(index)
    case 14..<18: mapShared(index)
    case 18..<26: mapFile(index)
    case 26..<36: unmap(index)
    case 36..<48: protect(index)
    case 48..<56: moveBreak(index)
    case 56..<62: remap(index)
    case 62..<66: forget(index)
    case 66..<67: try fork(index)
    case 67..<68: end(index)
    default: for _ in 0..<6 { touch(index) }
    }
  }

  /// A page near something that is mapped, most of the time.
  func pickPage(_ index: Int) -> UInt64 {
    let process = processes[index]
    if number(0...9) < 9, let any = process.model.pages.keys.min(by: { $0 < $1 }) {
      let keys = process.model.pages.keys.sorted()
      _ = any
      return keys[Int(number(0...UInt64(keys.count - 1)))] &+ number(0...2) &- 1
    }
    return process.model.top - number(1...200)
  }

  func fork(_ index: Int) throws {
    guard processes.count < 4 else { return }
    guard let child = processes[index].space.pointee.copy() else {
      Issue.record("fork: seed \(seed) step \(step)")
      return
    }
    var process = processes[index]
    process.space = child
    processes.append(process)
    if let wrong = processes[index].space.pointee.checkInvariants() {
      Issue.record("parent: \(wrong) seed \(seed) step \(step)")
    }
    machine.activate(child)
    if let wrong = child.pointee.checkInvariants() {
      Issue.record("child: \(wrong) seed \(seed) step \(step)")
    }
  }

  func end(_ index: Int) {
    guard processes.count > 1 else { return }
    verify(processes[index])
    machine.activate(nil)
    AddressSpace.release(processes[index].space)
    processes.remove(at: index)
  }

  func touch(_ index: Int) {
    let page = pickPage(index)
    let address = page * self.page
    if number(0...1) == 0 {
      let value = random.next()
      let got = processes[index].space.pointee.store(value, at: address)
      compare(got, processes[index].model.store(value, page))
    } else {
      let got = processes[index].space.pointee.load(address)
      compare(got, processes[index].model.load(page))
    }
  }

  func compare(
    _ got: AddressSpace<HostBoard>.Access, _ expected: AddressSpaceModel.AccessResult
  ) {
    switch (got, expected) {
    case (.value(let a), .value(let b)): check(a == b, "\(a) is not \(b), \(note)")
    case (.failed(let a), .failed(let b)): check(a == b, "\(a) is not \(b), \(note)")
    default: Issue.record("\(got) is not \(expected), seed \(seed) step \(step)")
    }
  }

  func verify(_ process: Process) {
    machine.activate(process.space)
    for number in process.model.pages.keys.sorted() {
      compare(process.space.pointee.load(number * page), process.model.load(number))
    }
  }
}
