import Arm64
import BoardFormat
import Files
import KernelAssembly
import KernelHeap
import KernelLog
import KernelModules
import MemoryTypes
import Tasks

/// Loadable modules of this kernel: the loader, and what calls it.
enum Modules {
  typealias Loader = ModuleLoader<BoardModuleHost>

  /// The loader, once there is one.
  static var loader: KernelPointer<Loader>? {
    let address = unsafe module_variables().pointee.loader
    guard let place = unsafe UnsafeMutablePointer<Loader>(bitPattern: UInt(address)) else {
      return nil
    }
    // SAFETY: stored once, by `start`, for as long as the machine runs.
    return unsafe KernelPointer(place)
  }

  /// Makes the loader; false without memory.
  static func start(
    slab: KernelPointer<SlabAllocator<VirtBoard>>, vmalloc: KernelPointer<VMAllocator<VirtBoard>>
  ) -> Bool {
    guard
      let loader = unsafe slab.pointee.allocateBytes(
        ByteCount(UInt64(MemoryLayout<Loader>.size)))?.bindMemory(to: Loader.self, capacity: 1)
    else { return false }
    unsafe loader.initialize(
      to: Loader(
        host: BoardModuleHost(slab: slab, vmalloc: vmalloc),
        versionMagic: "6.1.192-kilburn SMP mod_unload aarch64"))
    unsafe module_variables().pointee.slab = UInt64(slab.address)
    unsafe module_variables().pointee.frames = UInt64(slab.pointee.frames.address)
    unsafe module_variables().pointee.vmalloc = UInt64(vmalloc.address)
    unsafe module_variables().pointee.loader = UInt64(UInt(bitPattern: loader))
    return true
  }

  /// Calls a function of a module.
  static func call(_ function: UInt64, _ first: UInt64 = 0, _ second: UInt64 = 0)
    -> ModuleOutcome
  {
    let result = module_call(function, first, second)
    return result.died != 0 ? .died : .returned(Int32(truncatingIfNeeded: result.value))
  }

  /// Whether the tool wants modules.
  static func areWanted(_ board: VirtBoard) -> Bool {
    guard board.header.pointee.modules.start != 0, loader != nil else { return false }
    // What modules say is to be heard at once.
    board.kernelLog?.pointee.shownLevel = LogLevel.debug.rawValue
    return true
  }

  /// Loads what the tool wants, in its order; what fails has said so.
  static func loadAll(_ board: VirtBoard) {
    let area = unsafe board.bytes(of: board.header.pointee.modules)
    var at = 0
    while at &+ MemoryLayout<ModuleRecord>.size <= area.count {
      let record = unsafe area.load(fromByteOffset: at, as: ModuleRecord.self)
      guard record.fileLength > 0, record.stride <= UInt64(area.count &- at) else { return }
      let names = at &+ MemoryLayout<ModuleRecord>.size
      let parameters = names &+ Int(record.nameLength)
      let file = at &+ Int(record.fileOffset)
      // SAFETY: nobody else uses the area, and the record lies in it.
      unsafe load(
        UnsafeMutableRawBufferPointer(rebasing: area[file..<file &+ Int(record.fileLength)]),
        ByteString(
          UnsafeRawBufferPointer(
            rebasing: area[parameters..<parameters &+ Int(record.parameterLength)])))
      at &+= Int(record.stride)
    }
  }

  private static func load(_ file: UnsafeMutableRawBufferPointer, _ parameters: ByteString) {
    guard let loader else { return }
    do throws(ModuleError) {
      _ = unsafe try loader.pointee.load(file, parameters: parameters)
    } catch {
      var text = TextBuffer()
      text.append("kilburn: a module was not loaded: ")
      text.append(error.text)
      text.append(" (")
      text.append(signed: error.result)
      text.append(")")
      text.withText { Exports.log(4, $0) }
    }
  }

  /// What system calls and `/proc` get.
  static var door: ModuleDoor {
    unsafe ModuleDoor(
      load: { file, parameters, ignoresVersion in
        guard let loader else { return -38 }
        do throws(ModuleError) {
          _ = unsafe try loader.pointee.load(
            file, parameters: parameters, ignoresVersion: ignoresVersion)
          return 0
        } catch {
          return error.reason == .died ? ModuleDoor.died : error.result
        }
      },
      unload: { name in
        guard let loader else { return -38 }
        do throws(Errno) {
          return try loader.pointee.unload(name) == .died ? ModuleDoor.died : 0
        } catch {
          return -Int64(error.rawValue)
        }
      },
      line: { index, showsAddress, body in
        loader?.pointee.line(index, showsAddress: showsAddress, body) ?? false
      }, view: view)
  }

  /// Unloads all that can be unloaded, the newest first.
  static func unloadAll() {
    guard let loader else { return }
    var next = loader.pointee.first
    while let module = next {
      let name = module.pointee.name
      next = module.pointee.next
      name.withText { name in
        _ = try? loader.pointee.unload(name)
      }
    }
  }
}
