import AddressSpaces
import Files
import MemoryTypes
import PageFrames
import ProcFS
import Tasks
import Testing

/// Reading files, links and folders of a test's machine from inside the kernel.
struct ProcReader {
  let kernel: TestKernel
  var files: KernelPointer<FileSystem<HostProcessor>> { kernel.files }

  /// Opens a path; one that is not there is named.
  private func open(_ path: String, _ flags: OpenFlags) throws -> KernelPointer<OpenFile> {
    do {
      return try files.pointee.open(kept(path), from: files.pointee.root, flags)
    } catch {
      throw Failure(path: path, errno: error)
    }
  }

  /// What opening a path ended with.
  struct Failure: Error {
    var path: String
    var errno: Errno
  }

  /// A file's bytes, read in pieces of a size.
  func bytes(_ path: String, pieces: UInt64 = 4096) throws -> [UInt8] {
    let file = try open(path, [])
    defer { files.pointee.release(file) }
    var result: [UInt8] = []
    while true {
      let done = try files.pointee.read(file, ByteCount(pieces)) { piece in
        for index in 0..<piece.count { result.append(piece[index]) }
        return piece.count
      }
      if done == 0 { return result }
    }
  }

  func text(_ path: String, pieces: UInt64 = 4096) throws -> String {
    String(decoding: try bytes(path, pieces: pieces), as: UTF8.self)
  }

  func lines(_ path: String) throws -> [String] {
    try text(path).split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
  }

  func write(_ path: String, _ text: String) throws {
    let file = try open(path, .writeOnly)
    defer { files.pointee.release(file) }
    let bytes = Array(text.utf8)
    _ = try files.pointee.write(file, ByteCount(UInt64(bytes.count))) { room in
      for index in 0..<room.count { unsafe room.bytes[index] = bytes[index] }
      return room.count
    }
  }

  func link(_ path: String) throws -> String {
    let dentry = try files.pointee.resolve(kept(path), from: files.pointee.root, .noFollow)
    defer { files.pointee.release(dentry) }
    var result: [UInt8] = []
    _ = try files.pointee.readLink(dentry, ByteCount(4096)) { piece in
      for index in 0..<piece.count { result.append(piece[index]) }
      return piece.count
    }
    return String(decoding: result, as: UTF8.self)
  }

  /// The names in a folder but `.` and `..`, with what they are.
  func entries(_ path: String) throws -> [(name: String, type: FileType)] {
    let file = try open(path, .directory)
    defer { files.pointee.release(file) }
    var result: [(String, FileType)] = []
    while true {
      let done = try files.pointee.list(file, ByteCount(300)) { record in
        var end = 19
        while record[end] != 0 { end += 1 }
        let name = String(decoding: (19..<end).map { record[$0] }, as: UTF8.self)
        if name != ".", name != "..", let type = FileType(rawValue: record[18]) {
          result.append((name, type))
        }
        return record.count
      }
      if done == 0 { return result }
    }
  }

  /// What a throwing call ends with.
  func errno(_ body: () throws -> Void) -> Errno? {
    do {
      try body()
      return nil
    } catch {
      return (error as? Failure)?.errno ?? error as? Errno
    }
  }
}

extension GuestMachine {
  /// Runs a body while a program runs, with `/proc` connected.
  func observe(_ body: @escaping (ProcReader, Guest) throws -> Void) {
    ProcFS.connect(kernel)
    run { guest in
      do { try body(ProcReader(kernel: self.kernel), guest) } catch { Issue.record(error) }
    }
  }
}

/// A text with every number replaced: what stays is its form.
///
/// A number in a column keeps its width.
func form(_ text: String) -> String {
  var result = ""
  var blanks = ""
  var digits = 0
  for character in text {
    if character.isNumber {
      digits += 1
      continue
    }
    if digits > 0 {
      result += "<\(blanks.count + digits)>"
      blanks = ""
      digits = 0
    }
    if character == " " {
      blanks += " "
    } else {
      result += blanks
      blanks = ""
      result.append(character)
    }
  }
  return digits > 0 ? result + "<\(blanks.count + digits)>" : result + blanks
}
