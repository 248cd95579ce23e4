/// One row of comma-separated values, taken line by line: the grammar of `CommaSeparatedValues`.
package struct CommaSeparatedRow {
  private enum State { case start, plain, quoted, closed }

  private let skipsSpaces: Bool
  private var ended: [String] = []
  private var field = String.UnicodeScalarView()
  private var state = State.start
  /// The line that opened the last quotation mark.
  package private(set) var quoteLine = 0

  /// - Parameter skipsSpaces: whether spaces after a comma belong to no field.
  package init(skipsSpaces: Bool = false) { self.skipsSpaces = skipsSpaces }

  /// The fields; nil while a quotation mark is open, whose field goes on on the next line.
  package var fields: [String]? { state == .quoted ? nil : ended }

  private mutating func endField() {
    ended.append(String(field))
    field = String.UnicodeScalarView()
    state = .start
  }

  /// Takes the next line.
  /// - Parameter number: its number.
  /// - Returns: false if a field that began on an earlier line goes on after its closing quotation mark.
  package mutating func take(_ text: String, line number: Int) -> Bool {
    var rest = text.unicodeScalars[...]
    while let scalar = rest.popFirst() {
      switch (state, scalar) {
      case (.start, "\""): (state, quoteLine) = (.quoted, number)
      case (.start, " ") where skipsSpaces: break
      case (.quoted, "\""):
        if rest.first == "\"" { field.append(rest.removeFirst()) } else { state = .closed }
      case (.quoted, _): field.append(scalar)
      case (_, ","): endField()
      case (.closed, " "), (.closed, "\t"): break
      case (.closed, _) where quoteLine != number: return false
      default:
        field.append(scalar)
        state = .plain
      }
    }
    if state == .quoted { field.append("\n") } else { endField() }
    return true
  }
}
