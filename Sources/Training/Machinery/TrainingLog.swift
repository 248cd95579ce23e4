import Foundation

/// The log of a run: one JSON object a line.
public struct TrainingLog {
  /// One interval of a run.
  public struct Entry: Codable, Sendable {
    public var step: Int
    public var loss, gradientNorm, learningRate, samplesPerSecond, secondsLeft: Double
    /// What was measured besides, by name.
    public var gauges: [String: Double]?

    enum CodingKeys: String, CodingKey {
      case step, loss, gauges
      case gradientNorm = "gradient_norm"
      case learningRate = "learning_rate"
      case samplesPerSecond = "samples_per_second"
      case secondsLeft = "seconds_left"
    }

    /// The entry for people.
    public func line(of steps: Int) -> String {
      let left = Int(min(max(secondsLeft, 0), 1e9))
      let time = String(format: "%d:%02d:%02d", left / 3600, left / 60 % 60, left % 60)
      let numbers = String(
        format: "loss %.5f  norm %.3f  rate %.2e  %.1f samples/s", loss, gradientNorm, learningRate,
        samplesPerSecond)
      let measured = (gauges ?? [:]).sorted { $0.key < $1.key }
        .map { "  \($0.key) \(String(format: "%.3f", $0.value))" }.joined()
      return "step \(step)/\(steps)  \(numbers)\(measured)  \(time) left"
    }
  }

  private let url: URL

  /// Opens the log, dropping lines after step `through`: those steps are about to be run again.
  init(_ url: URL, keepingThrough through: Int) throws {
    self.url = url
    let old = FileManager.default.fileExists(atPath: url.path) ? try Data(contentsOf: url) : Data()
    let kept = Self.lines(old).filter { line in Self.entry(line).map { $0.step <= through } ?? false }
    try RunFiles.write(Data(kept.map { $0 + "\n" }.joined().utf8), to: url)
  }

  /// What the log of a run's folder says, without lines that were cut short; empty where there is none.
  public static func entries(of folder: URL) -> [Entry] {
    guard let data = try? Data(contentsOf: folder.appendingPathComponent(name)) else { return [] }
    return lines(data).compactMap(entry)
  }

  static let name = "log.jsonl"

  private static func lines(_ data: Data) -> [Substring] {
    String(decoding: data, as: UTF8.self).split(separator: "\n")
  }

  private static func entry(_ line: Substring) -> Entry? {
    try? JSONDecoder().decode(Entry.self, from: Data(line.utf8))
  }

  /// Adds a line; one that a full disk cut short is dropped when the log is opened again.
  func append(_ entry: Entry) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys]
    try RunFiles.append(try encoder.encode(entry) + Data("\n".utf8), to: url)
  }
}
