import Arm64
package import BoardFormat

/// Finds a place in a program and its libraries by what a person calls it.
package struct PlaceSearch {
  private let guest: Guest
  private let environment: [EnvironmentVariable]

  package init(_ guest: Guest, _ environment: [EnvironmentVariable]) {
    self.guest = guest
    self.environment = environment
  }

  /// The place where a function begins (in the first file that defines it, as the dynamic loader
  /// looks), or that an address of the program as it is linked (`0x…`) is at.
  package func place(of name: String) throws(MachineError) -> ProbeRequest {
    var search = LibrarySearch(guest, environment)
    let address = name.hasPrefix("0x") ? UInt64(name.dropFirst(2), radix: 16) : nil
    for path in search.files(from: [guest.executable]) {
      guard let symbols = search.symbols(of: path) else { continue }
      let found = address.map { symbols.place(at: $0) } ?? symbols.place(of: name)
      if address != nil, path != guest.executable { break }
      guard let found else { continue }
      guard SteppedInstruction(found.word) != .refused else {
        throw .failure("--at-address \(name): no breakpoint can stand in for the instruction there")
      }
      guard
        let request = ProbeRequest(
          offset: found.offset, word: found.word, tag: 0, options: .stops, path: path.utf8)
      else { throw .failure("--at-address: \(path) is too long a path") }
      return request
    }
    throw .usage(
      "--at-address \(name): \(address == nil ? "no function of that name" : "no such place") "
        + "in \(guest.path)",
      hint: "a function of the program or its libraries, or an address as nm prints it, 0x…")
  }
}
