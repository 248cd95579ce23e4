extension String {
  /// A name without case, spaces and punctuation other than `+`, by which spellings are compared.
  var nameKey: String { String(lowercased().filter { $0.isLetter || $0.isNumber || $0 == "+" }) }

  /// The names that take the fewest edits to reach, at most four, best first.
  func nearest(among names: [String]) -> [String] {
    let key = nameKey
    let ranked = names.map { name in
      let other = name.nameKey
      // A name that contains what was typed, or the other way round, is nearer than its length says.
      let contains = !key.isEmpty && (other.contains(key) || key.contains(other))
      return (name: name, distance: key.editDistance(to: other) - (contains ? 100 : 0))
    }
    return ranked.sorted { ($0.distance, $0.name) < ($1.distance, $1.name) }.prefix(4).map(\.name)
  }

  /// Insertions, deletions and replacements that make one the other (Levenshtein 1966).
  private func editDistance(to other: String) -> Int {
    let (a, b) = (Array(self.prefix(64)), Array(other))
    var row = Array(0...b.count)
    for i in a.indices {
      var diagonal = row[0]
      row[0] = i + 1
      for j in b.indices {
        let replaced = diagonal + (a[i] == b[j] ? 0 : 1)
        diagonal = row[j + 1]
        row[j + 1] = Swift.min(replaced, row[j] + 1, diagonal + 1)
      }
    }
    return row[b.count]
  }
}
