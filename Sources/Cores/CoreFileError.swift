/// What is wrong with a core's file, and where.
package struct CoreFileError: Error, Equatable, CustomStringConvertible, Sendable {
  package var file: String
  /// The line, from 1; nil where it is the file as a whole.
  package var line: Int?
  package var cause: String
  package var hint: String?

  /// The place and the cause, without the hint.
  package var place: String { line.map { "\(file):\($0): \(cause)" } ?? "\(file): \(cause)" }

  package var description: String { hint.map { "\(place); \($0)" } ?? place }
}
