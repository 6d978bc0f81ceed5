import Arm64
import KernelHistory
import MemoryTypes

extension DecodeReport {
  /// The same in one line: the address, `region+offset`, indices, and what it means.
  func line(of address: VirtualAddress, to out: inout ByteText) {
    let decoded = map.decode(address)
    out.hexadecimal(address.rawValue, digits: 16)
    out.text("  ")
    out.text(names[decoded.region.kind] ?? [])
    out.text("+0x")
    out.hexadecimal(decoded.offset.rawValue)
    if let tag = decoded.tag {
      out.text("  tag 0x")
      out.hexadecimal(UInt64(tag))
    }
    if decoded.half != .neither {
      out.text("  [")
      for level in geometry.startLevel...3 {
        if level != geometry.startLevel { out.text("/") }
        out.decimal(geometry.index(of: decoded.plain, at: level))
      }
      out.text("+0x")
      out.hexadecimal(decoded.plain.rawValue & geometry.pageSize.offsetMask)
      out.text("]")
    }
    if let (name, distance) = symbol(of: decoded.plain) {
      out.text("  ")
      out.text(Array(name.utf8))
      out.text("+0x")
      out.hexadecimal(distance.rawValue)
    }
    meaning(of: decoded, to: &out)
    out.text("\n")
  }

  private func meaning(of decoded: DecodedAddress, to out: inout ByteText) {
    if case .shadow(let of) = decoded.meaning {
      out.text("  shadow of ")
      out.hexadecimal(of.first.rawValue, digits: 16)
    }
    guard let views = views(of: decoded) else { return }
    out.text("  phys 0x")
    out.hexadecimal(views.physical.rawValue)
    out.text(" pfn 0x")
    out.hexadecimal(views.frame.rawValue)
    if let linear = views.linear {
      out.text(" at ")
      out.hexadecimal(linear.rawValue, digits: 16)
    }
  }
}
