public import Machine

/// What is said of a run.
public struct Report {
  public let result: RunResult
  public init(_ result: RunResult) { self.result = result }
}
