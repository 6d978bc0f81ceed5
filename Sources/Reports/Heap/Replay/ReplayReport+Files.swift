import HeapTraces

extension ReplayReport {
  /// The moments of all replays as comma-separated values.
  package var csv: String {
    var text = "replay,call,nanoseconds,footprint,resident,live,chunks,objects\n"
    for column in columns {
      for sample in column.result.history {
        text +=
          "\"\(column.options.name.replacing("\"", with: "'"))\",\(sample.event),\(sample.time),"
          + "\(sample.footprint),\(sample.resident),\(sample.live),\(sample.chunks),"
          + "\(sample.objects)\n"
      }
    }
    return text
  }

  /// Footprint, resident and live bytes over the trace: a line each, a colour a replay.
  package var svg: String {
    let (left, top, width, height) = (90, 50, 860, 360)
    let most = max(columns.map(\.result.kernel.peakAccessible).max() ?? 1, 1)
    let calls = max(columns.map(\.result.events).max() ?? 1, 1)
    let colours = ["#1f5fa8", "#c2571a", "#2d7d46", "#8a3ea8", "#a8841f", "#b0305c"]
    var shapes = ""
    func line(_ samples: [ReplaySample], _ bytes: (ReplaySample) -> UInt64, _ style: String) {
      let points = samples.map { sample in
        let x = left + Int(Double(sample.event) * Double(width) / Double(calls))
        let y = top + height - Int(Double(bytes(sample)) * Double(height) / Double(most))
        return "\(x),\(y)"
      }
      shapes += "<polyline fill=\"none\" \(style) points=\"\(points.joined(separator: " "))\"/>\n"
    }
    func text(_ x: Int, _ y: Int, _ text: String, _ more: String = "") {
      let escaped = text.replacing("&", with: "&amp;").replacing("<", with: "&lt;")
        .replacing(">", with: "&gt;")
      shapes += "<text x=\"\(x)\" y=\"\(y)\"\(more)>\(escaped)</text>\n"
    }
    for (index, column) in columns.enumerated() {
      let colour = colours[index % colours.count]
      let samples = column.result.history
      line(samples, \.footprint, "stroke=\"\(colour)\" stroke-width=\"2\"")
      line(samples, \.resident, "stroke=\"\(colour)\" stroke-dasharray=\"5 3\"")
      line(samples, \.live, "stroke=\"\(colour)\" stroke-opacity=\"0.5\"")
      text(left + 10, top + 18 + 16 * index, column.options.name, " fill=\"\(colour)\"")
    }
    for step in 0...4 {
      let y = top + height - height * step / 4
      shapes +=
        "<line x1=\"\(left)\" x2=\"\(left + width)\" y1=\"\(y)\" y2=\"\(y)\" class=\"grid\"/>\n"
      text(left - 8, y + 4, Self.size(most / 4 * UInt64(step)), " text-anchor=\"end\"")
    }
    text(left + width, top + height + 20, "\(calls.grouped) calls", " text-anchor=\"end\"")
    text(left, top + height + 40, "thick: footprint, dashed: resident, light: live bytes")
    text(left, 28, file, " class=\"title\"")
    return """
      <svg xmlns="http://www.w3.org/2000/svg" width="1000" height="480">
      <style>
      text { font-family: monospace; font-size: 12px }
      .title { font-size: 16px; font-weight: bold }
      .grid { stroke: #ddd }
      </style>
      <rect width="1000" height="480" fill="#fff"/>
      \(shapes)</svg>

      """
  }
}
