import Foundation
import Glibc
import Synchronization

/// What commands write to people (stderr) and to programs (stdout).
///
/// Nothing here traps: a stream may be closed, full, or a pipe nobody reads any more.
public enum Terminal {
  /// Whether people see what goes to stderr while it is written.
  public static let stderrIsTerminal = isatty(2) == 1

  /// Whether letters outside ASCII come out as such: as the C library decides, by the first of these that says anything.
  static let isUTF8: Bool = {
    let names = ["LC_ALL", "LC_CTYPE", "LANG"]
    let locale = names.lazy.compactMap { getenv($0).map { String(cString: $0) } }.first { !$0.isEmpty } ?? ""
    return locale.lowercased().contains("utf-8") || locale.lowercased().contains("utf8")
  }()

  /// Stdout is closed, full, or read no more.
  public struct OutputLost: Error, CustomStringConvertible {
    let reason: String
    public var description: String { "standard output: \(reason); files that were finished are kept" }
  }

  private struct State {
    /// Whether a progress bar stands on the last line of stderr.
    var barStands = false
    /// Whether the process is about to end, and has said its last word.
    var isClosed = false

    /// Writes a line to stderr.
    mutating func show(_ line: String) {
      _ = Terminal.write((barStands ? "\r\u{1b}[K" : "") + line + "\n", to: 2)
      barStands = false
    }
  }

  private static let state = Mutex(State())
  /// Why stdout could not be written to, once that happened.
  private static let lost = Mutex<OutputLost?>(nil)

  /// Writes one line for people. That nobody can read it is no failure of the work.
  public static func error(_ line: String) {
    let isTold = line.hasPrefix("error: ") || line.hasPrefix("note: ")
    let line = isTold ? spelled(line) : line
    change { $0.show(line) }
  }

  /// Writes the last line of a process that is about to end: what other threads have to say is said no more.
  ///
  /// It is not worth waiting for: a terminal may be held, and another thread may wait for it.
  static func lastWords(_ line: String) {
    for _ in 0..<10 {
      let isSaid: Void? = state.withLockIfAvailable { state in
        var output = pollfd(fd: 2, events: Int16(POLLOUT), revents: 0)
        if !state.isClosed, poll(&output, 1, 100) > 0 { state.show(line) }
        state.isClosed = true
      }
      if isSaid != nil { return }
      usleep(10_000)
    }
  }

  /// Writes a line, or several, for programs.
  ///
  /// Where that fails the work goes on, since its files are worth more than the lines about them: the command ends with
  /// the error in the end. Commands that only print call `checkOutput` and stop.
  public static func out(_ text: String) {
    lost.withLock { lost in
      guard lost == nil, let code = write(text + "\n", to: 1) else { return }
      lost = OutputLost(reason: String(cString: strerror(code)))
    }
  }

  /// Throws once stdout could not be written to.
  public static func checkOutput() throws(OutputLost) {
    if let error = lost.withLock({ $0 }) { throw error }
  }

  /// Columns of the terminal behind stderr; 80 where it does not say.
  static var columns: Int {
    var size = winsize()
    if ioctl(2, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 { return Int(size.ws_col) }
    return getenv("COLUMNS").flatMap { Int(String(cString: $0)) }.flatMap { $0 > 0 ? $0 : nil } ?? 80
  }

  /// Puts `line` in place of the bar that stands on the last line of stderr; an empty one takes the bar away.
  static func showBar(_ line: String) {
    change { state in
      guard state.barStands || !line.isEmpty else { return }
      _ = write("\r\(line)\u{1b}[K", to: 2)
      state.barStands = !line.isEmpty
    }
  }

  private static func change(_ work: (inout State) -> Void) {
    let isClosed = state.withLock { state in
      if !state.isClosed {
        work(&state)
        return false
      }
      return true
    }
    // The process ends any moment, on another thread.
    while isClosed { pause() }
  }

  /// Writes all of a text.
  /// - Returns: the error number of what failed.
  private static func write(_ text: String, to descriptor: Int32) -> Int32? {
    var text = text
    return text.withUTF8 { bytes in
      var rest = UnsafeRawBufferPointer(bytes)
      while !rest.isEmpty {
        let count = Glibc.write(descriptor, rest.baseAddress, rest.count)
        if count > 0 {
          rest = UnsafeRawBufferPointer(rebasing: rest[count...])
        } else if count == 0 {
          return EIO
        } else if errno == EAGAIN {
          // Somebody made the stream non-blocking: wait until it takes more.
          var state = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
          _ = poll(&state, 1, 1000)
        } else if errno != EINTR {
          return errno
        }
      }
      return nil
    }
  }
}
