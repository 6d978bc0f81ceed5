public import Arm64
import BoardFormat
import KernelAssembly
import KernelLog
public import MemoryTypes
public import Tasks

/// The CPU: whose registers it has, what it has done, and waiting.
extension VirtBoard: Processor {
  public var idRegisters: IDRegisters {
    var registers = IDRegisters()
    registers.pfr0 = read_pfr0()
    registers.pfr1 = read_pfr1()
    registers.isar0 = read_isar0()
    registers.isar1 = read_isar1()
    registers.isar2 = read_isar2()
    registers.mmfr0 = read_mmfr0()
    registers.mmfr1 = read_mmfr1()
    registers.mmfr2 = read_mmfr2()
    registers.isar5 = read_isar5()
    registers.mvfr0 = read_mvfr0()
    registers.mvfr1 = read_mvfr1()
    registers.midr = read_midr()
    return registers
  }

  /// TTBR1 without the ASID above and CnP below.
  public var kernelRoot: PhysicalAddress? {
    PhysicalAddress(read_ttbr1() & 0x0000_ffff_ffff_fffe)
  }

  /// The ASID is TTBR1's (TCR_EL1.A1); the user half is empty while it changes, so that no entry
  /// of the one is ever tagged with the other (arch/arm64/mm/context.c:cpu_do_switch_mm()).
  public func activate(root: PhysicalAddress, asid: ASID) {
    let control = TranslationControl(geometry: translation)
    unsafe write_ttbr0(kernel_variables().pointee.empty_ttbr)
    barrier_isb()
    write_ttbr1(read_ttbr1() & 0x0000_ffff_ffff_ffff | UInt64(asid.rawValue) &<< 48)
    ring(.root, root.rawValue)
    ring(.space, UInt64(asid.rawValue))
    write_ttbr0(control.ttbr(root: root))
    barrier_isb()
  }

  public func deactivateUserHalf() {
    ring(.root, 0)
    unsafe write_ttbr0(kernel_variables().pointee.empty_ttbr)
    barrier_isb()
  }

  @inline(__always)
  public func switchContext(
    from: KernelPointer<SwitchedContext>, to: KernelPointer<SwitchedContext>
  ) {
    // SAFETY: both live as long as their tasks, and `to` was stored by a switch or made by a fork.
    unsafe switch_context(from.raw, to.raw)
  }

  public var startOfTask: UInt64 { address_of_start_of_task() }

  public func save(_ state: KernelPointer<VectorState>) {
    unsafe save_vector_state(state.raw)
  }

  public func load(_ state: KernelPointer<VectorState>) {
    unsafe load_vector_state(state.raw)
  }

  public var threadPointer: UInt64 {
    get { read_tpidr_el0() }
    nonmutating set { write_tpidr_el0(newValue) }
  }

  public var readOnlyThreadPointer: UInt64 {
    get { read_tpidrro_el0() }
    nonmutating set { write_tpidrro_el0(newValue) }
  }

  /// What the counters say that Head.S started.
  ///
  /// The cycle counter runs at EL0 only and has 64 bits. EL1's event counter has 32; what is above
  /// follows from the time, since an instruction takes a nanosecond, and the nanoseconds in which
  /// nothing was counted are known.
  public var instructions: InstructionCounts {
    let user = read_cycles()
    let low = UInt32(truncatingIfNeeded: read_event0())
    let rough = unsafe clock.nanoseconds &- user &- kernel_variables().pointee.idle_nanoseconds
    let difference = Int32(bitPattern: low &- UInt32(truncatingIfNeeded: rough))
    let kernel = rough &+ UInt64(bitPattern: Int64(difference))
    return unsafe InstructionCounts(
      user: user, kernel: kernel &- kernel_variables().pointee.tracing_instructions)
  }

  public func setTimer(at ticks: UInt64?) {
    if let ticks {
      write_timer_compare(ticks)
      write_timer_control(1)
    } else {
      write_timer_control(0)
    }
  }

  public func idle(until ticks: UInt64?) {
    sendTrace()
    let start = clock.nanoseconds
    if let ticks {
      write_timer_compare(ticks)
      write_timer_control(1)
    }
    letTypingWake(true)
    wait_for_interrupt()
    letTypingWake(!isInteractive)
    write_timer_control(0)
    unsafe kernel_variables().pointee.idle_nanoseconds &+= clock.nanoseconds &- start
  }

  public func panic(_ message: StaticString) -> Never {
    var line = LogLine("kernel panic: ")
    line.append(message)
    line.send()
    breakpoint()
  }
}
