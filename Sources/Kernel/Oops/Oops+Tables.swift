import AddressSpaces
import Arm64
import KernelAssembly
import KernelLog
import MemoryTypes
import Tasks

extension Oops {
  /// What the tables say of the address, level by level (arch/arm64/mm/fault.c: show_pte()).
  func describeTables() {
    let geometry = board.translation
    let top = address.rawValue &>> geometry.vaBits
    let all = UInt64.max &>> geometry.vaBits
    let root: PhysicalAddress
    let isKernel = top == all
    if isKernel {
      guard let kernel = board.kernelRoot else { return }
      root = kernel
    } else if top == 0 {
      guard let space = task?.pointee.memory.space else {
        say(.alert) { line in
          heading(&line)
          line.append(" user address but active_mm is swapper")
        }
        return
      }
      root = space.pointee.root.address(board.pageSize)
    } else {
      say(.alert) { line in
        heading(&line)
        line.append(" address between user and kernel address ranges")
      }
      return
    }
    say(.alert) { line in
      line.append(isKernel ? "swapper" : "user")
      line.append(" pgtable: ")
      line.append(decimal: board.pageSize.bytes.kibibytes)
      line.append("k pages, ")
      line.append(decimal: geometry.vaBits)
      line.append("-bit VAs, pgdp=")
      line.append(hex: root.rawValue, digits: 16)
    }
    say(.alert) { line in
      heading(&line)
      walk(from: root, &line)
    }
  }

  private func heading(_ line: inout LogLine) {
    line.append("[")
    line.append(hex: address.rawValue, digits: 16)
    line.append("]")
  }

  /// Five names for two to four levels: a level that there is not repeats the one below it, and only
  /// the last name of a level decides whether the walk goes on.
  private func walk(from root: PhysicalAddress, _ line: inout LogLine) {
    let geometry = board.translation
    var table = root
    for place in 0..<5 {
      let level = max(place &- 1, geometry.startLevel)
      let index = UInt64(geometry.index(of: address, at: level))
      let value = board.load(UInt64.self, at: table + ByteCount(index &* 8))
      switch place {
      case 0: line.append(" pgd=")
      case 1: line.append(", p4d=")
      case 2: line.append(", pud=")
      case 3: line.append(", pmd=")
      default: line.append(", pte=")
      }
      line.append(hex: value, digits: 16)
      guard place < 4, max(place, geometry.startLevel) != level else { continue }
      let descriptor = Descriptor(rawValue: value)
      guard case .table = descriptor.kind(at: level, in: geometry) else { return }
      table = descriptor.output(in: geometry)
    }
  }
}
