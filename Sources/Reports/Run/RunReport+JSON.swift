import BoardFormat
import Cores
import Machine
import MemoryTypes

extension RunReport {
  /// The report as `--json` writes it; `Documentation/ReportFormat.md` describes it.
  package func json(texts: [String]) -> JSON {
    let counts = result.statistics
    var members: [(String, JSON)] = [
      ("format", "kilburn-run"),
      ("version", 1),
      ("program", ["path": .string(arguments.first ?? ""), "arguments": strings(arguments)]),
      ("machine", machine.json),
      ("endedBy", .string(result.ending.word)),
      ("exitStatus", .number(UInt64(result.ending.exitCode))),
      ("end", result.ending.json),
    ]
    members += counts.map(countsJSON) ?? []
    members += [
      ("systemCalls", callsJSON(systemCalls)),
      ("unknownSystemCalls", callsJSON(unknownCalls)),
      ("mappings", .array(mappings.map(\.json))),
      ("arguments", places.map(\.json) ?? .null),
      (
        "buddy", ["before": .array(freeBefore.map(\.json)), "after": .array(freeAfter.map(\.json))]
      ),
      ("texts", object(texts.compactMap { name in result.text(name).map { (name, .string($0)) } })),
      ("log", strings(result.log)),
      ("shortage", shortage?.json ?? .null),
    ]
    return object(members)
  }

  private func countsJSON(_ counts: Statistics) -> [(String, JSON)] {
    func size(_ pages: UInt64) -> JSON { .number(bytes(pages).rawValue) }
    let tables = tablePages
    return [
      (
        "instructions",
        [
          "user": .number(counts.userInstructions), "kernel": .number(counts.kernelInstructions),
          "boot": .number(counts.bootInstructions),
        ]
      ),
      (
        "faults",
        object(
          [("minor", .number(counts.minorFaults)), ("major", .number(counts.majorFaults))]
            + faults.map { (Self.key($0.name), .number($0.count)) })
      ),
      (
        "memory",
        [
          "peakResident": size(counts.peakResident), "peakVirtual": size(counts.peakVirtual),
          "residentAnonymous": size(counts.residentAnonymous),
          "residentFile": size(counts.residentFile), "residentShared": size(counts.residentShared),
          "mappings": .number(counts.mappings),
        ]
      ),
      (
        "pageTables",
        [
          "bytes": size(tables.reduce(0) { $0 + $1.pages }),
          "pages": object(tables.map { ($0.level, .number($0.pages)) }),
        ]
      ),
      (
        "frames",
        [
          "managed": .number(counts.managedFrames), "freeBefore": .number(counts.freeBefore),
          "freeAfter": .number(counts.freeAfter),
          "allReturned": .bool(kept.missing == 0), "holdingFiles": .number(kept.files),
          "holdingObjects": .number(kept.objects), "missing": .number(kept.missing),
        ]
      ),
    ]
  }

  /// `copy on write` as a key: `copyOnWrite`.
  private static func key(_ name: String) -> String {
    let words = name.split(separator: " ")
    return words.dropFirst().reduce(String(words[0])) { key, word in
      key + word.prefix(1).uppercased() + word.dropFirst()
    }
  }

  private func callsJSON(_ calls: [(name: String, count: UInt64)]) -> JSON {
    object(calls.map { ($0.name, .number($0.count)) })
  }
}

