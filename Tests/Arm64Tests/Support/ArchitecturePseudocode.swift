// The stage 1 walk of EL1&0 as the Arm Architecture Reference Manual's pseudocode has it (DDI 0487,
// section J1.1.5, aarch64/translation), written again here for the tests alone: its own types, the
// manual's function names, numbers where the sources have types. It shares no code with Arm64.

enum TGx { case kb4, kb16, kb64 }

struct S1TTWParams {
  var tgx: TGx
  var txsz: Int
  var ps: Int
  var ds = false
  var tbi: Bool
  var ha: Bool
  var hd: Bool
  var epd = false
  /// Have52BitPAExt() and a PS field of 0b110: FEAT_LPA in use.
  var lpa = false
}

struct ReferenceFault: Error, Equatable {
  enum Status { case addressSize, translation, accessFlag, permission, syncExternalOnWalk }
  var statuscode: Status
  var level: Int
}

struct TTWState: Equatable {
  var level: Int
  var baseaddress: UInt64
  var contiguous = false
  var descriptor: UInt64 = 0
  // permissions
  var ap = 0, apTable = 0
  var xn = false, pxn = false, xnTable = false, pxnTable = false, dbm = false
}

struct ReferenceWalk {
  var read64: (UInt64) -> UInt64?
  static let finalLevel = 3

  static func bits(_ x: UInt64, _ hi: Int, _ lo: Int) -> UInt64 {
    let shifted = x >> UInt64(lo)
    return hi - lo == 63 ? shifted : shifted & ((UInt64(1) << UInt64(hi - lo + 1)) - 1)
  }

  static func granuleBits(_ tgx: TGx) -> Int {
    switch tgx {
    case .kb4: 12
    case .kb16: 14
    case .kb64: 16
    }
  }

  static func physicalAddressSize(_ params: S1TTWParams) -> Int {
    let size = [32, 36, 40, 42, 44, 48, 52][params.ps]
    return size == 52 && !params.ds && params.tgx != .kb64 ? 48 : size
  }

  static func addrTop(_ params: S1TTWParams) -> Int { params.tbi ? 55 : 63 }

  static func vaIsOutOfRange(_ va: UInt64, _ params: S1TTWParams) -> Bool {
    let iasize = 64 - params.txsz
    let top = addrTop(params)
    if top < iasize { return false }
    let upper = bits(va, top, iasize)
    return bits(va, 55, 55) == 0 ? upper != 0 : upper != bits(.max, top, iasize)
  }

  static func startLevel(_ params: S1TTWParams) -> Int {
    let iasize = 64 - params.txsz
    let granulebits = granuleBits(params.tgx)
    return finalLevel - (((iasize - 1) - granulebits) / (granulebits - 3))
  }

  static func ttBaseAddress(_ ttb: UInt64, _ params: S1TTWParams) -> UInt64 {
    let granulebits = granuleBits(params.tgx)
    let below = (finalLevel - startLevel(params)) * (granulebits - 3) + granulebits
    var tsize = (64 - params.txsz) - below + 3
    var base: UInt64
    if params.lpa || params.ds {
      tsize = max(tsize, 6)
      base = bits(ttb, 47, 6) << 6 | bits(ttb, 5, 2) << 48
    } else {
      base = bits(ttb, 47, 1) << 1
    }
    base &= ~((UInt64(1) << UInt64(tsize)) - 1)
    return base
  }

  static func ttEntryAddress(_ level: Int, _ params: S1TTWParams, _ va: UInt64, _ base: UInt64)
    -> UInt64
  {
    let iasize = 64 - params.txsz
    let granulebits = granuleBits(params.tgx)
    let stride = granulebits - 3
    let lsb = (finalLevel - level) * stride + granulebits
    let msb = min(iasize - 1, lsb + stride - 1)
    return base | bits(va, msb, lsb) << 3
  }

  enum DescriptorType { case table, block, page, invalid }

  static func blockDescSupported(_ params: S1TTWParams, _ level: Int) -> Bool {
    switch params.tgx {
    case .kb4: level == 2 || level == 1 || level == 0 && params.ds
    case .kb16: level == 2 || level == 1 && params.ds
    case .kb64: level == 2 || level == 1 && params.lpa
    }
  }

  static func decodeDescriptorType(_ descriptor: UInt64, _ params: S1TTWParams, _ level: Int)
    -> DescriptorType
  {
    if bits(descriptor, 0, 0) == 0 { return .invalid }
    if bits(descriptor, 1, 1) == 1 { return level == finalLevel ? .page : .table }
    return blockDescSupported(params, level) ? .block : .invalid
  }

