import Files

extension ProcNode {
  /// Its type and permissions.
  var mode: FileMode {
    switch kind {
    case .procRoot, .process, .thread, .sysFolder, .sysKernel, .sysVM, .sysFS, .taskFolder,
      .fdinfo, .sysvipcFolder, .pressureFolder:
      FileMode(.directory, permissions: 0o555)
    case .sysRoot, .slabCache, .zramFolder, .moduleFolder, .moduleSections, .moduleParameters:
      FileMode(.directory, permissions: 0o755)
    case .fd, .mapFiles: FileMode(.directory, permissions: 0o500)
    case .namespaces: FileMode(.directory, permissions: 0o511)
    case .selfLink, .threadSelfLink, .mountsLink, .exe, .cwd, .processRoot, .mountNamespace,
      .cgroupNamespace, .slabLink:
      FileMode(.symbolicLink, permissions: 0o777)
    case .descriptor: FileMode(.symbolicLink, permissions: 0o700)
    case .mappedFile: FileMode(.symbolicLink, permissions: 0o400)
    case .attribute: SysAttribute(rawValue: UInt8(truncatingIfNeeded: number))?.mode ?? .init(0)
    case .controlGroup: FileMode(.directory, permissions: pid == 1 ? 0o555 : 0o755)
    case .controlFile:
      FileMode(.regular, permissions: ControlFile(rawValue: file)?.permissions ?? 0)
    case .setting:
      FileMode(.regular, permissions: Sysctl(rawValue: number)?.row.permissions ?? 0)
    default: FileMode(.regular, permissions: filePermissions)
    }
  }

  private var filePermissions: UInt32 {
    switch kind {
    case .slabAttribute:
      SlabAttribute(rawValue: UInt8(truncatingIfNeeded: number & 31))?.isWritable == true
        ? 0o600 : 0o400
    case .zramAttribute:
      ZRAMAttribute(rawValue: UInt8(truncatingIfNeeded: number))?.permissions ?? 0
    case .moduleSection, .auxv, .environ, .kernelPageTables, .slabinfo, .pagetypeinfo, .kpagecount,
      .kpageflags, .kpagecgroup, .vmallocinfo, .kernelMessages, .pagemap, .personality, .systemCall,
      .mountstats:
      0o400
    case .mem: 0o600
    case .clearRefs: 0o200
    case .comm, .oomAdjust, .oomScoreAdjust, .coredumpFilter: 0o644
    case .timerSlack: 0o666
    default: 0o444
    }
  }
}
