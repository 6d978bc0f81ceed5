/// What `/proc/cpuinfo` of several machines says, in the forms that their kernels write.
enum CPUFixtures {
  /// Two sockets of a server with hyper-threads and five levels of tables; of each core's two
  /// threads, the second comes in the upper half of the numbers, as firmware numbers them.
  static var xeon: String {
    (0..<8).map { cpu in
      """
      processor\t: \(cpu)
      vendor_id\t: GenuineIntel
      cpu family\t: 6
      model\t\t: 143
      model name\t: Intel(R) Xeon(R) Platinum 8480+
      stepping\t: 8
      microcode\t: 0x2b000603
      cpu MHz\t\t: 2000.000
      cache size\t: 107520 KB
      physical id\t: \(cpu % 4 / 2)
      siblings\t: 4
      core id\t\t: \(cpu % 2)
      cpu cores\t: 2
      apicid\t\t: \(cpu)
      initial apicid\t: \(cpu)
      fpu\t\t: yes
      fpu_exception\t: yes
      cpuid level\t: 32
      wp\t\t: yes
      flags\t\t: fpu vme pse tsc msr pae pge nx pdpe1gb lm pcid la57 smep erms invpcid smap pku
      vmx flags\t: vnmi preemption_timer ept_ad
      bugs\t\t: spectre_v1 spectre_v2 eibrs_pbrsb
      bogomips\t: 4000.00
      clflush size\t: 64
      cache_alignment\t: 64
      address sizes\t: 46 bits physical, 57 bits virtual
      power management:


      """
    }.joined()
  }

  /// A board of two clusters, as arm64 kernels since 3.19 write it.
  static var bigLittle: String {
    (0..<6).map { cpu in
      """
      processor\t: \(cpu)
      BogoMIPS\t: 48.00
      Features\t: fp asimd evtstrm aes pmull sha1 sha2 crc32 cpuid
      CPU implementer\t: 0x41
      CPU architecture: 8
      CPU variant\t: 0x0
      CPU part\t: \(cpu < 4 ? "0xd03" : "0xd08")
      CPU revision\t: \(cpu < 4 ? 4 : 2)


      """
    }.joined() + "Hardware\t: Rockchip RK3399\nSerial\t\t: 17a6b0a3f0c1d2e3\n"
  }

  /// An arm64 kernel of 3.10: the numbers first, then one block for all.
  static let old = """
    Processor\t: AArch64 Processor rev 0 (aarch64)
    processor\t: 0
    processor\t: 1
    Features\t: fp asimd aes pmull sha1 sha2 crc32
    CPU implementer\t: 0x4e
    CPU architecture: AArch64
    CPU variant\t: 0x0
    CPU part\t: 0x000
    CPU revision\t: 0

    Hardware\t: Tegra132
    """

  /// A 32-bit kernel of the same years, whose blocks are apart.
  static let old32 = """
    Processor\t: ARMv7 Processor rev 3 (v7l)
    processor\t: 0
    BogoMIPS\t: 38.40

    processor\t: 1
    BogoMIPS\t: 38.40

    Features\t: swp half thumb fastmult vfp edsp neon vfpv3 tls vfpv4 lpae
    CPU implementer\t: 0x41
    CPU architecture: 7
    CPU variant\t: 0x2
    CPU part\t: 0xc0f
    CPU revision\t: 3

    Hardware\t: SAMSUNG EXYNOS5
    """

  /// A laptop with 16K pages.
  static let apple = """
    processor\t: 0
    BogoMIPS\t: 48.00
    Features\t: fp asimd evtstrm aes pmull sha1 sha2 crc32 atomics fphp asimdhp cpuid asimdrdm jscvt fcma lrcpc dcpop sha3 asimddp sha512 asimdfhm dit uscat ilrcpc flagm ssbs sb paca pacg dcpodp flagm2 frint
    CPU implementer\t: 0x61
    CPU architecture: 8
    CPU variant\t: 0x1
    CPU part\t: 0x022
    CPU revision\t: 1

    processor\t: 1
    BogoMIPS\t: 48.00
    Features\t: fp asimd atomics
    CPU implementer\t: 0x61
    CPU architecture: 8
    CPU variant\t: 0x1
    CPU part\t: 0x023
    CPU revision\t: 1

    """
}