  static func nextTableBase(_ descriptor: UInt64, _ params: S1TTWParams) -> UInt64 {
    let low = granuleBits(params.tgx)
    var base = bits(descriptor, 47, low) << UInt64(low)
    if params.lpa {
      base |= bits(descriptor, 15, 12) << 48
    } else if params.ds {
      base |= (bits(descriptor, 9, 8) << 2 | bits(descriptor, 49, 48)) << 48
    }
    return base
  }

  static func leafBase(_ descriptor: UInt64, _ params: S1TTWParams, _ level: Int) -> UInt64 {
    let tsize = (finalLevel - level) * (granuleBits(params.tgx) - 3) + granuleBits(params.tgx)
    var base = bits(descriptor, 47, tsize) << UInt64(tsize)
    if params.lpa {
      base |= bits(descriptor, 15, 12) << 48
    } else if params.ds {
      base |= (bits(descriptor, 9, 8) << 2 | bits(descriptor, 49, 48)) << 48
    }
    return base
  }

  static func oaOutOfRange(_ address: UInt64, _ params: S1TTWParams) -> Bool {
    let oasize = physicalAddressSize(params)
    return oasize < 52 && bits(address, 51, oasize) != 0
  }

  /// AArch64.S1Walk, with the checks of AArch64.S1Translate that come before it.
  func s1Walk(va: UInt64, ttb: UInt64, params: S1TTWParams) throws(ReferenceFault) -> TTWState {
    if params.epd || Self.vaIsOutOfRange(va, params) {
      throw ReferenceFault(statuscode: .translation, level: 0)
    }
    var state = TTWState(
      level: Self.startLevel(params), baseaddress: Self.ttBaseAddress(ttb, params))
    if Self.oaOutOfRange(state.baseaddress, params) {
      throw ReferenceFault(statuscode: .addressSize, level: 0)
    }
    while true {
      let level = state.level
      guard
        let descriptor = read64(Self.ttEntryAddress(level, params, va, state.baseaddress))
      else { throw ReferenceFault(statuscode: .syncExternalOnWalk, level: level) }
      switch Self.decodeDescriptorType(descriptor, params, level) {
      case .invalid:
        throw ReferenceFault(statuscode: .translation, level: level)
      case .table:
        state.baseaddress = Self.nextTableBase(descriptor, params)
        state.level += 1
        state.apTable |= Int(Self.bits(descriptor, 62, 61))
        state.xnTable = state.xnTable || Self.bits(descriptor, 60, 60) == 1
        state.pxnTable = state.pxnTable || Self.bits(descriptor, 59, 59) == 1
        if Self.oaOutOfRange(state.baseaddress, params) {
          throw ReferenceFault(statuscode: .addressSize, level: level)
        }
      case .block, .page:
        state.baseaddress = Self.leafBase(descriptor, params, level)
        state.descriptor = descriptor
        state.contiguous = Self.bits(descriptor, 52, 52) == 1
        state.dbm = Self.bits(descriptor, 51, 51) == 1
        state.ap = Int(Self.bits(descriptor, 7, 6))
        state.xn = Self.bits(descriptor, 54, 54) == 1
        state.pxn = Self.bits(descriptor, 53, 53) == 1
        if Self.oaOutOfRange(state.baseaddress, params) {
          throw ReferenceFault(statuscode: .addressSize, level: level)
        }
        if !params.ha && Self.bits(descriptor, 10, 10) == 0 {
          throw ReferenceFault(statuscode: .accessFlag, level: level)
        }
        return state
      }
    }
  }

  /// AArch64.StageOA: the output address of a leaf.
  static func stageOA(_ va: UInt64, _ params: S1TTWParams, _ state: TTWState) -> UInt64 {
    let tsize =
      (finalLevel - state.level) * (granuleBits(params.tgx) - 3) + granuleBits(params.tgx)
    return state.baseaddress | bits(va, tsize - 1, 0)
  }

  /// AArch64.S1DirectBasePermissions and AArch64.S1CheckPermissions for EL1&0 without PAN and WXN:
  /// (r, w, x) of EL1, then of EL0.
  static func permissions(_ state: TTWState, _ params: S1TTWParams)
    -> (privileged: (r: Bool, w: Bool, x: Bool), unprivileged: (r: Bool, w: Bool, x: Bool))
  {
    var ap2 = state.ap & 2 != 0
    if params.hd && state.dbm { ap2 = false }
    if state.apTable & 2 != 0 { ap2 = true }
    let ap1 = state.ap & 1 != 0 && state.apTable & 1 == 0
    let (pr, pw) = (true, !ap2)
    let (ur, uw) = (ap1, ap1 && !ap2)
    let ux = !(state.xn || state.xnTable)
    let px = !(state.pxn || state.pxnTable) && !uw
    return ((pr, pw, px), (ur, uw, ux))
  }
}
