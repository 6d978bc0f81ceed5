public import Files
public import MemoryTypes

extension ModuleLoader {
  /// Loads a module from a copy of its file, which is written to and may be thrown away
  /// afterwards, and runs its init function.
  ///
  /// Unsafe: the bytes are nobody else's meanwhile.
  @unsafe public mutating func load(
    _ bytes: UnsafeMutableRawBufferPointer, parameters: ByteString, ignoresVersion: Bool = false
  ) throws(ModuleError) -> KernelPointer<Module> {
    let file: ModuleFile
    let name: ModuleName
    do throws(ModuleError) {
      file = unsafe try ModuleFile(checking: bytes)
      name = ModuleName(try file.moduleName())
    } catch {
      var text = TextBuffer()
      text.append("module file refused: ")
      describe(error, &text)
      send(3, text)
      throw error
    }
    do throws(ModuleError) {
      let module = try form(file, name, ignoresVersion)
      do throws(ModuleError) {
        try bringUp(module, file, parameters)
        return module
      } catch {
        unform(module)
        throw error
      }
    } catch {
      switch error.reason {
      // What has been said already, or is for the init function to say.
      case .unknownSymbol, .wrongVersionMagic, .initFailed, .died, .loadedAlready,
        .parameterInvalid, .parameterOutOfRange, .parameterTooLarge, .exportTwice,
        .writableAndExecutable,
        .commonSymbol:
        break
      default:
        var text = TextBuffer()
        name.withText { text.append($0) }
        text.append(": ")
        describe(error, &text)
        send(3, text)
      }
      throw error
    }
  }

  private func describe(_ error: ModuleError, _ text: inout TextBuffer) {
    text.append(error.text)
    if error.offset != 0 {
      text.append(" (file offset 0x")
      text.append(hex: error.offset)
      text.append(")")
    }
  }

  /// Gives a file memory and a place in the list, with its sections copied
  /// (`layout_and_allocate()`, `add_unformed_module()`).
  private mutating func form(
    _ file: ModuleFile, _ name: ModuleName, _ ignoresVersion: Bool
  ) throws(ModuleError) -> KernelPointer<Module> {
    try checkPermissions(file, name)
    let (taints, isGPLCompatible) = try checkInformation(file, name, ignoresVersion)
    if let other = name.withText({ find($0) }) {
      throw ModuleError(other.pointee.state == .going ? .isGoing : .loadedAlready)
    }
    var core = ModuleLayout()
    var initial = ModuleLayout()
    try file.countVeneers(
      core: &core, initial: &initial, avoidsLateADRP: host.avoidsLateADRP)
    let kept = file.countKept()
    core.keptBytes = kept.bytes
    try file.layOut(core: &core, initial: &initial, pageSize: host.pageSize.bytes.rawValue)
    guard core.size > 0, file.placement(file.thisModule) != ~0,
      file.placement(file.thisModule) & ModuleFile.initBit == 0,
      file.range(file.thisModule).count >= 96
    else { throw ModuleError(.noModule, at: file.thisModule.at) }

    guard let coreArea = host.allocateArea(core.size) else { throw ModuleError(.noMemory) }
    var initialArea: ModuleArea?
    if initial.size > 0 {
      initialArea = host.allocateArea(initial.size)
      guard initialArea != nil else {
        host.free(coreArea)
        throw ModuleError(.noMemory)
      }
    }
    var image = ModuleImage(
      core: coreArea, initial: initialArea, coreLayout: core, initialLayout: initial)
    image.avoidsLateADRP = host.avoidsLateADRP
    image.fill(from: file)
    guard let memory = unsafe host.allocateObject(MemoryLayout<Module>.size) else {
      host.free(coreArea)
      if let initialArea { host.free(initialArea) }
      throw ModuleError(.noMemory)
    }
    let place = unsafe memory.assumingMemoryBound(to: Module.self)
    unsafe place.initialize(
      to: Module(
        name: name, core: coreArea, initial: initialArea, coreLayout: core,
        initialLayout: initial, functions: (0, 0), taints: taints,
        isGPLCompatible: isGPLCompatible))
    // SAFETY: just initialised; it stays until it is unlinked.
    let module = unsafe KernelPointer(place)
    link(module)
    do throws(ModuleError) {
      try resolve(file, for: module)
      file.keep(kept, at: coreArea.address &+ core.kept, in: module)
      try image.relocate(file)
      return module
    } catch {
      unform(module)
      throw error
    }
  }

