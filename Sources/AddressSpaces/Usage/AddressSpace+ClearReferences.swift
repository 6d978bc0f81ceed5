import Arm64
import MemoryTypes
import PageFrames

/// What `/proc/PID/clear_refs` forgets.
extension AddressSpace {
  /// Which pages `clear_refs` takes: all, those of anonymous memory, or those of files.
  public enum ReferencedPages: BitwiseCopyable, Sendable {
    case all, anonymous, mapped
  }

  /// Forgets that pages were used: their entries become old (fs/proc/task_mmu.c:
  /// clear_refs_pte_range()).
  public mutating func clearReferences(_ which: ReferencedPages) {
    var next = areas.first
    while let area = next {
      next = area.pointee.next
      switch which {
      case .all: break
      case .anonymous: if area.pointee.file != nil { continue }
      case .mapped: if area.pointee.file == nil { continue }
      }
      let geometry = board.translation
      tables.forEachRun(in: area.pointee.start..<area.pointee.end) { run in
        for index in 0..<run.count {
          let descriptor = run[index]
          guard descriptor.isPresent, !descriptor.isSpecial else { continue }
          run[index] = descriptor.madeOld
          frames.pointee.frame(descriptor.frame(in: geometry)).pointee.flags.remove(.referenced)
        }
      }
    }
    invalidate(VirtualAddress(0), taskSize, tables: false)
  }

  /// Begins a new reckoning of the most that was ever resident (CLEAR_REFS_MM_HIWATER_RSS).
  public mutating func resetPeakResident() {
    synchronizeResident()
    peakResident = residentPages
  }
}
