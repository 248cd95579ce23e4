import Foundation

/// The text of a progress bar for a number of columns.
package struct ProgressLine {
  let label: String
  let done, total: Int
  let secondsPerStep: Double?
  let detail: String

  package init(label: String, done: Int, total: Int, secondsPerStep: Double?, detail: String) {
    (self.label, self.done, self.total) = (label, done, total)
    (self.secondsPerStep, self.detail) = (secondsPerStep, detail)
  }

  /// - Parameters:
  ///   - columns: the most there may be.
  ///   - isUTF8: whether letters outside ASCII can be shown.
  package func text(columns: Int, isUTF8: Bool) -> String {
    let clean = { (text: String) in DisplayText.clean(text, isUTF8: isUTF8) }
    let count = "\(done)/\(total)"
    let left = total > done ? secondsPerStep.map { Self.time($0 * Double(total - done)) + " left" } : nil
    let speed = secondsPerStep.map(Self.speed)
    // What is most worth its room first: less and less until it fits.
    let texts: [[String?]] = [
      [count, speed, left, detail], [count, speed, left], [count, left], [count],
    ]
    let label = clean(label)
    for (index, parts) in texts.enumerated() {
      let behind = parts.compactMap { $0 }.filter { !$0.isEmpty }.map(clean).joined(separator: "  ")
      let room = columns - DisplayText.width(label) - DisplayText.width(behind) - (label.isEmpty ? 3 : 4)
      guard room >= (index == texts.count - 1 ? 4 : 8) else { continue }
      return [label, bar(min(room, 24)), behind].filter { !$0.isEmpty }.joined(separator: " ")
    }
    let short = [label, count].filter { !$0.isEmpty }.joined(separator: " ")
    return DisplayText.prefix(DisplayText.width(short) <= columns ? short : count, columns: columns)
  }

  private func bar(_ width: Int) -> String {
    let share = total > 0 ? min(1, max(0, Double(done) / Double(total))) : 0
    let filled = Int(Double(width) * share)
    return "[" + String(repeating: "#", count: filled) + String(repeating: ".", count: width - filled) + "]"
  }

  /// Seconds a step, or steps a second where that is the larger number.
  static func speed(_ secondsPerStep: Double) -> String {
    secondsPerStep >= 0.5 || secondsPerStep <= 0
      ? String(format: "%.2f s/step", secondsPerStep) : String(format: "%.1f steps/s", 1 / secondsPerStep)
  }

  /// A span of time in two units at most, such as `2 h 05 min`.
  package static func time(_ seconds: Double) -> String {
    guard seconds.isFinite, seconds < 1e8 else { return "years" }
    let whole = max(0, Int(seconds.rounded(.up)))
    let (minutes, hours) = (whole / 60, whole / 3600)
    if whole < 60 { return "\(whole) s" }
    if hours == 0 { return minutes < 10 ? String(format: "%d min %02d s", minutes, whole % 60) : "\(minutes) min" }
    if hours < 24 { return String(format: "%d h %02d min", hours, minutes % 60) }
    return "\(hours / 24) d \(hours % 24) h"
  }
}
