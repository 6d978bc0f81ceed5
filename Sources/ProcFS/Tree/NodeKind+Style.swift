import Files

extension NodeKind {
  /// How a file is read.
  var style: ProceduralStyle { .records }
}
