/// A part of a whole, drawn as a bar of eighths of a character.
struct Bar {
  var width: Int

  /// The bar of `part` in `whole`; what is more than nothing is seen.
  func text(_ part: UInt64, of whole: UInt64) -> String {
    guard whole > 0, width > 0, part > 0 else { return "" }
    let eighths = Int((Double(min(part, whole)) * Double(width * 8) / Double(whole)).rounded())
    let ends = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"]
    let shown = max(1, min(eighths, width * 8))
    return String(repeating: "█", count: shown / 8) + ends[shown % 8]
  }

  /// The bar, and a light line where it might go on.
  func filled(_ part: UInt64, of whole: UInt64) -> String {
    let text = text(part, of: whole)
    return text + String(repeating: "·", count: max(0, width - text.count))
  }
}

/// A share in percent with one decimal: `12.3 %`.
func percent(_ part: UInt64, of whole: UInt64) -> String {
  guard whole > 0 else { return "0.0 %" }
  let tenths = Int((Double(part) * 1000 / Double(whole)).rounded())
  return "\(tenths / 10).\(tenths % 10) %"
}