extension MachineDescription {
  /// The whole configuration, defaults included, by the words of the command line.
  var json: JSON {
    [
      "page-size": .string(pageSize.text),
      "va-bits": .number(vaBits),
      "levels": .number(UInt64(levels)),
      "ram": .string(banks.text),
      "mem-total": configuration.memTotal.map { .string("\($0)") } ?? .null,
      "mem-free": configuration.memFree.map { .string("\($0)") } ?? .null,
      "swap": configuration.swap.map { .string("\($0)") } ?? .null,
      "swap-file": strings(
        configuration.swapFiles.map { file in
          file.path + (file.priority.map { ":\($0)" } ?? "")
        }),
      "mmap-min-addr": .string("\(configuration.mmapMinAddress)"),
      "kasan": .string(configuration.isSanitized ? "on" : "off"),
      "aslr": configuration.layoutSeed.map { .string("\($0)") } ?? .null,
      "hw-afdbm": .string(hardwareAccessAndDirty ? "on" : "off"),
      "core": .string(core.name),
      "overcommit": .string("\(configuration.overcommit)"),
      "cgroup": .string(configuration.controlGroups.program),
      "sysroot": configuration.sysroot.map { .string($0) } ?? .null,
      "bind": strings(
        configuration.binds.map { "\($0.host):\($0.guest)\($0.isWritable ? ":rw" : "")" }),
      "env": strings(environment.map { "\($0.name)=\($0.value)" }),
    ]
  }
}

extension Ending {
  /// What more there is to an end than its word.
  var json: JSON {
    switch self {
    case .exited(let status): ["status": .number(UInt64(status))]
    case .signalled(let number, let address, let programCounter):
      [
        "signal": .string(SignalName.of(number)), "number": .number(UInt64(number)),
        "address": .string(hexadecimal(address)),
        "programCounter": .string(hexadecimal(programCounter)),
      ]
    case .stopped(.max, let counter): ["programCounter": .number(counter)]
    case .stopped(let call, _): ["systemCall": .number(UInt64(call))]
    case .outOfMemory: ["signal": "SIGKILL", "number": 9]
    case .notStarted(let errno): ["errno": .number(UInt64(errno))]
    case .interrupted(let signal): ["number": .number(UInt64(signal))]
    case .timedOut(let seconds): ["seconds": .number(UInt64(seconds))]
    case .emulatorFailed(let reason): ["reason": .string(reason)]
    case .kernelFault, .outputClosed: [:]
    }
  }
}

extension Mapping {
  var json: JSON {
    [
      "start": .string(hexadecimal(start.rawValue)), "end": .string(hexadecimal(end.rawValue)),
      "permissions": .string(permissions), "role": .string(role.rawValue), "name": .string(name),
      "offset": .number(offset), "size": .number(size.rawValue),
      "resident": .number(resident.rawValue), "anonymous": .number(anonymous.rawValue),
    ]
  }
}

extension ProcessPlaces {
  /// The strings of arguments and environment.
  var json: JSON {
    [
      "start": .string(hexadecimal(arguments.lowerBound.rawValue)),
      "end": .string(hexadecimal(arguments.upperBound.rawValue)),
    ]
  }
}

extension FreeBlocks {
  var json: JSON { ["zone": .string(zone), "blocks": .array(counts.map { .number($0) })] }
}

private func object(_ members: [(String, JSON)]) -> JSON {
  .object(members.map { JSON.Member(name: $0.0, value: $0.1) })
}

private func strings(_ values: [String]) -> JSON { .array(values.map { .string($0) }) }

extension ShortageAccount {
  var json: JSON {
    [
      "stalledSomeMicroseconds": .number(some), "stalledFullMicroseconds": .number(full),
      "sleptAboveHighNanoseconds": .number(waited),
      "causes": .array(
        causes.map { cause in
          [
            "why": .string(cause.name), "times": .number(cause.times),
            "scanned": .number(cause.scanned), "taken": .number(cause.taken),
            "nanoseconds": .number(cause.nanoseconds),
          ]
        }),
      "takenFrom": .array(
        losers.map { loser in
          [
            "process": .number(UInt64(max(loser.pid, 0))), "name": .string(loser.name),
            "pages": .number(loser.taken),
            "mappings": .array(
              loser.mappings.map { mapping in
                [
                  "range": .string(mapping.range), "label": .string(mapping.label),
                  "pages": .number(mapping.taken),
                ]
              }),
          ]
        }),
    ]
  }
}
