// The door between programs and the kernel: the table of calls.
//
// `SVC #0` brings a program to the vectors, which store its registers and come here. The number
// selects a case of one switch, which is a table of jumps; a case is one call of a function that
// does the work and answers a value or throws an error number. Numbers are arm64's, which are those
// of include/uapi/asm-generic/unistd.h. What is not in the table answers ENOSYS and is counted, so
// that a report can name what a program missed.

import AddressSpaces
public import Arm64
import BoardFormat
import Files
public import MemoryTypes
public import Tasks

/// The table.
public enum SystemCalls {
  /// Serves the call that the current task's registers describe.
  @inline(__always)
  public static func dispatch<B: Processor>(
    _ kernel: KernelState<B>, _ context: KernelPointer<UserContext>
  ) {
    let number = context.pointee.x[8]
    let task = kernel.current
    let statistics = kernel.statistics
    if number < UInt64(Statistics.systemCallNumbers) {
      statistics.pointee.systemCalls[Int(truncatingIfNeeded: number)] &+= 1
    }
    if let space = task.pointee.memory.space {
      let call = SystemCall(kernel: kernel, task: task, space: space, context: context)
      context.pointee.x[0] = kernel.board.traced.isEmpty ? call.serve(number) : call.trace(number)
    }
    if task.pointee.attention != 0 { kernel.deliverSignals() }
  }

  /// Counts a call that this kernel does not have.
  @inline(never)
  static func missing<B: Processor>(_ kernel: KernelState<B>, _ number: UInt64) {
    guard number < UInt64(Statistics.systemCallNumbers) else { return }
    kernel.statistics.pointee.unknownCalls[Int(truncatingIfNeeded: number)] &+= 1
  }
}

extension SystemCall {
  /// The call's result as x0 gets it.
  @inline(__always)
  func serve(_ number: UInt64) -> UInt64 {
    // The two calls that programs use to measure the door itself.
    if number == 172 { return UInt64(UInt32(bitPattern: task.pointee.threadGroup)) }  // getpid
    if number == 173 { return parentID }  // getppid
    do throws(Errno) {
      return try perform(number)
    } catch {
      // What a signal interrupted is finished where signals are taken.
      if error.rawValue >= 512 { task.pointee.needsAttention = true }
      if (error == .EFAULT || error == .ENOMEM) && kernel.isShort {
        return serveWithMore(number, error)
      }
      return 0 &- UInt64(error.rawValue)
    }
  }

  /// Makes room and makes the call again, which has changed nothing yet.
  @inline(never)
  private func serveWithMore(_ number: UInt64, _ error: Errno) -> UInt64 {
    var error = error
    var times = 0
    while asksAgain(after: error, times) {
      times &+= 1
      do throws(Errno) {
        return try perform(number)
      } catch let other {
        if other.rawValue >= 512 { task.pointee.needsAttention = true }
        error = other
      }
    }
    return 0 &- UInt64(error.rawValue)
  }

  /// Whether a call failed only because memory was short, and there is room now.
  ///
  /// What a failed call gives back may look like room each time: after so many times somebody dies
  /// (MAX_RECLAIM_RETRIES).
  func asksAgain(after error: Errno, _ times: Int) -> Bool {
    guard error == .EFAULT || error == .ENOMEM, kernel.isShort, !kernel.hasFatalSignal else {
      return false
    }
    return kernel.makeRoom(orFail: true, isHopeless: times >= Self.mostAttempts)
  }

  /// MAX_RECLAIM_RETRIES.
  static var mostAttempts: Int { 16 }

