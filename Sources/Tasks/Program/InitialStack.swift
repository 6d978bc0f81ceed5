import AddressSpaces
import Arm64
import Files
import KernelLayout
import MemoryTypes

/// Writes what lies below the strings, and so gives the program its first stack pointer
/// (fs/binfmt_elf.c:create_elf_tables()).
///
/// ```
///            strings (ArgumentStack)
///            up to 15 bytes of alignment
///            "aarch64\0", or "v8l\0"      AT_PLATFORM
///            16 random bytes              AT_RANDOM
///            auxiliary vector, AT_NULL last
///            null, environment pointers
///            null, argument pointers
/// sp →       argc                         16-byte aligned
/// ```
struct InitialStack {
  /// The first stack pointer.
  private(set) var stackPointer = VirtualAddress(0)
  private(set) var argumentsStart = VirtualAddress(0)
  private(set) var argumentsEnd = VirtualAddress(0)
  private(set) var environmentEnd = VirtualAddress(0)
  private(set) var vector = VirtualAddress(0)
  private(set) var vectorLength = ByteCount.zero

  /// What the vector says of the program; the rest is the machine's.
  struct Program {
    var header: ELFHeader
    /// Addresses in memory: the program header table, the entry, the interpreter's base.
    var tableAddress: UInt64
    var entry: UInt64
    var interpreterBase: UInt64
    var vdso: VirtualAddress
  }

  init<B: Processor>(
    _ strings: ArgumentStack<B>, _ program: Program, _ kernel: KernelState<B>,
    _ credentials: Credentials
  ) throws(Errno) {
    let space = strings.space
    // arch_align_stack(): without randomisation only the alignment is left.
    var pointer = VirtualAddress(
      (strings.pointer - kernel.stackPointerOffset).rawValue & ~15)
    let top = pointer

    let isCompat = program.header.isCompat
    let word: UInt64 = isCompat ? 4 : 8
    pointer -= ByteCount(word)
    let platform = pointer
    if isCompat {
      try space.pointee.copyOut(UInt32(0x006c_3876), to: platform)  // "v8l"
    } else {
      try space.pointee.copyOut(UInt64(0x0034_3668_6372_6161), to: platform)  // "aarch64"
    }
    pointer -= ByteCount(16)
    let random = pointer
    try space.pointee.copyOut(kernel.files.pointee.nextRandom(), to: random)
    try space.pointee.copyOut(kernel.files.pointee.nextRandom(), to: random + ByteCount(8))

    var auxiliary = AuxiliaryVector()
    auxiliary.append(.vdso, program.vdso.rawValue)
    let capabilities =
      isCompat ? kernel.store.pointee.compatCapabilities : kernel.store.pointee.capabilities
    // COMPAT_ARCH_DLINFO has none.
    if !isCompat {
      auxiliary.append(.minimumSignalStack, AuxiliaryVector.minimumSignalStack)
    }
    auxiliary.append(.hwcap, capabilities.hwcap)
    auxiliary.append(.pageSize, kernel.board.pageSize.bytes.rawValue)
    auxiliary.append(.clockTicks, 100)
    auxiliary.append(.programHeaders, program.tableAddress)
    auxiliary.append(.programHeaderSize, UInt64(ProgramHeader.length(isCompat: isCompat)))
    auxiliary.append(.programHeaderCount, UInt64(program.header.entryCount))
    auxiliary.append(.interpreterBase, program.interpreterBase)
    auxiliary.append(.flags, 0)
    auxiliary.append(.entry, program.entry)
    auxiliary.append(.user, UInt64(credentials.user))
    auxiliary.append(.effectiveUser, UInt64(credentials.effectiveUser))
    auxiliary.append(.group, UInt64(credentials.group))
    auxiliary.append(.effectiveGroup, UInt64(credentials.effectiveGroup))
    auxiliary.append(.secure, 0)
    auxiliary.append(.random, random.rawValue)
    auxiliary.append(.hwcap2, capabilities.hwcap2)
    auxiliary.append(.programName, strings.programName.rawValue)
    auxiliary.append(.platform, platform.rawValue)
    auxiliary.append(.end, 0)

    let words = strings.argumentCount &+ 1 &+ strings.environmentCount &+ 1 &+ 1
    let vectorLength = ByteCount(UInt64(auxiliary.count) &* word)
    pointer -= vectorLength + ByteCount(UInt64(words) &* word)
    pointer = VirtualAddress(pointer.rawValue & ~15)
    guard pointer < top else { throw .EFAULT }
    stackPointer = pointer

    var slot = pointer
    func put(_ value: UInt64) throws(Errno) {
      if isCompat {
        try space.pointee.copyOut(UInt32(truncatingIfNeeded: value), to: slot)
      } else {
        try space.pointee.copyOut(value, to: slot)
      }
      slot += ByteCount(word)
    }
    /// Stores pointers to `count` strings from `string` on, and a null; the end of the strings.
    func putStrings(_ count: Int, from string: VirtualAddress) throws(Errno) -> VirtualAddress {
      var string = string
      for _ in 0..<count {
        try put(string.rawValue)
        string += ByteCount(UInt64(try strings.measure(string)))
      }
      try put(0)
      return string
    }

    try put(UInt64(strings.argumentCount))
    argumentsStart = strings.pointer
    argumentsEnd = try putStrings(strings.argumentCount, from: argumentsStart)
    environmentEnd = try putStrings(strings.environmentCount, from: argumentsEnd)
    vector = slot
    self.vectorLength = vectorLength
    for index in 0..<auxiliary.count { try put(auxiliary.words[index]) }
  }
}

extension ArgumentStack {
  /// The length of a string on the new stack, its zero included (strnlen_user()).
  func measure(_ string: VirtualAddress) throws(Errno) -> Int {
    var length = 0
    while length <= maximumString {
      do {
        let count = try unsafe space.pointee.copyStringIn(
          string + ByteCount(UInt64(length)), to: bounce, limit: bounceLength)
        return length &+ count &+ 1
      } catch {
        guard error == .ENAMETOOLONG else { throw error }
        length &+= bounceLength
      }
    }
    throw .EINVAL
  }
}
