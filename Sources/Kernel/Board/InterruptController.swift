import KernelAssembly

/// The GICv2, as far as it is needed: its signal ends a WFI, with interrupts closed, and interrupts
/// programs, which run with interrupts open.
///
/// Two sources, and a disk's if the machine has one: the virtual timer (PPI 27) and the PL011 (SPI 1,
/// so 33), which signals what is typed only while the CPU idles, and a request to end always. All are
/// levels, so an interrupt is over when its source is quiet; none is ever acknowledged.
enum InterruptController {
  /// Below the fixmap's permanent slots, where Linux's early_ioremap() maps.
  static var distributor: UInt64 { kernel_parameters.uart &- 8 &* page }
  static var interface: UInt64 { kernel_parameters.uart &- 12 &* page }
  /// The page of the virtio transport, if the board has one.
  static var devices: UInt64 { kernel_parameters.uart &- 16 &* page }
  private static var page: UInt64 { 1 &<< kernel_parameters.page_shift }

  /// Forwards both sources to the CPU interface, and lets that signal.
  static func start() {
    device_write(distributor &+ 0x100, 1 &<< 27)  // GICD_ISENABLER0
    device_write(distributor &+ 0x104, 1 &<< 1)  // GICD_ISENABLER1
    device_write(distributor &+ 0x820, 1 &<< 8)  // GICD_ITARGETSR8: 33 to CPU 0
    device_write(distributor, 1)  // GICD_CTLR
    device_write(interface &+ 4, 0xff)  // GICC_PMR
    device_write(interface, 1)  // GICC_CTLR
  }

  /// Forwards a device's interrupt (an SPI), a level too, to CPU 0.
  static func enable(shared number: UInt64) {
    guard number < 988 else { return }
    let identifier = number &+ 32
    let target = distributor &+ 0x800 &+ identifier & ~3
    let shift = UInt32(truncatingIfNeeded: identifier & 3 &* 8)
    device_write(target, device_read(target) | 1 &<< shift)  // GICD_ITARGETSR
    device_write(
      distributor &+ 0x100 &+ identifier / 32 &* 4, 1 &<< UInt32(identifier % 32))  // ISENABLER
  }
}
