public import Arm64
import BoardFormat
import KernelAssembly
public import MemoryTypes

/// TLB and cache maintenance, in Linux's forms (arch/arm64/include/asm/tlbflush.h).
extension VirtBoard {
  @inline(__always) public func publishDescriptors() { barrier_dsb_ishst() }

  @inline(__always) public func publishKernelDescriptors() {
    barrier_dsb_ishst()
    barrier_isb()
  }

  public func invalidate(_ invalidation: TLBInvalidation) {
    if traced.contains(.tlb) { trace(TraceRecord(invalidation)) }
    barrier_dsb_ishst()
    switch invalidation {
    case .page(let address, let asid): tlbi_vale1(operand(address, asid))
    case .pageAndTables(let address, let asid): tlbi_vae1(operand(address, asid))
    case .range(let address, let count, let asid, let tables):
      invalidateRange(address, count, asid, tables)
    case .addressSpace(let asid): tlbi_aside1(UInt64(asid.rawValue) &<< 48)
    case .kernelPage(let address): tlbi_vaae1(operand(address, ASID(0)))
    case .kernelRange(let address, let count): invalidateKernelRange(address, count)
    case .all: tlbi_vmalle1()
    }
    barrier_dsb_ish()
    switch invalidation {
    case .kernelPage, .kernelRange: barrier_isb()
    default: break
    }
  }

  /// Page by page up to a table's worth, everything above (`flush_tlb_kernel_range()`).
  private func invalidateKernelRange(_ start: VirtualAddress, _ count: PageCount) {
    let geometry = translation
    if count.rawValue > 1 &<< geometry.bitsPerLevel {
      tlbi_vmalle1()
      return
    }
    let step: UInt64 = 1 &<< (geometry.pageSize.shift &- 12)
    var at = operand(start, ASID(0))
    for _ in 0..<count.rawValue {
      tlbi_vaae1(at)
      at &+= step
    }
  }

  /// Page by page up to a table's worth, the whole address space above (MAX_TLBI_OPS).
  private func invalidateRange(
    _ start: VirtualAddress, _ count: PageCount, _ asid: ASID, _ tables: Bool
  ) {
    let geometry = translation
    if count.rawValue >= 1 &<< geometry.bitsPerLevel {
      tlbi_aside1(UInt64(asid.rawValue) &<< 48)
      return
    }
    var at = operand(start, asid)
    let step: UInt64 = 1 &<< (geometry.pageSize.shift &- 12)
    let end = at &+ count.rawValue &* step
    if tables {
      while at != end {
        tlbi_vae1(at)
        at &+= step
      }
    } else {
      while at != end {
        tlbi_vale1(at)
        at &+= step
      }
    }
  }

  /// The register of a TLBI by address: the ASID, and the address in units of 4 KiB
  /// (`__TLBI_VADDR`).
  @inline(__always) private func operand(_ address: VirtualAddress, _ asid: ASID) -> UInt64 {
    (address.rawValue &>> 12) & 0x0fff_ffff_ffff | UInt64(asid.rawValue) &<< 48
  }

  /// As `caches_clean_inval_pou()` does, but for instructions all at once.
  ///
  /// CTR_EL0.IDC and DIC say what is not needed. A page of instructions is cheaper forgotten with
  /// all others than line by line.
  public func synchronizeInstructions(at address: PhysicalAddress, _ length: ByteCount) {
    // IDC is also implied by there being no level to clean to
    // (arch/arm64/include/asm/cache.h:read_cpuid_effective_cachetype()).
    let type = read_ctr() | (read_clidr() & 0x38e0_0000 == 0 ? 1 &<< 28 : 0)
    let start = address.rawValue &+ kernel_parameters.linear_offset
    let end = start &+ length.rawValue
    if type & (1 &<< 28) == 0 {
      let line: UInt64 = 4 &<< ((type &>> 16) & 15)
      var at = start & ~(line &- 1)
      while at < end {
        cache_dc_cvau(at)
        at &+= line
      }
    }
    barrier_dsb_ish()
    if type & (1 &<< 29) == 0 {
      cache_ic_ialluis()
      barrier_dsb_ish()
    }
    barrier_isb()
  }
}
