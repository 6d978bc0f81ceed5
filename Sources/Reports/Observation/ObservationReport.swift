import Arm64
import BoardFormat
import HardwareModel
import Machine
package import Observation

/// What there is to say of a run that was observed.
package struct ObservationReport: Sendable {
  package let observation: Observation
  /// Instructions of programs and of the kernel, while it was observed.
  let instructions: (user: UInt64, kernel: UInt64)

  package init(_ observation: Observation, _ run: RunReport) {
    self.observation = observation
    instructions = (
      run.result.statistics?.userInstructions ?? 0, run.result.statistics?.kernelInstructions ?? 0
    )
  }
}
