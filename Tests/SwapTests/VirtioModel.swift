import HostBoard
import MemoryTypes
import TestSupport

/// A virtio disk in software, as a transport in memory: it works when it is waited for, on some of
/// what it was given, in any order, and can fail or lie.
final class VirtioModel: HostDevice {
  let board: HostBoard
  var random: Random
  var contents: [UInt64: [UInt8]] = [:]
  let sectors: UInt64
  /// What of 100 requests fails.
  var failures = 0
  /// What it does wrong with the next request.
  var lie: Lie?
  private(set) var isReset = false
  private var registers: [UInt64: UInt32] = [:]
  private var features: [UInt32] = [0, 0]
  private var seen: UInt16 = 0
  private var used: UInt16 = 0
  private var waiting: [UInt16] = []

  enum Lie: CaseIterable {
    case unknownRequest, oddHead, endedTwice, tooMany
  }

  init(_ board: HostBoard, pages: UInt64, seed: UInt64) {
    self.board = board
    random = Random(seed: seed)
    sectors = pages * board.pageSize.bytes.rawValue / 512
  }

  func read(_ offset: UInt64) -> UInt32 {
    switch offset {
    case 0x000: 0x7472_6976
    case 0x004: 2
    case 0x008: 2
    case 0x010: (registers[0x014] ?? 0) == 0 ? 1 << 9 : 1
    case 0x034: 1024
    case 0x060: used == (registers[0x064] ?? 0) ? 0 : 1
    case 0x100: UInt32(truncatingIfNeeded: sectors)
    case 0x104: UInt32(truncatingIfNeeded: sectors >> 32)
    default: registers[offset] ?? 0
    }
  }

  func write(_ offset: UInt64, _ value: UInt32) {
    registers[offset] = value
    if offset == 0x020 { features[Int(registers[0x024] ?? 0)] = value }
    if offset == 0x070, value == 0, seen > 0 { isReset = true }
  }

  private func address(_ register: UInt64) -> PhysicalAddress {
    PhysicalAddress(UInt64(registers[register] ?? 0) | UInt64(registers[register + 4] ?? 0) << 32)
  }

  /// Whether the driver may use the queue.
  var isRunning: Bool {
    registers[0x044] == 1 && (registers[0x070] ?? 0) & 4 != 0 && features[1] == 1 && !isReset
  }

  func wait() {
    guard isRunning else { return }
    let available: UInt16 = board.load(at: address(0x090) + ByteCount(2))
    while seen != available {
      waiting.append(
        board.load(at: address(0x090) + ByteCount(4 + UInt64(seen % 128) * 2)))
      seen &+= 1
    }
    guard !waiting.isEmpty else { return }
    for _ in 0...random.below(waiting.count) {
      let head = waiting.remove(at: random.below(waiting.count))
      if let lie {
        self.lie = nil
        tell(lie, head)
      } else {
        serve(head)
      }
      if waiting.isEmpty { break }
    }
  }

  private func tell(_ lie: Lie, _ head: UInt16) {
    switch lie {
    case .unknownRequest: end(120)
    case .oddHead: end(UInt32(head) + 1)
    case .endedTwice:
      end(UInt32(head))
      end(UInt32(head))
    case .tooMany:
      used &+= 100
      board.store(used, at: address(0x0a0) + ByteCount(2))
    }
  }

  private func end(_ head: UInt32) {
    board.store(head, at: address(0x0a0) + ByteCount(4 + UInt64(used % 128) * 8))
    used &+= 1
    board.store(used, at: address(0x0a0) + ByteCount(2))
  }

  private func serve(_ head: UInt16) {
    func descriptor(_ number: UInt64) -> (address: PhysicalAddress, length: UInt32) {
      let place = address(0x080) + ByteCount(number * 16)
      return (
        PhysicalAddress(board.load(UInt64.self, at: place)), board.load(at: place + ByteCount(8))
      )
    }
    let header = descriptor(UInt64(head)).address
    let (data, length) = descriptor(UInt64(head) + 1)
    let status = descriptor(UInt64(head) + 2).address
    let sector: UInt64 = board.load(at: header + ByteCount(8))
    let bytes = unsafe UnsafeMutableRawBufferPointer(
      start: board.pointer(to: data), count: Int(length))
    if random.below(100) < failures {
      board.store(UInt8(1), at: status)
    } else {
      if board.load(UInt32.self, at: header) == 0 {
        unsafe bytes.copyBytes(from: contents[sector] ?? [UInt8](repeating: 0, count: Int(length)))
      } else {
        contents[sector] = unsafe Array(bytes)
      }
      board.store(UInt8(0), at: status)
    }
    end(UInt32(head))
  }
}
