import Foundation
import Images
import Training

/// The losses that runs logged, as curves.
public enum LossCurve {
  public typealias Entry = TrainingLog.Entry

  /// A run's log, read from its `log.jsonl`; a line that was cut short is passed over.
  /// - Throws: `EvaluationError.noData` if it is not there.
  public static func read(_ folder: URL) throws -> [Entry] {
    let file = folder.appendingPathComponent("log.jsonl")
    guard let data = try? Data(contentsOf: file) else {
      throw EvaluationError.noData(path: file.path, reason: "cannot be read: a training run's folder has it")
    }
    return data.split(separator: UInt8(ascii: "\n")).compactMap {
      try? JSONDecoder().decode(Entry.self, from: Data($0))
    }
  }

  /// A curve for each run, and one for each loss that was measured beside it.
  public static func chart(_ runs: [(name: String, entries: [Entry])], title: String) -> Chart {
    Chart(
      title: title, xLabel: "step",
      runs.flatMap { run in
        let gauges = Set(run.entries.flatMap { ($0.gauges ?? [:]).keys }).filter { $0.hasSuffix("loss") }.sorted()
        let name = runs.count > 1 ? run.name : ""
        return [series(gauges.isEmpty ? name : "\(name) loss", run.entries) { $0.loss }]
          + gauges.map { gauge in
            series("\(name) \(gauge.replacingOccurrences(of: "_", with: " "))", run.entries) { $0.gauges?[gauge] }
          }
      })
  }

  private static func series(_ name: String, _ entries: [Entry], _ value: (Entry) -> Double?) -> Chart.Series {
    Chart.Series(
      name.trimmingCharacters(in: .whitespaces),
      entries.compactMap { entry in
        value(entry).map { (x: Double(entry.step), y: Estimate($0, low: $0, high: $0)) }
      })
  }

  /// Draws a run's `loss.png` beside its log.
  /// - Returns: the file; nil if fewer than two intervals were logged.
  public static func draw(_ folder: URL) throws -> URL? {
    guard FileManager.default.fileExists(atPath: folder.appendingPathComponent("log.jsonl").path) else { return nil }
    let entries = try read(folder)
    guard entries.count > 1 else { return nil }
    let url = folder.appendingPathComponent("loss.png")
    let name = folder.lastPathComponent
    try ImageFile.save(chart([(name, entries)], title: "\(name): loss").image(), to: url, text: [])
    return url
  }

  /// Runs something that trains in a folder, draws what was logged there, however it ended, and says so.
  public static func drawn(_ folder: URL, _ context: RunContext, by run: () throws -> Void) throws {
    do { try run() } catch {
      // What ended the run is what people hear of.
      _ = try? draw(folder)
      throw error
    }
    if let url = try draw(folder) { context.note("wrote \(url.path)") }
  }
}
