import Evaluation
import Foundation
import Images
import TestSupport
import Testing
import Training

@Suite struct LossCurveTests {
  private func line(_ step: Int, _ loss: Double, _ gauge: Double? = nil) -> String {
    let gauges = gauge.map { ", \"gauges\": {\"held_back_loss\": \($0), \"accuracy\": 0.5}" } ?? ""
    return """
      {"step": \(step), "loss": \(loss), "gradient_norm": 1, "learning_rate": 0.1, "samples_per_second": 2, \
      "seconds_left": 3\(gauges)}\n
      """
  }

  @Test func aLogBecomesCurves() throws {
    let folder = try ScratchFolder()
    let log = folder.file("log.jsonl")
    #expect(try LossCurve.draw(folder.url) == nil)
    try Data((line(1, 3) + "{\"step\": 2, \"lo").utf8).write(to: log)
    #expect(try LossCurve.read(folder.url).count == 1 && LossCurve.draw(folder.url) == nil)
    try Data((line(1, 3) + line(2, 2, 2.5) + line(3, 1, 2)).utf8).write(to: log)
    let entries = try LossCurve.read(folder.url)
    let alone = LossCurve.chart([("a", entries)], title: "")
    // Not what is no loss.
    #expect(alone.series.map(\.name) == ["loss", "held back loss"])
    #expect(alone.series[1].points.map(\.x) == [2, 3] && alone.series[1].points.map(\.y.value) == [2.5, 2])
    let two = LossCurve.chart([("a", entries), ("b", Array(entries.prefix(1)))], title: "")
    #expect(two.series.map(\.name) == ["a loss", "a held back loss", "b"])
    let picture = try #require(try LossCurve.draw(folder.url))
    #expect(try picture.lastPathComponent == "loss.png" && ImageFile.load(picture).width == 900)
  }

  @Test func theCurveIsThereHoweverTheRunEnds() throws {
    struct Stop: Error {}
    let folder = try ScratchFolder()
    try Data((line(1, 3) + line(2, 2)).utf8).write(to: folder.file("log.jsonl"))
    #expect(throws: Stop.self) { try LossCurve.drawn(folder.url, RunContext()) { throw Stop() } }
    #expect(FileManager.default.fileExists(atPath: folder.file("loss.png").path))
    var notes: [String] = []
    try LossCurve.drawn(
      folder.url, RunContext(onEvent: { if case .note(let line) = $0 { notes.append(line) } })
    ) {}
    #expect(notes == ["wrote \(folder.file("loss.png").path)"])
    expectError(["log.jsonl: cannot be read"]) { _ = try LossCurve.read(folder.file("nowhere")) }
  }
}
