import Testing

/// `body` fails with an error of one line that has all of `parts`.
public func expectError(
  _ parts: [String], sourceLocation: SourceLocation = #_sourceLocation, _ body: () throws -> Void
) {
  do {
    try body()
    Issue.record("no error, expected one with \(parts)", sourceLocation: sourceLocation)
  } catch {
    let line = "\(error)"
    #expect(!line.contains("\n"), "\(line)", sourceLocation: sourceLocation)
    for part in parts {
      #expect(line.contains(part), "no \"\(part)\" in: \(line)", sourceLocation: sourceLocation)
    }
  }
}
