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

  let lines: ArraySlice<TextFile.Line>
  /// The line after those that were read.
  private(set) var end: Int
  private var parser: CommaSeparatedRow

  init(lines: ArraySlice<TextFile.Line>, skipsSpaces: Bool) {
    (self.lines, end, parser) = (lines, lines.startIndex, CommaSeparatedRow(skipsSpaces: skipsSpaces))
  }

  mutating func read() -> Result<CommaSeparatedValues.Row, Failure> {
    let first = lines.first?.number ?? 0
    for line in lines {
      end += 1
      if let problem = line.problem { return failure(line.number, problem) }
      guard parser.take(line.text, line: line.number) else {
        return failure(
          parser.quoteLine, "opens a quotation mark that is closed in the middle of line \(line.number)")
      }
      if let fields = parser.fields { return .success(CommaSeparatedValues.Row(line: first, fields: fields)) }
    }
    return failure(parser.quoteLine, "opens a quotation mark that is never closed")
  }

  private func failure(_ line: Int, _ reason: String) -> Result<CommaSeparatedValues.Row, Failure> {
    .failure(Failure(problem: CommaSeparatedValues.Problem(line: line, reason: reason)))
  }
}
