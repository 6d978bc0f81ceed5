import AddressSpaces
import Files
import Foundation
import MemoryTypes
import PageFrames
import ProcFS
import Tasks
import Testing

@Suite struct ProcTextTests {
  @Test func mapsAreLinuxs() {
    GuestMachine().observe { (proc, guest) throws in
      let shared = UInt64(bitPattern: guest.call(222, 0, 0x3000, 3, 0x21, ~0, 0))
      _ = shared
      let expected = """
        00400000-00401000 r-xp 00000000 00:02 2                                  /program
        00421000-00422000 rw-p 00001000 00:02 2                                  /program
        00422000-00424000 rw-p 00000000 00:00 0                                  [heap]
        fffff7ffa000-fffff7ffd000 rw-s 00000000 00:01 1                          /dev/zero (deleted)
        fffff7ffd000-fffff7fff000 r--p 00000000 00:00 0                          [vvar]
        fffff7fff000-fffff8000000 r-xp 00000000 00:00 0                          [vdso]
        fffffffdf000-1000000000000 rw-p 00000000 00:00 0                         [stack]

        """
      #expect(try proc.text("/proc/self/maps") == expected)
      #expect(try proc.text("/proc/2/maps", pieces: 7) == expected)
    }
  }

  @Test func smapsAreLinuxs() {
    GuestMachine().observe { (proc, guest) throws in
      let place = guest.memory(0x4000)
      guest.store(UInt64(1), at: place)
      guest.store(UInt64(1), at: place + 0x1000)
      let text = try proc.text("/proc/self/smaps")
      let start = try #require(text.range(of: "\(String(place, radix: 16))-"))
      let area = text[start.lowerBound...].split(separator: "\n").prefix(25)
      #expect(
        area.dropFirst().joined(separator: "\n") == """
          Size:                 16 kB
          KernelPageSize:        4 kB
          MMUPageSize:           4 kB
          Rss:                   8 kB
          Pss:                   8 kB
          Pss_Dirty:             8 kB
          Shared_Clean:          0 kB
          Shared_Dirty:          0 kB
          Private_Clean:         0 kB
          Private_Dirty:         8 kB
          Referenced:            8 kB
          Anonymous:             8 kB
          LazyFree:              0 kB
          AnonHugePages:         0 kB
          ShmemPmdMapped:        0 kB
          FilePmdMapped:         0 kB
          Shared_Hugetlb:        0 kB
          Private_Hugetlb:       0 kB
          Swap:                  0 kB
          SwapPss:               0 kB
          Locked:                0 kB
          THPeligible:    0
          VmFlags: rd wr mr mw me ac\u{20}
          """ + "\n" + String(area.last ?? ""))
      let rollup = try proc.text("/proc/self/smaps_rollup")
      let first = "00400000-1000000000000 ---p 00000000 00:00 0"
      #expect(rollup.hasPrefix(first + String(repeating: " ", count: 29) + "[rollup]\nRss:   "))
    }
  }

  @Test func limitsAreLinuxs() {
    GuestMachine().observe { (proc, guest) throws in
      let processes = proc.kernel.store.pointee.maximumThreads / 2
      let lines = try proc.lines("/proc/self/limits")
      func line(_ name: String, _ soft: String, _ hard: String, _ unit: String) -> String {
        func pad(_ text: String, _ width: Int) -> String {
          text + String(repeating: " ", count: max(0, width - text.count)) + " "
        }
        return pad(name, 25) + pad(soft, 20) + pad(hard, 20)
          + (unit.isEmpty ? "" : unit + String(repeating: " ", count: 10 - unit.count))
      }
      #expect(lines[0] == line("Limit", "Soft Limit", "Hard Limit", "Units"))
      #expect(lines[4] == line("Max stack size", "8388608", "unlimited", "bytes"))
      #expect(lines[7] == line("Max processes", "\(processes)", "\(processes)", "processes"))
      #expect(lines[14] == line("Max nice priority", "0", "0", ""))
      #expect(lines.count == 18 && lines[17].isEmpty)
    }
  }

  @Test func statusAndStatAgree() {
    GuestMachine().observe { (proc, guest) throws in
      let status = try proc.text("/proc/self/status")
      #expect(
        form(status) == """
          Name:\tprogram
          Umask:\t<4>
          State:\tR (running)
          Tgid:\t<1>
          Ngid:\t<1>
          Pid:\t<1>
          PPid:\t<1>
          TracerPid:\t<1>
          Uid:\t<1>\t<1>\t<1>\t<1>
          Gid:\t<1>\t<1>\t<1>\t<1>
          FDSize:\t<2>
          Groups:\t\u{20}
          VmPeak:\t<8> kB
          VmSize:\t<8> kB
          VmLck:\t<8> kB
          VmPin:\t<8> kB
          VmHWM:\t<8> kB
          VmRSS:\t<8> kB
          RssAnon:\t<8> kB
          RssFile:\t<8> kB
          RssShmem:\t<8> kB
          VmData:\t<8> kB
          VmStk:\t<8> kB
          VmExe:\t<8> kB
          VmLib:\t<8> kB
          VmPTE:\t<8> kB
          VmSwap:\t<8> kB
          HugetlbPages:\t<8> kB
          CoreDumping:\t<1>
          THP_enabled:\t<1>
          Threads:\t<1>
          SigQ:\t<1>/<\("\(proc.kernel.store.pointee.maximumThreads / 2)".count)>
          SigPnd:\t<16>
          ShdPnd:\t<16>
          SigBlk:\t<16>
          SigIgn:\t<16>
          SigCgt:\t<16>
          CapInh:\t<16>
          CapPrm:\t<6>ffffffffff
          CapEff:\t<6>ffffffffff
          CapBnd:\t<6>ffffffffff
          CapAmb:\t<16>
          NoNewPrivs:\t<1>
          Speculation_Store_Bypass:\tthread vulnerable
          SpeculationIndirectBranch:\tunknown
          Cpus_allowed:\t<1>
          Cpus_allowed_list:\t<1>
          voluntary_ctxt_switches:\t<1>
          nonvoluntary_ctxt_switches:\t<1>

          """)
      let stat = try proc.text("/proc/self/stat").split(separator: " ")
      #expect(stat.count == 52)
      #expect(stat[1] == "(program)" && stat[2] == "R" && stat[25] == "4194304")
      let space = try #require(guest.task.pointee.memory.space)
      #expect(stat[46] == "\(space.pointee.startBreak.rawValue)")
      let statm = try proc.text("/proc/self/statm").split(separator: " ")
      #expect(statm.count == 7 && UInt64(stat[22]) == (UInt64(statm[0]) ?? 0) * 4096)
      #expect(try proc.text("/proc/self/cmdline") == "/program\0")
      #expect(try proc.text("/proc/self/comm") == "program\n")
      #expect(try proc.bytes("/proc/self/auxv").count % 16 == 0)
    }
  }

  @Test(arguments: [PageSize.fourKiB, .sixteenKiB, .sixtyFourKiB])
  func meminfoHasLinuxsForm(_ pageSize: PageSize) {
    GuestMachine(pageSize).observe { (proc, guest) throws in
      let lines = try proc.lines("/proc/meminfo")
      let labels = [
        "MemTotal", "MemFree", "MemAvailable", "Buffers", "Cached", "SwapCached", "Active",
        "Inactive", "Active(anon)", "Inactive(anon)", "Active(file)", "Inactive(file)",
        "Unevictable", "Mlocked", "SwapTotal", "SwapFree", "Dirty", "Writeback", "AnonPages",
        "Mapped", "Shmem", "KReclaimable", "Slab", "SReclaimable", "SUnreclaim", "KernelStack",
        "PageTables", "SecPageTables", "NFS_Unstable", "Bounce", "WritebackTmp", "CommitLimit",
        "Committed_AS", "VmallocTotal", "VmallocUsed", "VmallocChunk", "Percpu", "AnonHugePages",
        "ShmemHugePages", "ShmemPmdMapped", "FileHugePages", "FilePmdMapped", "HugePages_Total",
        "HugePages_Free", "HugePages_Rsvd", "HugePages_Surp", "Hugepagesize", "Hugetlb", "",
      ]
      #expect(lines.map { $0.prefix { $0 != ":" } } == labels.map { Substring($0) })
      func value(_ label: String) -> UInt64 {
        let line = lines.first { $0.hasPrefix(label + ":") } ?? ""
        return UInt64(line.split(separator: " ").dropFirst().first ?? "") ?? .max
      }
      for line in lines where line.hasSuffix(" kB") && !line.hasPrefix("VmallocTotal") {
        #expect(line.utf8.count == 27, "\(line)")
      }
      let frames = proc.kernel.frames
      #expect(value("MemTotal") == frames.pointee.managed.bytes(of: pageSize).kibibytes)
      #expect(value("MemAvailable") < value("MemTotal"))
      #expect(value("Slab") == value("SReclaimable") + value("SUnreclaim"))
      #expect(value("Hugepagesize") == [12: 2048, 14: 32768, 16: 524_288][pageSize.shift])
      // What a processor has counted and not told yet is not shown.
      let shmem = PageCount(UInt64(frames.pointee.shown(.nr_shmem)))
      #expect(value("Shmem") == shmem.bytes(of: pageSize).kibibytes)
      #expect(frames.pointee.statistic(.nr_shmem) > 0)
    }
  }

  @Test func zonesHaveLinuxsForm() {
    GuestMachine().observe { (proc, guest) throws in
      let frames = proc.kernel.frames
      let buddy = try proc.text("/proc/buddyinfo")
      #expect(
        form(buddy) == "Node<2>, zone      DMA" + String(repeating: "<7>", count: 11) + " \n")
      let numbers = buddy.split(separator: " ").dropFirst(4).compactMap { UInt64($0) }
      let free = numbers.enumerated().reduce(0) { $0 + $1.element << UInt64($1.offset) }
      #expect(free == frames.pointee.free.rawValue)
      let types = try proc.lines("/proc/pagetypeinfo")
      #expect(types[0] == "Page block order: 9" && types[1] == "Pages per block:  512")
      #expect(
        form(types[3]) == "Free pages count per migrate type at order" + "<8>"
          + String(repeating: "<7>", count: 10) + " ")
      #expect(types[4].hasPrefix("Node    0, zone      DMA, type    Unmovable "))
      #expect(
        types[9] == "Number of blocks type     Unmovable      Movable  Reclaimable   HighAtomic ")
      let zones = try proc.text("/proc/zoneinfo")
      #expect(zones.hasPrefix("Node 0, zone      DMA\n  per-node stats\n      nr_inactive_anon "))
      #expect(zones.contains("\n      nr_mapped    "))
      #expect(zones.contains("\n        protection: (0, 0, 0, 0)\n      nr_free_pages "))
      #expect(
        zones.contains(
          "\n  node_unreclaimable:  0\n  start_pfn:           262144\nNode 0, zone    DMA32\n  pages free     0\n        boost    0\n"
        ))
      #expect(zones.hasSuffix("        cma      0\n        protection: (0, 0, 0, 0)\n"))
      let items = try proc.lines("/proc/vmstat")
      #expect(items.count == 147 && items[146].isEmpty)
      #expect(items[0] == "nr_free_pages \(frames.pointee.free.rawValue)")
      #expect(items[52].hasPrefix("nr_dirty_threshold ") && items[54].hasPrefix("pgpgin "))
      #expect(items[145] == "nr_unstable 0")
      let slabs = try proc.lines("/proc/slabinfo")
      #expect(slabs[0] == "slabinfo - version: 2.1")
      let dentry = try #require(slabs.first { $0.hasPrefix("dentry ") })
      #expect(
        form(dentry)
          == "dentry<18><7><7><5><5> : tunables<5><5><5> : slabdata<7><7><7>")
      // What the recorded kernel says of the same cache.
      for (name, value) in [
        ("object_size", "192"), ("slab_size", "192"), ("objs_per_slab", "21"), ("order", "0"),
        ("min_partial", "5"), ("cpu_partial", "120"), ("reclaim_account", "1"), ("align", "8"),
        ("aliases", "0"), ("poison", "0"), ("validate", ""),
      ] {
        let text = try proc.text("/sys/kernel/slab/dentry/\(name)")
        #expect(text == (value.isEmpty ? "" : value + "\n"), "\(name)")
      }
      #expect(throws: (any Error).self) { try proc.text("/sys/kernel/slab/dentry/nothing") }
      #expect(throws: (any Error).self) { try proc.text("/sys/kernel/slab/nothing/order") }
    }
  }

  /// The recorded machine's own numbers come out of the formulas.
  @Test func cpuinfoIsLinuxs() {
    let machine = GuestMachine()
    machine.observe { (proc, guest) throws in
      let text = try proc.text("/proc/cpuinfo")
      #expect(text.hasPrefix("processor\t: 0\nBogoMIPS\t: 125.00\nFeatures\t: fp asimd aes pmull "))
      #expect(text.hasSuffix("CPU variant\t: 0x0\nCPU part\t: 0x000\nCPU revision\t: 0\n\n"))
      #expect(try proc.text("/proc/iomem") == "40000000-43ffffff : System RAM\n")
    }
    machine.end()
  }
}
