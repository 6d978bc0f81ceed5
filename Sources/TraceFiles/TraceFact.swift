/// Something that a trace says of itself.
package struct TraceFact: Equatable, Sendable {
  package var name: String
  package var value: String
  package init(_ name: String, _ value: String) {
    self.name = name
    self.value = value
  }
}
