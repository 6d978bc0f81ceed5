import AddressSpaces
import Arm64
import Files
import MemoryTypes
import Tasks

/// What the tool is told of memory being short, line by line:
///
///     stalled some US full US
///     cause NAME TIMES SCANNED TAKEN NANOSECONDS
///     waited high NANOSECONDS
///     process PID TAKEN NAME
///     mapping TAKEN START-END LABEL         of the process before it
extension ProcFS {
  func pressureText(_ out: inout Writer) {
    out.text("stalled some ")
    out.decimal(kernel.pressure(of: nil, 0).total)
    out.text(" full ")
    out.decimal(kernel.pressure(of: nil, 1).total)
    out.newline()
    let reclaims = kernel.reclaims
    var raw: UInt8 = 0
    while let cause = ReclaimCause(rawValue: raw) {
      raw &+= 1
      let row = reclaims[cause]
      guard row.times > 0 else { continue }
      out.text("cause ")
      out.text(Self.name(of: cause))
      figure(row.times, &out)
      figure(row.scanned, &out)
      figure(row.taken, &out)
      figure(row.nanoseconds, &out)
      out.newline()
    }
    if reclaims.waited > 0 {
      out.text("waited high")
      figure(reclaims.waited, &out)
      out.newline()
    }
    let losers = kernel.losers
    for index in 0..<losers.rows.count { write(losers.rows[index], &out) }
    kernel.forEachLivingLoser { write($0, &out) }
  }

  private func figure(_ value: UInt64, _ out: inout Writer) {
    out.byte(0x20)
    out.decimal(value)
  }

  private static func name(of cause: ReclaimCause) -> StaticString {
    switch cause {
    case .kswapd: "kswapd"
    case .direct: "direct"
    case .limit: "limit"
    case .high: "high"
    case .request: "request"
    }
  }

  private func write(_ loser: MemoryLoser, _ out: inout Writer) {
    guard loser.total > 0 else { return }
    out.text("process ")
    out.decimal(Int64(loser.pid))
    figure(loser.total, &out)
    out.byte(0x20)
    out.name(loser.name)
    out.newline()
    for index in 0..<loser.places.count where loser.places[index].pages > 0 {
      let place = loser.places[index]
      out.text("mapping ")
      out.decimal(place.pages)
      out.byte(0x20)
      out.hexadecimal(place.start.rawValue)
      out.byte(0x2D)
      out.hexadecimal(place.end.rawValue)
      out.byte(0x20)
      for at in 0..<Int(place.label.count) { out.byte(place.label.bytes[at]) }
      out.newline()
    }
  }
}
