package import Cores

/// The core of a machine, as its file describes it.
package typealias Core = CoreDescription

extension CoreDescription {
  /// The default: a server core that has every page size.
  package static let neoverseN1: Self = {
    do { return try Self(choosing: "neoverse-n1") } catch {
      preconditionFailure("the default core cannot be read: \(error)")
    }
  }()

  /// What `--core` names: a preset, or a file of one's own.
  ///
  /// What has a `/` or a `.` in it is a file: no preset's name has.
  package init(choosing word: String) throws(MachineError) {
    do throws(CoreFileError) {
      if let preset = try CorePresets.core(word) {
        self = preset
        return
      }
    } catch { throw .failure(error.place, hint: error.hint) }
    guard word.contains("/") || word.contains(".") else {
      throw .usage(
        "there is no core '\(word)'",
        hint: "--core is a file, or one of \(CorePresets.names.joined(separator: ", "))")
    }
    let bytes = try HostFile.start(of: word, limit: (1 << 18) + 1)
    do throws(CoreFileError) {
      self = try Self(parsing: String(decoding: bytes, as: UTF8.self), named: word)
    } catch { throw .usage(error.place, hint: error.hint) }
  }
}
