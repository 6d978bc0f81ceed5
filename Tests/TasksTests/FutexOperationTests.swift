import Testing

@testable import Tasks

@Suite struct FutexOperationTests {
  static func encoded(
    _ operation: UInt32, _ argument: Int32, _ comparison: UInt32, _ compared: Int32
  ) -> UInt32 {
    operation << 28 | comparison << 24 | (UInt32(bitPattern: argument) & 0xfff) << 12
      | UInt32(bitPattern: compared) & 0xfff
  }

  @Test(
    arguments: [
      (0, 7, 100, 7), (1, -1, 100, 99), (2, 3, 100, 103), (3, 4, 100, 96), (4, -1, 0, 0xffff_ffff),
      (8, 5, 1, 32), (9, 3, 100, 108), (10, 31, 0, 0x8000_0000), (9, 33, 100, 102),
    ] as [(UInt32, Int32, UInt32, UInt32)])
  func changes(operation: UInt32, argument: Int32, old: UInt32, new: UInt32) {
    let operation = FutexOperation(Self.encoded(operation, argument, 0, 0))
    #expect(operation.isKnown)
    #expect(operation.applied(to: old) == new)
  }

  @Test(arguments: [-5, -2, 0, 1] as [Int32])
  func compares(old: Int32) {
    let expected = [old == -2, old != -2, old < -2, old <= -2, old > -2, old >= -2]
    for (comparison, holds) in expected.enumerated() {
      let operation = FutexOperation(Self.encoded(0, 0, UInt32(comparison), -2))
      #expect(operation.compares(UInt32(bitPattern: old)) == holds)
    }
    #expect(FutexOperation(Self.encoded(0, 0, 6, 0)).compares(1) == nil)
  }

  @Test func unknownOperations() {
    for code in [5, 6, 7, 13, 14, 15] as [UInt32] {
      #expect(!FutexOperation(Self.encoded(code, 0, 0, 0)).isKnown)
    }
  }
}
