import BoardFormat
import HostBoard
import KernelHeap
import MemoryTypes
import PageFrames
import TestSupport
import Testing

@testable import Files

@Suite struct DescriptorTests {
  @Test func agreesWithADictionary() throws {
    for seed in 1...4 as ClosedRange<UInt64> {
      var random = Random(seed: seed)
      let machine = try TestMachine()
      let files = machine.files
      let table = try files.pointee.makeDescriptorTable()
      var model: [UInt64: (KernelPointer<OpenFile>, Bool)] = [:]
      let limit: UInt64 = 300
      for step in 0..<3000 {
        let note: Comment = "seed \(seed) step \(step)"
        let number = UInt64.random(in: 0..<320, using: &random)
        let closes = Bool.random(using: &random)
        switch Int.random(in: 0..<8, using: &random) {
        case 0..<3:
          let file = try files.pointee.open("/dev/null")
          let minimum = Bool.random(using: &random) ? 0 : number
          let expected = (minimum..<max(limit, minimum)).first { model[$0] == nil }
          var got: UInt64?
          let outcome = errno {
            got = try files.pointee.install(
              file, in: table, atLeast: minimum, limit: limit, closeOnExec: closes)
          }
          #expect(got == expected && (outcome == nil) == (expected != nil), note)
          if let got { model[got] = (file, closes) }
        case 3:
          let file = try files.pointee.open("/dev/zero")
          let outcome = errno {
            try files.pointee.install(
              file, in: table, at: number, limit: limit, closeOnExec: closes)
          }
          #expect(outcome == (number < limit ? nil : .EBADF), note)
          if outcome == nil { model[number] = (file, closes) }
        case 4, 5:
          let outcome = errno { try files.pointee.close(number, in: table) }
          #expect(outcome == (model[number] == nil ? .EBADF : nil), note)
          model[number] = nil
        case 6:
          let outcome = errno { try files.pointee.setClosesOnExec(closes, number, in: table) }
          #expect(outcome == (model[number] == nil ? .EBADF : nil), note)
          model[number]?.1 = closes
        default:
          if step % 97 == 0 {
            files.pointee.closeOnExec(table)
            model = model.filter { !$0.value.1 }
          }
          var found: KernelPointer<OpenFile>?
          _ = errno { found = try files.pointee.file(number, in: table) }
          #expect(found == model[number]?.0, note)
        }
      }
      let copy = try files.pointee.copy(table)
      for (number, value) in model {
        check(value.0.pointee.references == 2)
        check(try files.pointee.file(number, in: copy) == value.0)
        check(try files.pointee.closesOnExec(number, in: copy) == value.1)
      }
      files.pointee.release(table)
      files.pointee.release(copy)
      machine.slab.pointee.checkInvariants()
      files.pointee.checkInvariants()
      machine.end()
    }
  }

  @Test func numbersBeyondAnyTableAreRefused() throws {
    let machine = try TestMachine()
    let table = try machine.files.pointee.makeDescriptorTable()
    for number in [64, 1 << 20, UInt64.max] {
      check(errno { _ = try machine.files.pointee.file(number, in: table) } == .EBADF)
      check(errno { try machine.files.pointee.close(number, in: table) } == .EBADF)
    }
    let file = try machine.files.pointee.open("/dev/null")
    check(
      errno {
        _ = try machine.files.pointee.install(
          file, in: table, atLeast: .max, limit: .max, closeOnExec: false)
      } == .EMFILE)
    machine.files.pointee.release(table)
    machine.end()
  }
}
