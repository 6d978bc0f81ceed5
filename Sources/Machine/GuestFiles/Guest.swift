import BoardFormat
import Cores
import MemoryTypes

/// What a machine runs: the files the guest sees, and of them the program with its arguments.
package struct Guest {
  /// The program's path in the guest, which is its `argv[0]` too.
  package let path: String
  /// The file that is the program, where links from `path` lead to it.
  package let executable: String
  /// All of `argv`.
  package let arguments: [String]
  /// What the program reads from its standard input; nil where that is typed.
  package let standardInput: [UInt8]?
  let tree: GuestTree
  /// The folders that the guest may change.
  let bound: [BoundFolder]

  /// The most folders that the guest may change: the kernel's `Mount` has room for no more.
  private static let maximumBound = 8

  /// Finds the program and the files.
  ///
  /// `program` is a path in the guest (a bare name is looked for in `/bin`), or else a file of the
  /// host, which the guest then sees as `/bin/NAME`.
  package init(
    program: String, arguments: [String], configuration: MachineConfiguration,
    standardInput: [UInt8]?
  ) throws(MachineError) {
    var tree = GuestTree()
    if let sysroot = configuration.sysroot {
      guard HostFile.status(sysroot, following: true)?.isFolder == true else {
        throw .failure("--sysroot \(sysroot): there is no such folder")
      }
      try tree.add(host: sysroot, at: "/", store: .disk)
    }
    var bound: [BoundFolder] = []
    for bind in configuration.binds {
      if bind.isWritable { bound.append(try BoundFolder(bind)) }
      try tree.add(
        host: bind.host, at: bind.guest, store: bind.isWritable ? .boundTop : .disk)
    }
    guard bound.count <= Self.maximumBound else {
      throw .usage("--bind: at most \(Self.maximumBound) can be rw")
    }
    self.bound = bound

    let inGuest = program.contains("/") ? GuestPath.normalized(program) : "/bin/" + program
    let file: ProgramFile
    if !program.hasPrefix("./"), let found = tree.resolve(inGuest),
      case .file(let host, _) = found.node.content
    {
      path = inGuest
      executable = found.path
      file = try ProgramFile(host, called: program)
    } else {
      guard let status = HostFile.status(program, following: true) else {
        let place = configuration.sysroot.map { ", neither in \($0) nor here" } ?? ""
        throw .failure("\(program): there is no such program\(place)")
      }
      guard status.isRegular else { throw .failure("\(program) is not a file") }
      file = try ProgramFile(program, called: program)
      path = "/bin/" + GuestPath.name(of: program)
      executable = path
      tree.addProgram(host: program, size: status.size, at: path)
    }
    guard !file.is32Bit || configuration.pageSize == .fourKiB else {
      throw .failure(
        "\(program) is a 32-bit arm program, which runs with 4K pages only",
        hint: "--page-size 4K")
    }
    guard !file.is32Bit || configuration.core.architecture.hasAArch32 else {
      throw .failure(
        "\(program) is a 32-bit arm program, and \(configuration.core.name) runs none",
        hint: "--core cortex-a72 does")
    }
    if let interpreter = file.interpreter, tree.resolve(interpreter) == nil {
      throw .failure(
        "\(program) is dynamically linked and needs \(interpreter), which the guest does not have",
        hint: "--sysroot names a folder with an arm64 system")
    }
    self.tree = tree
    self.arguments = [path] + arguments
    self.standardInput = standardInput
  }

  /// The path of the file that a path leads to through links; nil where there is none.
  package func filePath(at path: String) -> String? {
    guard let found = tree.resolve(GuestPath.normalized(path)), case .file = found.node.content
    else { return nil }
    return found.path
  }

  /// The host's file that the guest sees at a path when it starts; nil where there is none.
  package func hostFile(at path: String) -> String? {
    guard case .file(let host, _)? = tree.resolve(path)?.node.content else { return nil }
    return host
  }
}
