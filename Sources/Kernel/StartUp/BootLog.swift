import Arm64
import BoardFormat
import KernelAssembly
import KernelLog
import MemoryTypes
import PageFrames
import Tasks

/// What the kernel says while it starts: those of Linux's lines that are true of this machine, in
/// Linux's order and words, so that whoever reads boot logs finds what they look for.
struct BootLog {
  let board: VirtBoard

  private func say(_ level: LogLevel = .information, _ body: (inout LogLine) -> Void) {
    board.log(level, body)
  }

  /// Who boots on what (arch/arm64/kernel/setup.c: smp_setup_processor_id(), init/version.c).
  func banner() {
    say { line in
      line.append("Booting Linux on physical CPU 0x")
      line.append(hex: read_mpidr() & 0xff_00ff_ffff, digits: 10)
      line.append(" [0x")
      line.append(hex: read_midr(), digits: 8)
      line.append("]")
    }
    say(.notice) { line in
      line.append(SystemName.system)
      line.append(" version ")
      line.append(SystemName.release)
      line.append(" (kilburn) ")
      line.append(SystemName.version)
    }
    say { $0.append("Machine model: linux,dummy-virt") }
  }

  /// Zones and banks (mm/page_alloc.c: free_area_init()).
  func zones(_ map: borrowing MemoryMap) {
    say { $0.append("Zone ranges:") }
    let boundary = PhysicalAddress(1 &<< 32)
    let span = map.span
    zone("  DMA      ", span.start, min(span.end, boundary))
    zone("  DMA32    ", boundary, boundary)
    zone("  Normal   ", max(span.start, boundary), max(span.end, boundary))
    say { $0.append("Movable zone start for each node") }
    say { $0.append("Early memory node ranges") }
    for index in 0..<map.banks.count {
      let bank = map.banks[index]
      say { line in
        line.append("  node   0: ")
        range(bank.start, bank.end, &line)
      }
    }
    say { line in
      line.append("Initmem setup node 0 ")
      range(span.start, span.end, &line)
    }
  }

  private func zone(_ name: StaticString, _ start: PhysicalAddress, _ end: PhysicalAddress) {
    say { line in
      line.append(name)
      if start < end { range(start, end, &line) } else { line.append("empty") }
    }
  }

  private func range(
    _ start: PhysicalAddress, _ end: PhysicalAddress, _ line: inout LogLine
  ) {
    line.append("[mem 0x")
    line.append(hex: start.rawValue, digits: 16)
    line.append("-0x")
    line.append(hex: end.rawValue &- 1, digits: 16)
    line.append("]")
  }

  /// What the CPU can, as far as it is used here (arch/arm64/kernel/cpufeature.c).
  func features() {
    if board.hasHardwareAccessAndDirty {
      say { $0.append("CPU features: detected: Hardware dirty bit management") }
    }
    let mmfr1 = read_mmfr1()
    if mmfr1 &>> 20 & 15 != 0 {
      say { $0.append("CPU features: detected: Privileged Access Never") }
    }
    if read_pfr0() & 15 == 2 { say { $0.append("CPU features: detected: 32-bit EL0 Support") } }
  }

  /// The parameters, and what of RAM is left (mm/page_alloc.c: mem_init_print_info()).
  func memory(_ map: borrowing MemoryMap, _ frames: KernelPointer<FrameAllocator<VirtBoard>>) {
    let size = board.pageSize
    var pages = ByteCount.zero
    for index in 0..<map.banks.count { pages += map.banks[index].length }
    say { line in
      line.append("Built 1 zonelists, mobility grouping ")
      line.append(frames.pointee.groupsByMobility ? "on" : "off")
      line.append(".  Total pages: ")
      line.append(decimal: frames.pointee.managed.rawValue)
    }
    say(.notice) { $0.append("Kernel command line: norandmaps") }
    say { $0.append("mem auto-init: stack:off, heap alloc:off, heap free:off") }
    let managed = frames.pointee.managed.bytes(of: size)
    // On Linux the start-up's memory is still taken here; see freed().
    let initial = address_of_init_end() &- address_of_init_start()
    say { line in
      func part(_ bytes: UInt64, _ name: StaticString) {
        line.append(decimal: bytes &>> 10)
        line.append(name)
      }
      line.append("Memory: ")
      part(frames.pointee.free.bytes(of: size).rawValue &- initial, "K/")
      part(pages.rawValue, "K available (")
      part(address_of_text_end() &- address_of_text_start(), "K kernel code, ")
      part(address_of_file_end() &- address_of_init_end(), "K rwdata, ")
      part(address_of_rodata_end() &- address_of_text_end(), "K rodata, ")
      part(initial, "K init, ")
      part(address_of_data_end() &- address_of_file_end(), "K bss, ")
      part((pages - managed).rawValue &+ initial, "K reserved, 0K cma-reserved)")
    }
    say { $0.append("SLUB: HWalign=64, Order=0-3, MinObjects=0, CPUs=1, Nodes=1") }
  }

  /// The clock (drivers/clocksource/arm_arch_timer.c: arch_timer_banner()).
  func clock() {
    let frequency = read_cntfrq()
    say { line in
      line.append("arch_timer: cp15 timer(s) running at ")
      line.append(decimal: frequency / 1_000_000)
      line.append(byte: 0x2E)
      let hundredths = frequency / 10_000 % 100
      line.append(byte: 0x30 &+ UInt8(hundredths / 10))
      line.append(byte: 0x30 &+ UInt8(hundredths % 10))
      line.append("MHz (virt).")
    }
  }

  /// What the start-up gave back (arch/arm64/mm/init.c: free_initmem()).
  func freed() {
    say { line in
      line.append("Freeing unused kernel memory: ")
      line.append(decimal: (address_of_init_end() &- address_of_init_start()) &>> 10)
      line.append("K")
    }
  }
}
