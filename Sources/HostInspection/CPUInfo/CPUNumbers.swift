/// CPU numbers as Linux lists them: `0-3,8`.
package enum CPUNumbers {
  package static func text(_ numbers: some Sequence<UInt64>) -> String {
    var ranges: [ClosedRange<UInt64>] = []
    for number in Set(numbers).sorted() {
      if let last = ranges.last, number - last.upperBound == 1 {
        ranges[ranges.count - 1] = last.lowerBound...number
      } else {
        ranges.append(number...number)
      }
    }
    return ranges.map {
      $0.lowerBound == $0.upperBound ? "\($0.lowerBound)" : "\($0.lowerBound)-\($0.upperBound)"
    }.joined(separator: ",")
  }
}