  /// The table proper.
  @inline(never)
  func perform(_ number: UInt64) throws(Errno) -> UInt64 {
    switch number {
    case 5: return try setAttribute(.path)
    case 6: return try setAttribute(.link)
    case 7: return try setAttribute(.descriptor)
    case 8, 14: return try attribute(.path, removes: number == 14)
    case 9, 15: return try attribute(.link, removes: number == 15)
    case 10, 16: return try attribute(.descriptor, removes: number == 16)
    case 11: return try listAttributes(.path)
    case 12: return try listAttributes(.link)
    case 13: return try listAttributes(.descriptor)
    case 17: return try currentFolder()
    case 19: return try makeEventCounter()
    case 20: return try makeWatcher()
    case 21: return try controlWatcher()
    case 22, 441: return try waitForEvents(hasTimespec: number == 441)
    case 23: return try duplicate()
    case 24: return try duplicateTo()
    case 25: return try fileControl()
    case 29: return try deviceControl()
    case 32: return try lockFile()
    case 33: return try makeNode()
    case 34: return try makeDirectory()
    case 35: return try unlink()
    case 36: return try makeSymbolicLink()
    case 37: return try makeLink()
    case 38, 276: return try rename(hasFlags: number == 276)
    case 39: return try unmountFolder()
    case 40: return try mount()
    case 41: return try pivotRoot()
    case 43: return try mountFigures(byPath: true)
    case 44: return try mountFigures(byPath: false)
    case 45: return try truncate()
    case 46: return try truncateOpen()
    case 47: return try allocateSpace()
    case 48, 439: return try checkAccess(hasFlags: number == 439)
    case 49: return try changeFolder()
    case 50: return try changeFolderOpen()
    case 51: return try changeRoot()
    case 52: return try changeModeOpen()
    case 53: return try changeMode()
    case 54: return try changeOwner()
    case 55: return try changeOwnerOpen()
    case 56: return try open()
    case 57: return try close()
    case 58: return try hangUp()
    case 59: return try makePipe()
    case 61: return try listFolder()
    case 62: return try seek()
    case 63: return try read()
    case 64: return try write()
    case 65: return try vector(writes: false, hasPosition: false, hasFlags: false)
    case 66: return try vector(writes: true, hasPosition: false, hasFlags: false)
    case 67: return try readAt()
    case 68: return try writeAt()
    case 69: return try vector(writes: false, hasPosition: true, hasFlags: false)
    case 70: return try vector(writes: true, hasPosition: true, hasFlags: false)
    case 71: return try sendFile()
    case 72: return try select()
    case 73: return try poll()
    case 75: return try spliceMemory()
    case 76: return try splice()
    case 77: return try tee()
    case 78: return try readLink()
    case 79: return try status()
    case 80: return try statusOpen()
    case 81, 267: return 0  // sync, syncfs
    case 82, 83: return try synchronize()
    case 84: return try synchronizeRange()
    case 88: return try changeTimes()
    case 90: return try capabilities()
    case 91: return try setCapabilities()
    case 92: return exchangePersonality()
    case 93: kernel.endThread(.exited(UInt8(truncatingIfNeeded: argument(0))))
    case 94: kernel.end(.exited(UInt8(truncatingIfNeeded: argument(0))))
    case 96: return setClearOnExit()
    case 97: return try unshare()
    case 98: return try futex()
    case 99: return try setRobustList()
    case 100: return try getRobustList()
    case 95: return try waitInformation()
    case 101: return try sleep()
    case 102: return try intervalTimer()
    case 103: return try setIntervalTimer()
    case 107: return try createTimer()
    case 108: return try timerTime()
    case 109: return try timerOverruns()
    case 110: return try setTimer()
    case 111: return try deleteTimer()
    case 113: return try clockTime()
    case 114: return try clockResolution()
    case 115: return try clockSleep()
    case 118, 119: return try setScheduler(keepsPolicy: number == 118)
    case 120: return try scheduler()
    case 121: return try schedulerParameters()
    case 122: return try setAffinity()
    case 123: return try affinity()
    case 124: return yield()
    case 125, 126: return try priorityBound(isMaximum: number == 125)
    case 127: return try turnInterval()
    case 274: return try setSchedulerAttributes()
    case 275: return try schedulerAttributes()
    case 128: return try restartCall()
    case 74: return try createSignalFile()
    case 85: return try createTimerFile()
    case 86: return try setTimerFile()
    case 87: return try timerFileTime()
    case 424: return try signalProcess()
    case 434: return try openProcess()
    case 438: return try copyDescriptor()
    case 129: return try kill()
    case 130: return try threadKill(group: nil, thread: int(0), number: word(1))
    case 131: return try threadGroupKill()
    case 132: return try alternateStack()
    case 133: return try suspend()
    case 134: return try signalAction()
    case 135: return try signalMask()
    case 136: return try pendingSignals()
    case 137: return try waitForSignals()
    case 138: return try queueSignal()
    case 139: return kernel.returnFromHandler()
    case 30: return try setIOPriority()
    case 31: return try ioPriority()
    case 140: return try setPriority()
    case 141: return try priority()
    case 153: return try processTimes()
    case 154: return try setGroup()
    case 155: return try processGroup()
    case 156: return try session()
    case 157: return try makeSession()
    case 105, 273: return try loadModule(isOpen: number == 273)
    case 106: return try removeModule()
    case 112: return try setClock()
    case 116: return try systemLog()
    case 142: return try restart()
    case 160: return try systemName()
    case 170: return try setTimeOfDay()
    case 171: return try adjustClock(0)
    case 224, 225: return try changeSwap(isOn: number == 224)
    case 266: return try adjustClock(1)
    case 161, 162: return try setName(isDomain: number == 162)
    case 163: return try getLimit()
    case 164: return try setLimit()
    case 165: return try resourceUsage()
    case 166: return exchangeMask()
    case 167: return try processControl()
    case 168: return try currentCPU()
    case 169: return try timeOfDay()
    case 174: return UInt64(task.pointee.credentials.user)
    case 175: return UInt64(task.pointee.credentials.effectiveUser)
    case 176: return UInt64(task.pointee.credentials.group)
    case 177: return UInt64(task.pointee.credentials.effectiveGroup)
    case 178: return UInt64(UInt32(bitPattern: task.pointee.pid))  // gettid
    case 158: return try groups()
    case 143, 145: return try setTwoIdentities(groups: number == 143)
    case 144, 146: return try setIdentity(groups: number == 144)
    case 147, 149: return try setThreeIdentities(groups: number == 149)
    case 151, 152: return fileIdentity(groups: number == 152)
    case 159: return try setGroups()
    case 148, 150: return try identities(groups: number == 150)
    case 179: return try systemFigures()
    case 186: return try getQueue()
    case 187: return try controlQueue()
    case 188: return try receiveFromQueue()
    case 189: return try sendToQueue()
    case 190: return try getSemaphores()
    case 191: return try controlSemaphores()
    case 192, 193: return try operateSemaphores(isTimed: number == 192)
    case 194: return try getSegment()
    case 195: return try controlSegment()
    case 196: return try attachSegment()
    case 197: return try detachSegment()
    case 198...212, 242, 243, 269: return try socketCall(number)
    case 213: return try readAhead()
    case 214: return space.pointee.setBreak(address(0)).rawValue
    case 215: return try unmap()
    case 216: return try remap()
    case 220: return try clone()
    case 221: return try execute()
    case 240: return try queueThreadSignal()
    case 222: return try map()
    case 223: return try adviseFile()
    case 226: return try protect()
    case 227: return try synchronizeMemory()
    case 228: return try lock(flags: 0)
    case 229: return try unlock()
    case 230: return try lockAll()
    case 231: return unlockAll()
    case 232: return try residency()
    case 233: return try advise()
    case 234: return try remapFilePages()
    case 235: return try bindMemory()
    case 236: return try getPolicy()
    case 237: return try setPolicy()
    case 238: return try migratePages()
    case 239: return try movePages()
    case 260: return try wait()
    case 261: return try exchangeLimit()
    case 270, 271: return try transferMemory(writes: number == 271)
    case 278: return try random()
    case 279: return try makeMemoryFile()
    case 281: return try executeAt()
    case 283: return try memoryBarrier()
    case 284: return try lock(flags: word(2))
    case 285: return try copyRange()
    case 286: return try vector(writes: false, hasPosition: true, hasFlags: true)
    case 287: return try vector(writes: true, hasPosition: true, hasFlags: true)
    case 291: return try extendedStatus()
    case 293: return try registerSequences()
    case 435: return try clone3()
    case 436: return try closeRange()
    case 437: return try openExtended()
    case 440: return try adviseProcess()
    case 449: return try waitAtFutexes()
    case 450: return try setHomeNode()
    default:
      SystemCalls.missing(kernel, number)
      throw .ENOSYS
    }
  }
}
