import AddressSpaces
import Files
import Foundation
import MemoryTypes
import PageFrames
import ProcFS
import Tasks
import Testing

@Suite struct ProcTreeTests {
  /// Everything that is listed can be found, and read from end to end in pieces of any size.
  @Test func everythingListedCanBeRead() {
    let machine = GuestMachine()
    machine.observe { (proc, guest) throws in
      func walk(_ path: String) throws -> Int {
        var count = 0
        for (name, type) in try proc.entries(path) {
          let inner = path + "/" + name
          count += 1
          switch type {
          case .directory:
            // A task's folder holds the process again.
            if name != "task" { count += try walk(inner) }
          case .symbolicLink:
            // Process 1 has neither program nor folder.
            if inner == "/proc/1/exe" || inner == "/proc/1/cwd" {
              #expect(proc.errno { _ = try proc.link(inner) } == .ENOENT)
            } else {
              #expect(try !proc.link(inner).isEmpty, "\(inner)")
            }
          default:
            // No texts: memory, words of pages, and what is only written to.
            let words = ["kmsg", "mem", "pagemap", "kpagecount", "kpageflags", "kpagecgroup"]
            if words.contains(name)
              || ["clear_refs", "drop_caches", "compact_memory", "memory.reclaim"].contains(name)
            {
              continue
            }
            let isGone = inner.hasPrefix("/proc/1/") && name == "smaps_rollup"
            if isGone {
              #expect(proc.errno { _ = try proc.text(inner) } == .ESRCH)
            } else {
              _ = try proc.text(inner, pieces: 13)
            }
          }
        }
        return count
      }
      #expect(try walk("/proc") > 90)
      #expect(try walk("/sys") > 12)
      // Again and again, and no frame more is taken.
      let free = proc.kernel.frames.pointee.unused
      _ = try walk("/proc")
      #expect(proc.kernel.frames.pointee.unused == free)
      proc.files.pointee.checkInvariants()
    }
    machine.end()
  }

  @Test func linksLeadWhereTheySay() {
    GuestMachine().observe { (proc, guest) throws in
      #expect(try proc.link("/proc/self") == "2")
      #expect(try proc.link("/proc/thread-self") == "2/task/2")
      #expect(try proc.link("/proc/mounts") == "self/mounts")
      #expect(try proc.link("/proc/self/exe") == "/program")
      #expect(try proc.link("/proc/self/cwd") == "/")
      #expect(try proc.link("/proc/self/fd/1") == "/dev/console")
      #expect(try proc.link("/dev/stdin") == "/proc/self/fd/0")
      // The program itself, through the link.
      #expect(try proc.bytes("/proc/self/exe").prefix(4) == [0x7f, 0x45, 0x4c, 0x46])
      #expect(try proc.text("/proc/mounts").hasPrefix("rootfs / rootfs rw,size="))
      for (path, expected) in [
        ("/proc/3", Errno.ENOENT), ("/proc/02", .ENOENT), ("/proc/self/fd/9", .ENOENT),
        ("/proc/99999999999", .ENOENT), ("/proc/self/none", .ENOENT), ("/sys/none", .ENOENT),
        ("/proc/meminfo/x", .ENOTDIR), ("/proc/self/exe/x", .ENOTDIR),
      ] {
        #expect(proc.errno { _ = try proc.bytes(path) } == expected, "\(path)")
      }
      #expect(
        proc.errno {
          try proc.files.pointee.makeDirectory(
            kept("/proc/x"), from: proc.files.pointee.root, permissions: 0o755)
        } == .EPERM)
      #expect(
        proc.errno {
          try proc.files.pointee.unlink(kept("/proc/meminfo"), from: proc.files.pointee.root)
        } == .EPERM)
      proc.files.pointee.checkInvariants()
    }
  }

  @Test func settingsCanBeReadAndWritten() {
    GuestMachine().observe { (proc, guest) throws in
      let vm = "/proc/sys/vm/"
      for (name, text) in [
        ("overcommit_memory", "0"), ("overcommit_ratio", "50"), ("max_map_count", "65530"),
        ("mmap_min_addr", "65536"), ("lowmem_reserve_ratio", "256\t256\t32\t0"),
        ("swappiness", "60"), ("legacy_va_layout", "0"), ("watermark_scale_factor", "10"),
      ] {
        #expect(try proc.text(vm + name) == text + "\n")
      }
      try proc.write(vm + "overcommit_memory", "1\n")
      #expect(proc.kernel.memory.pointee.settings.overcommit == .always)
      #expect(try proc.text(vm + "overcommit_memory") == "1\n")
      for text in ["3", "-1", "x", "", " ", "1x", "99999999999999999999"] {
        #expect(
          text.isEmpty || proc.errno { try proc.write(vm + "overcommit_memory", text) } == .EINVAL)
      }
      try proc.write(vm + "overcommit_kbytes", " 4096 ")
      #expect(try proc.text(vm + "overcommit_ratio") == "0\n")
      try proc.write(vm + "min_free_kbytes", "4096")
      #expect(proc.kernel.frames.pointee.minFree == .kibibytes(4096))
      try proc.write(vm + "swappiness", "1")
      #expect(try proc.text(vm + "swappiness") == "1\n")
      #expect(proc.errno { try proc.write(vm + "swappiness", "201") } == .EINVAL)
      #expect(proc.errno { try proc.write("/proc/sys/kernel/ostype", "x") } == .EACCES)
      #expect(try proc.text("/proc/sys/kernel/randomize_va_space") == "0\n")
      #expect(try proc.text("/proc/sys/kernel/ostype") == "Linux\n")
      try proc.write("/proc/self/comm", "another name of mine")
      #expect(try proc.text("/proc/self/comm") == "another name of\n")
      #expect(proc.errno { try proc.write("/proc/1/comm", "x") } == .EINVAL)
      try proc.write("/proc/self/oom_score_adj", "-17")
      #expect(try proc.text("/proc/self/oom_score_adj") == "-17\n")
      #expect(try proc.text("/proc/self/oom_adj") == "0\n")
      #expect(proc.errno { try proc.write("/proc/self/oom_score_adj", "1001") } == .EINVAL)
      let pages = "/sys/kernel/mm/transparent_hugepage/"
      #expect(try proc.text(pages + "enabled") == "always madvise [never]\n")
      #expect(try proc.text(pages + "hpage_pmd_size") == "2097152\n")
    }
  }
}
