/// The names of signals by number (include/uapi/asm-generic/signal.h).
enum SignalName {
  /// `SIGSEGV`, or the number where it has no name.
  static func of(_ number: UInt32) -> String {
    let names = [
      "HUP", "INT", "QUIT", "ILL", "TRAP", "ABRT", "BUS", "FPE", "KILL", "USR1", "SEGV", "USR2",
      "PIPE", "ALRM", "TERM", "STKFLT", "CHLD", "CONT", "STOP", "TSTP", "TTIN", "TTOU", "URG",
      "XCPU", "XFSZ", "VTALRM", "PROF", "WINCH", "IO", "PWR", "SYS",
    ]
    guard number >= 1, number <= names.count else { return "signal \(number)" }
    return "SIG" + names[Int(number) - 1]
  }
}
