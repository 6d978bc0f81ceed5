import Machine
import Testing

@Suite struct ControlGroupSettingsTests {
  @Test func aFileAndTheCommandLineMakeOneTree() throws {
    var settings = ControlGroupSettings()
    try settings.read(
      """
      program: /shop/worker/
      groups:
        shop:
          memory.max: 64M
          memory.oom.group: 1
        shop/worker: {memory.low: 8M, memory.swap.max: max}
        idle:
      """, named: "groups.yaml")
    try settings.setProgram("memory.high", to: "48M")
    #expect(settings.program == "shop/worker")
    #expect(
      settings.settings.map { "\($0.group) \($0.file) \($0.value)" } == [
        "shop  ", "shop memory.max 67108864", "shop memory.oom.group 1", "shop/worker  ",
        "shop/worker memory.low 8388608", "shop/worker memory.swap.max max", "idle  ",
        "shop/worker memory.high 50331648",
      ])
    #expect(settings.bytes.starts(with: Array("shop/worker\0shop\0\0\0shop\0memory.max\0".utf8)))
  }

  @Test func aLimitAloneMakesAGroupForTheProgram() throws {
    var configuration = MachineConfiguration()
    #expect(configuration.controlGroups.bytes.isEmpty)
    try configuration.set(.memoryMax, to: "64M")
    #expect(
      configuration.controlGroups.bytes == Array("program\0program\0memory.max\067108864\0".utf8))
  }

  @Test(
    arguments: [
      ("program: [a]", "names one group"), ("x: 1", "there is no 'x'"), ("groups: 1", "a path"),
      ("groups: {a: {memory.current: 1}}", "cannot be set before"), ("- a", "are written under"),
      ("groups: {a: {memory.max: soon}}", "cannot be 'soon'"), ("groups: {/: {}}", "no limits"),
      ("groups: {a/../b: {}}", "is no path"), ("groups: {a: {memory.oom.group: 2}}", "0 or 1"),
      ("groups: {a: {cgroup.max.depth: -1}}", "a number, or max"), ("a: b: c", "not YAML"),
      ("groups: {a: {memory.max: [1]}}", "has one value"), ("groups: {a: 7}", "write 'memory.max"),
    ])
  func whatCannotBeIsRefused(text: String, cause: String) {
    var settings = ControlGroupSettings()
    let error = #expect(throws: MachineError.self) { try settings.read(text, named: "f") }
    #expect(
      error.map { "\($0.cause) \($0.hint ?? "")".contains(cause) } == true,
      "\(String(describing: error))")
  }
}