  /// Everything from relocated memory to a live module (`complete_formation()`, `parse_args()`,
  /// `do_init_module()`).
  private mutating func bringUp(
    _ module: KernelPointer<Module>, _ file: ModuleFile, _ parameters: ByteString
  ) throws(ModuleError) {
    try findTables(module, file)
    try checkExports(module)
    host.synchronizeInstructions(module.pointee.core)
    if let initial = module.pointee.initial { host.synchronizeInstructions(initial) }
    let own = file.address(file.thisModule)
    let functions: (initial: UInt64, exit: UInt64) = (
      module.pointee.core.load(own &+ 80), module.pointee.core.load(own &+ 88)
    )
    guard functions.initial == 0 || module.pointee.containsText(functions.initial),
      functions.exit == 0 || module.pointee.containsText(functions.exit)
    else { throw ModuleError(.tableOutside, at: file.thisModule.at) }
    protect(module)
    module.pointee.state = .coming
    host.isComing(module)
    try setParameters(module, parameters)
    module.pointee.functions = functions
    module.pointee.users = 1
    let outcome = functions.initial == 0 ? .returned(0) : host.call(functions.initial)
    host.finishDeferredWork()
    module.pointee.users &-= 1
    switch outcome {
    case .died:
      throw ModuleError(.died)
    case .returned(let status):
      if status < 0 { throw ModuleError(status: status) }
      if status > 0 { warn(module, status) }
    }
    module.pointee.state = .live
    settle(module)
  }

  /// As Linux says it of an init function that returns neither 0 nor an error.
  private func warn(_ module: KernelPointer<Module>, _ status: Int32) {
    var text = TextBuffer()
    text.append("do_init_module: '")
    module.pointee.name.withText { text.append($0) }
    text.append("'->init suspiciously returned ")
    text.append(signed: Int64(status))
    text.append(", it should follow 0/-E convention")
    send(4, text)
    text = TextBuffer()
    text.append("do_init_module: loading module anyway...")
    send(4, text)
  }

  /// Gives the pages of both parts their permissions (`module_enable_ro()`, `module_enable_nx()`,
  /// `module_enable_x()`).
  private func protect(_ module: KernelPointer<Module>) {
    let core = module.pointee.coreLayout
    let area = module.pointee.core
    if core.textSize > 0 { host.protect(area, 0..<core.textSize, .readOnlyExecute) }
    if core.readOnlySize > core.textSize {
      host.protect(area, core.textSize..<core.readOnlySize, .readOnly)
    }
    guard let initial = module.pointee.initial else { return }
    let layout = module.pointee.initialLayout
    if layout.textSize > 0 { host.protect(initial, 0..<layout.textSize, .readOnlyExecute) }
    if layout.readOnlySize > layout.textSize {
      host.protect(initial, layout.textSize..<layout.readOnlySize, .readOnly)
    }
  }

  /// Init is over: its part goes, and what was writable for it only becomes read-only.
  private func settle(_ module: KernelPointer<Module>) {
    let layout = module.pointee.coreLayout
    if layout.readOnlyAfterInitSize > layout.readOnlySize {
      host.protect(
        module.pointee.core, layout.readOnlySize..<layout.readOnlyAfterInitSize, .readOnly)
    }
    guard let initial = module.pointee.initial else { return }
    module.pointee.initial = nil
    host.free(initial)
  }
}
