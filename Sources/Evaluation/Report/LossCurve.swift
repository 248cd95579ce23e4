import Foundation
import Images
import Training

/// The losses that runs logged, as curves.
public enum LossCurve {
  /// A run's log, read from its `log.jsonl`; a line that was cut short is passed over.
  /// - Throws: `EvaluationError.noData` if it is not there.
  public static func read(_ folder: URL) throws -> [TrainingLog.Entry] {
    let file = folder.appendingPathComponent("log.jsonl")
    guard let data = try? Data(contentsOf: file) else {
      throw EvaluationError.noData(path: file.path, reason: "cannot be read: a training run's folder has it")
    }
    return data.split(separator: UInt8(ascii: "\n")).compactMap {
      try? JSONDecoder().decode(TrainingLog.Entry.self, from: Data($0))
    }
  }

  /// A curve for each run.
  public static func chart(_ runs: [(name: String, entries: [TrainingLog.Entry])], title: String) -> Chart {
    Chart(
      title: title, xLabel: "step",
      runs.map { run in
        Chart.Series(
          runs.count > 1 ? run.name : "",
          run.entries.map { (x: Double($0.step), y: Estimate($0.loss, low: $0.loss, high: $0.loss)) })
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

  /// Runs something that trains in a folder, and draws what was logged there, however it ended.
  public static func drawn(_ folder: URL, by run: () throws -> Void) throws -> URL? {
    do { try run() } catch {
      // What ended the run is what people hear of.
      _ = try? draw(folder)
      throw error
    }
    return try draw(folder)
  }
}
