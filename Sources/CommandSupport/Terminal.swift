import Foundation
import Glibc

/// What commands write to people (stderr) and to programs (stdout).
public enum Terminal {
  public static let stderrIsTerminal = isatty(2) == 1

  public static func error(_ line: String) {
    FileHandle.standardError.write(Data((line + "\n").utf8))
  }

  public static func out(_ line: String) {
    FileHandle.standardOutput.write(Data((line + "\n").utf8))
  }
}

/// A bar with speed and time left, on stderr while that is a terminal.
public struct ProgressBar {
  private let label: String
  private let isShown: Bool
  private let started = Date()

  public init(_ label: String, quiet: Bool) {
    self.label = label
    isShown = Terminal.stderrIsTerminal && !quiet
  }

  /// Redraws the bar.
  public func show(_ done: Int, of total: Int) {
    guard isShown, total > 0 else { return }
    let seconds = Date().timeIntervalSince(started)
    let each = seconds / Double(max(done, 1))
    let width = 24
    let filled = width * done / total
    let bar = String(repeating: "#", count: filled) + String(repeating: ".", count: width - filled)
    let speed = String(format: "%.2f s/step, %.0f s left", each, each * Double(total - done))
    let end = done >= total ? "\n" : ""
    FileHandle.standardError.write(Data("\r\(label) [\(bar)] \(done)/\(total) \(speed) \(end)".utf8))
  }
}
