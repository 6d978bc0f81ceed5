/// A report on a crash, without what no two kernels share.
///
/// What stays: which lines there are and in which order; ESR and all that it is decoded to; the
/// region that an address is in, exactly for those near the ends of the halves; the attributes of
/// descriptors at every level; functions by their names; PSTATE but for the condition flags; taints;
/// how the child ended.
///
/// What goes: the clock; addresses within their region and frames; offsets into functions and their
/// sizes, and a module's name behind them; instruction words; the values of registers; process IDs;
/// the kernel's version; the list of modules; the mask of the CPU's features; callers above the
/// module's entry, a file's write there and a module's loading here; what the module itself says.
struct OopsReport: Equatable {
  var lines: [String] = []

  /// - Parameter console: lines with their times, and at the end how the child ended.
  init(_ console: String) {
    var isInTrace = false
    var callers = 0
    for piece in console.split(separator: "\n") {
      var line = String(piece)
      if line.hasPrefix("-- child: ") {
        lines.append(line)
        continue
      }
      guard let time = line.prefixMatch(of: #/^\[ *\d+\.\d{6}\] /#) else { continue }
      line.removeSubrange(time.range)
      if line.prefixMatch(of: #/(lkdtm|crash|kilburn|reboot): /#) != nil { continue }
      if line == "Call trace:" {
        (isInTrace, callers) = (true, 0)
        lines.append(line)
        continue
      }
      if isInTrace, line.hasPrefix(" ") {
        callers += 1
        guard callers < 100 else { continue }
        if let name = Self.caller(line, isFirst: callers == 1) { lines.append(" " + name) }
        if line.hasPrefix(" direct_entry+") { callers = 100 }
        continue
      }
      isInTrace = false
      lines.append(Self.masked(line))
    }
  }

  /// Whether two reports are the same.
  static func == (a: OopsReport, b: OopsReport) -> Bool {
    a.lines.count == b.lines.count
      && zip(a.lines, b.lines).allSatisfy { $0 == $1 || [$0, $1].contains(" " + anyName) }
  }

  /// The end of a function that another follows, where a call that does not return would return to:
  /// it stands for any one name.
  private static let anyName = "?"

  /// A caller's name; none for what the compiler put apart.
  private static func caller(_ line: String, isFirst: Bool) -> String? {
    guard let match = line.firstMatch(of: #/^ (\S+)\+0x([0-9a-f]+)/0x/#) else {
      return address(String(line.dropFirst()))
    }
    if match.output.2 == "0", !isFirst { return anyName }
    if match.output.1.hasPrefix("__refcount_") { return nil }
    return name(String(match.output.1))
  }

  /// Names of one thing.
  private static func name(_ name: String) -> String {
    switch name {
    case "__memcpy", "__pi_memcpy": "memcpy"
    case "__memset", "__pi_memset": "memset"
    default: name
    }
  }

  /// The region that an address with 48 bits is in, or itself where it is near an end.
  private static func address(_ text: String) -> String {
    guard let value = UInt64(text.hasPrefix("0x") ? String(text.dropFirst(2)) : text, radix: 16)
    else { return text }
    switch value {
    case ..<0x1000, (UInt64.max - 0xfff)...: return text
    case ..<0x1_0000_0000_0000: return "USER"
    case 0xffff_0000_0000_0000..<0xffff_8000_0000_0000: return "LINEAR"
    default: return "KERNEL"
    }
  }

  /// A descriptor's attributes: without the frame, and whether its neighbours are like it.
  private static func attributes(_ text: Substring) -> String {
    guard let value = UInt64(text, radix: 16) else { return String(text) }
    return String(value & ~(0xffff_ffff_f000 | 1 << 52), radix: 16)
  }

  private static func masked(_ text: String) -> String {
    var line = text
    line.replace(#/0x[0-9a-f]{16}\.\.0x[0-9a-f]{16}/#, with: "RANGE")
    if line.hasPrefix("[") {
      line.replace(#/^\[([0-9a-f]{16})\]/#) { "[\(address(String($0.output.1)))]" }
      line.replace(#/(p[gum4t][de])=([0-9a-f]{16})/#) {
        "\($0.output.1)=\(attributes($0.output.2))"
      }
    }
    line.replace(#/pgdp=[0-9a-f]{16}/#, with: "pgdp=FRAME")
    line.replace(#/virtual address ([0-9a-f]{16})/#) {
      "virtual address \(address(String($0.output.1)))"
    }
    line.replace(#/FAR: (0x[0-9a-f]{16})/#) { "FAR: \(address(String($0.output.1)))" }
    line.replace(#/x(\d+ ?): [0-9a-f]{16}/#) { "x\($0.output.1): VALUE" }
    line.replace(#/(be|was|prev|next|sp)( \(|=| : | )([0-9a-f]{16})/#) {
      "\($0.output.1)\($0.output.2)\(address(String($0.output.3)))"
    }
    line.replace(#/^(pc|lr) : (0x[0-9a-f]+)$/#) {
      "\($0.output.1) : \(address(String($0.output.2)))"
    }
    line.replace(#/(\S+)\+0x[0-9a-f]+/0x[0-9a-f]+( \[\w+\])?/#) { name(String($0.output.1)) }
    line.replace(#/BUG at \S+ \[verbose/#, with: "BUG at NAME [verbose")
    line.replace(#/at \S+\.c:\d+/#, with: "at FILE:LINE")
    line.replace(#/CPU: 0 PID: \d+/#, with: "CPU: 0 PID: N")
    line.replace(#/(Not tainted|Tainted: [A-Z ]+) 6\.1\.192-\w+ #\S+.*$/#) {
      "\($0.output.1) VERSION"
    }
    line.replace(#/^pstate: [0-9a-f]([0-9a-f]{7}) \([nN][zZ][cC][vV] /#) {
      "pstate: .\($0.output.1) (.... "
    }
    line.replace(#/^Modules linked in:.*/#, with: "Modules linked in:")
    line.replace(#/^(Code: )(\(?[0-9a-f]{8}\)? ?)+$/#, with: "Code: WORDS")
    line.replace(#/^CPU features: .*/#, with: "CPU features: MASK")
    line.replace(#/^note: lkdtm\[\d+\]/#, with: "note: lkdtm[N]")
    // How far apart things of the stack and of the image lie.
    line.replace(#/(process stack|kernel text) \(offset \d+/#) { "\($0.output.1) (offset N" }
    return line
  }
}
