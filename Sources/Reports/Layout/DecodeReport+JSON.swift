import Arm64
import KernelHistory
package import MemoryTypes

extension DecodeReport {
  /// An object in one line.
  package func json(of address: VirtualAddress) -> [UInt8] {
    var out = ByteText()
    json(of: address, to: &out)
    return out.bytes
  }

  func json(of address: VirtualAddress, to out: inout ByteText) {
    let decoded = map.decode(address)
    let range = decoded.region.range
    func member(_ name: StaticString, _ value: UInt64) {
      out.text(name)
      out.text("\"0x")
      out.hexadecimal(value)
      out.text("\"")
    }
    out.text("{\"address\":\"0x")
    out.hexadecimal(address.rawValue, digits: 16)
    out.text("\",\"half\":\"")
    out.text(Array(decoded.half.rawValue.utf8))
    out.text("\",\"region\":\"")
    out.text(names[decoded.region.kind] ?? [])
    out.text("\",\"start\":\"0x")
    out.hexadecimal(range.first.rawValue, digits: 16)
    out.text("\",\"end\":\"0x")
    if range.last.rawValue == .max { out.text("1") }
    out.hexadecimal(range.end.rawValue, digits: 16)
    out.text("\"")
    member(",\"offset\":", decoded.offset.rawValue)
    if let tag = decoded.tag { member(",\"tag\":", UInt64(tag)) }
    if decoded.half != .neither {
      out.text(",\"levels\":[")
      for (place, level) in TableIndices(of: decoded.plain, in: geometry).levels.enumerated() {
        out.text(place == 0 ? "{\"level\":" : ",{\"level\":")
        if level.level < 0 { out.text("-") }
        out.decimal(abs(level.level))
        out.text(",\"name\":\"")
        out.text(Array(level.name.utf8))
        out.text("\",\"index\":")
        out.decimal(level.index)
        out.text("}")
      }
      out.text("]")
      member(",\"pageOffset\":", decoded.plain.rawValue & geometry.pageSize.offsetMask)
    }
    if let (name, distance) = symbol(of: decoded.plain) {
      out.text(",\"symbol\":\"")
      out.text(Array(name.utf8))
      out.text("\"")
      member(",\"symbolOffset\":", distance.rawValue)
    }
    if case .shadow(let of) = decoded.meaning {
      member(",\"shadowOf\":", of.first.rawValue)
    }
    if let views = views(of: decoded) {
      member(",\"physical\":", views.physical.rawValue)
      member(",\"frame\":", views.frame.rawValue)
      if let linear = views.linear { member(",\"linear\":", linear.rawValue) }
      if let page = views.pageStructure { member(",\"page\":", page.rawValue) }
    }
    if let shadow = shadow(of: decoded) { member(",\"shadow\":", shadow.rawValue) }
    out.text("}\n")
  }
}
