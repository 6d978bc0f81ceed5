import HardwareModel
import ObserverEntry
import Observation

extension Observer {
  /// Writes down all that has been counted, when the emulator ends.
  mutating func answer() {
    if phase == .during {
      flush()
      unsafe causes.close(core.counterWords)
      if atEnd == nil { atEnd = core.counters }
    }
    if let problem = finishRecording() { say(problem) }
    var answer = AnswerWriter(file: unsafe kilburn_recorder_place().pointee.file)
    let words = (atEnd ?? Counters()).words
    answer.begin(.counters, columns: words.count, rows: 1)
    for word in words { answer.add(word) }
    if request.apart {
      let words = alone.counters.words
      answer.begin(.alone, columns: words.count, rows: 1)
      for word in words { answer.add(word) }
    }
    places.write(to: &answer)
    causes.write(to: &answer)
    disagreements.write(to: &answer, checked: checked)
    answer.finish()
  }
}
