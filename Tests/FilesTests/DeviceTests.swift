import BoardFormat
import HostBoard
import KernelHeap
import MemoryTypes
import PageFrames
import TestSupport
import Testing

@testable import Files

@Suite struct DeviceTests {
  @Test func devicesDoWhatTheyAreFor() throws {
    let machine = try TestMachine(input: Array("typed before".utf8))
    defer { machine.end() }
    let files = machine.files
    func read(_ text: String, _ count: Int) throws -> [UInt8] {
      let file = try files.pointee.open(text, .readWrite)
      defer { files.pointee.release(file) }
      return try files.pointee.readAll(file, at: 0, count)
    }
    check(try read("/dev/null", 10) == [])
    check(try read("/dev/zero", 5000) == [UInt8](repeating: 0, count: 5000))
    check(try read("/dev/full", 3) == [0, 0, 0])
    let random = try read("/dev/urandom", 1000)
    #expect(random.count == 1000 && Set(random).count > 200)
    check(try read("/dev/urandom", 1000) != random)
    check(try read("/dev/console", 5) == Array("typed".utf8))
    check(try read("/dev/console", 50) == Array(" before".utf8))
    check(try read("/dev/console", 50) == [])
    let null = try files.pointee.open("/dev/null", .writeOnly)
    check(try files.pointee.writeAll(null, at: 0, [1, 2, 3]) == 3)
    check(errno { _ = try files.pointee.readAll(null, at: 0, 1) } == .EBADF)
    check(!files.pointee.isTerminal(null))
    files.pointee.release(null)
    let full = try files.pointee.open("/dev/full", .writeOnly)
    check(errno { try files.pointee.writeAll(full, at: 0, [1]) } == .ENOSPC)
    files.pointee.release(full)
  }

  @Test func seekingEndsAsInLinux() throws {
    let machine = try TestMachine()
    defer { machine.end() }
    let files = machine.files
    let file = try files.pointee.open("/tmp/f", [.readWrite, .create])
    try files.pointee.writeAll(file, at: 0, [UInt8](repeating: 1, count: 100))
    check(try files.pointee.seek(file, to: 10, whence: 0) == 10)
    check(try files.pointee.seek(file, to: -3, whence: 1) == 7)
    check(try files.pointee.seek(file, to: 5, whence: 2) == 105)
    check(try files.pointee.seek(file, to: 10, whence: 3) == 10)
    check(try files.pointee.seek(file, to: 10, whence: 4) == 100)
    check(errno { _ = try files.pointee.seek(file, to: 100, whence: 3) } == .ENXIO)
    check(errno { _ = try files.pointee.seek(file, to: -1, whence: 0) } == .EINVAL)
    check(errno { _ = try files.pointee.seek(file, to: .max, whence: 1) } == .EOVERFLOW)
    check(errno { _ = try files.pointee.seek(file, to: 0, whence: 9) } == .EINVAL)
    let appending = try files.pointee.open("/tmp/f", [.writeOnly, .append])
    var given = false
    _ = try files.pointee.write(appending, ByteCount(1)) { room in
      unsafe room.bytes[0] = 2
      given = true
      return 1
    }
    check(given && appending.pointee.position == 101)
    check(file.pointee.inode.pointee.size == 101)
    files.pointee.release(appending)
    files.pointee.release(file)
  }

  @Test func numbersAreSetAsPrintfSetsThem() throws {
    let machine = try TestMachine()
    defer { machine.end() }
    #expect(
      machine.text {
        $0.decimal(42 as UInt64, width: 8)
        $0.text("|")
        $0.decimal(42 as UInt64, width: 6, .left)
        $0.text("|")
        $0.decimal(-7 as Int64, width: 4)
        $0.text("|")
        $0.hexadecimal(0xbeef, width: 8)
        $0.text("|")
        $0.hexadecimal(0xbeef, blankWidth: 6)
        $0.text("|")
        $0.zeroFilled(7, width: 3)
        $0.text("|")
        $0.decimal(UInt64.max)
        $0.decimal(Int64.min)
        $0.octal(0o644)
      } == "      42|42    |  -7|0000beef|  beef|007|18446744073709551615-9223372036854775808644")
    let long = machine.text { for number in 0..<5000 as Range<UInt64> { $0.decimal(number) } }
    #expect(long == (0..<5000).map(String.init).joined())
  }
}
