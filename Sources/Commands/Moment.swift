import Machine
import Reports

/// When a program that is run is to be looked at.
enum Moment: Equatable {
  case exit
  case call(number: UInt64, count: UInt64)
  /// A function's name, or an address as the program is linked.
  case place(String, count: UInt64)

  /// Reads `--at`, `--at-call` and `--at-address`; without one of them it is the exit.
  init(at: String?, call: String?, address: String?) throws(MachineError) {
    guard [at, call, address].compactMap({ $0 }).count < 2 else {
      throw .usage("--at, --at-call and --at-address: one moment")
    }
    if let at, at != "exit" {
      throw .usage(
        "--at: there is no moment '\(at)'", hint: "it is exit, or see --at-call, --at-address")
    }
    if let call {
      let (name, count) = try Self.split(call, option: "--at-call", "a system call's name")
      guard let number = SystemCallName.number(of: name) else {
        throw .usage(
          "--at-call: there is no system call '\(name)'", hint: "such as munmap or brk:3")
      }
      self = .call(number: UInt64(number), count: count)
    } else if let address {
      let (name, count) = try Self.split(
        address, option: "--at-address", "a function's name or an address")
      self = .place(name, count: count)
    } else {
      self = .exit
    }
  }

  private static func split(
    _ text: String, option: String, _ what: String
  ) throws(MachineError) -> (String, UInt64) {
    let parts = text.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
    guard parts.count <= 2, !parts[0].isEmpty, let count = parts.count == 2 ? UInt64(parts[1]) : 1,
      count > 0
    else { throw .usage("\(option): it is \(what), or that and :N for the N-th time") }
    return (parts[0], count)
  }

  /// What the machine is to stop at.
  func stop(
    in guest: Guest, _ environment: [EnvironmentVariable]
  ) throws(MachineError) -> StopPoint {
    switch self {
    case .exit: .exit
    case .call(let number, let count): .call(number: number, count: count)
    case .place(let name, let count):
      .place(try PlaceSearch(guest, environment).place(of: name), count: count)
    }
  }
}
