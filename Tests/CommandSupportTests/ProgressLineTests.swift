import CommandSupport
import Testing

/// The bar's text for terminals of any width.
@Suite struct ProgressLineTests {
  private func line(_ label: String, _ done: Int, _ total: Int, detail: String = "", seconds: Double? = 2)
    -> ProgressLine
  {
    ProgressLine(label: label, done: done, total: total, secondsPerStep: seconds, detail: detail)
  }

  @Test func showsWhatFits() {
    let line = line("picture 1/4", 5, 20, detail: "loss 0.12")
    #expect(
      line.text(columns: 100, isUTF8: true)
        == "picture 1/4 [######..................] 5/20  2.00 s/step  30 s left  loss 0.12")
    #expect(line.text(columns: 60, isUTF8: true) == "picture 1/4 [####.............] 5/20  2.00 s/step  30 s left")
    #expect(line.text(columns: 40, isUTF8: true) == "picture 1/4 [##........] 5/20  30 s left")
    #expect(line.text(columns: 16, isUTF8: true) == "picture 1/4 5/20")
    #expect(line.text(columns: 10, isUTF8: true) == "5/20")
  }

  @Test(arguments: ["", "step", "画像 1/2", "a 🐱 cat", "tab\tand\u{1b}[2Jescape", String(repeating: "long ", count: 40)])
  func neverWraps(label: String) {
    for columns in 0...120 {
      for isUTF8 in [true, false] {
        let text = line(label, 123_456, 1_000_000, detail: "détail").text(columns: columns, isUTF8: isUTF8)
        #expect(DisplayText.width(text) <= columns, "\(columns): \(text)")
        #expect(text.unicodeScalars.allSatisfy { $0.value >= 32 && (isUTF8 || $0.isASCII) })
      }
    }
  }

  @Test func survivesOddCounts() {
    for (done, total) in [(0, 0), (5, 0), (7, 5), (-1, 5), (Int.max, Int.max), (0, Int.max)] {
      for seconds in [nil, 0, 1e300, .infinity] as [Double?] {
        _ = line("x", done, total, seconds: seconds).text(columns: 80, isUTF8: true)
      }
    }
  }

  @Test(arguments: [
    (0.2, "1 s"), (59, "59 s"), (61, "1 min 01 s"), (3599, "59 min"), (3661, "1 h 01 min"), (90_000, "1 d 1 h"),
    (1e12, "years"), (.nan, "years"),
  ])
  func times(_ seconds: Double, _ text: String) { #expect(ProgressLine.time(seconds) == text) }

  /// A run that goes on from step 900 has made ten steps, not 910.
  @Test func earlierStepsAreNoSpeed() {
    let start = ContinuousClock.now
    var clock = ProgressClock(done: 900, at: start)
    #expect(clock.secondsPerStep == nil)
    clock.note(done: 910, at: start + .seconds(20))
    #expect(clock.secondsPerStep == 2)
    // Half a minute of a faster machine, and what was slow before is forgotten.
    for second in 21...80 { clock.note(done: 910 + 10 * (second - 20), at: start + .seconds(second)) }
    #expect(abs((clock.secondsPerStep ?? 0) - 0.1) < 0.001)
  }
}
