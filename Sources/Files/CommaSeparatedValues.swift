/// Rows of comma-separated values: RFC 4180, read as leniently as spreadsheets and Python's `csv` read it.
///
/// A quotation mark opens a quoted field only at its beginning; anywhere else it is a letter. What cannot be read costs its row.
public enum CommaSeparatedValues {
  /// A row and the line it begins on, counted from 1.
  public struct Row: Sendable, Equatable {
    public let line: Int
    public let fields: [String]
  }

  /// A row that cannot be read.
  public struct Problem: Sendable, Equatable, CustomStringConvertible {
    public let line: Int
    public let reason: String
    public var description: String { "line \(line) \(reason)" }

    public init(line: Int, reason: String) { (self.line, self.reason) = (line, reason) }
  }

  /// Most lines that are looked at twice because a quotation mark had no end.
  private static let patience = 1_000_000

  /// Reads all rows; empty lines are none.
  /// - Parameter skipsSpaces: whether spaces after a comma belong to no field.
  public static func read(_ file: TextFile, skipsSpaces: Bool = false) -> (rows: [Row], problems: [Problem]) {
    var (rows, problems, next, wasted): ([Row], [Problem], Int, Int) = ([], [], 0, 0)
    while next < file.lines.count {
      var reader = RowReader(lines: file.lines[next...], skipsSpaces: skipsSpaces)
      switch reader.read() {
      case .success(let row):
        if row.fields != [""] { rows.append(row) }
        next = reader.end
      case .failure(let failure):
        problems.append(failure.problem)
        wasted += reader.end - next
        next = wasted > patience ? file.lines.count : next + 1
      }
    }
    return (rows, problems)
  }
}

/// Reads one row.
private struct RowReader {
  struct Failure: Error {
    let problem: CommaSeparatedValues.Problem
  }

  private enum State { case start, plain, quoted, closed }

  let lines: ArraySlice<TextFile.Line>
  let skipsSpaces: Bool
  /// The line after those that were read.
  private(set) var end: Int
  private var fields: [String] = []
  private var field = String.UnicodeScalarView()
  private var state = State.start
  private var quoteLine = 0

  init(lines: ArraySlice<TextFile.Line>, skipsSpaces: Bool) {
    (self.lines, self.skipsSpaces, end) = (lines, skipsSpaces, lines.startIndex)
  }

  mutating func read() -> Result<CommaSeparatedValues.Row, Failure> {
    let first = lines.first?.number ?? 0
    for line in lines {
      end += 1
      if let problem = line.problem { return failure(line.number, problem) }
      guard take(line) else {
        return failure(quoteLine, "opens a quotation mark that is closed in the middle of line \(line.number)")
      }
      if state == .quoted {
        field.append("\n")
      } else {
        endField()
        return .success(CommaSeparatedValues.Row(line: first, fields: fields))
      }
    }
    return failure(quoteLine, "opens a quotation mark that is never closed")
  }

  private func failure(_ line: Int, _ reason: String) -> Result<CommaSeparatedValues.Row, Failure> {
    .failure(Failure(problem: CommaSeparatedValues.Problem(line: line, reason: reason)))
  }

  private mutating func endField() {
    fields.append(String(field))
    field = String.UnicodeScalarView()
    state = .start
  }

  /// - Returns: false if a field that began on an earlier line goes on after its closing quotation mark.
  private mutating func take(_ line: TextFile.Line) -> Bool {
    var rest = line.text.unicodeScalars[...]
    while let scalar = rest.popFirst() {
      switch (state, scalar) {
      case (.start, "\""): (state, quoteLine) = (.quoted, line.number)
      case (.start, " ") where skipsSpaces: break
      case (.quoted, "\""):
        if rest.first == "\"" { field.append(rest.removeFirst()) } else { state = .closed }
      case (.quoted, _): field.append(scalar)
      case (_, ","): endField()
      case (.closed, " "), (.closed, "\t"): break
      case (.closed, _) where quoteLine != line.number: return false
      default:
        field.append(scalar)
        state = .plain
      }
    }
    return true
  }
}
