extension KnownWords {
  /// A word of a prompt, or what parts a prompt.
  public enum Unit: Sendable, Equatable {
    /// - startsAfresh: whether white space stands before it.
    case word(String, startsAfresh: Bool)
    /// What is kept whatever the list says: an embedding, a token written out.
    case other
    /// `BREAK`.
    case wall
  }

  /// Which units of a prompt are kept, and what words are left out.
  ///
  /// A prompt of known words is kept as it is. With a word that is left out go the links that led to it ("on a" of "a cat
  /// on a zeppelin"), a join that has nothing before it any more ("of" of "portrait of a cat"), and clauses between
  /// commas that say nothing then, with one comma.
  /// - Returns: a flag for each unit, and the words as they were written, each once.
  public func selection(_ units: [Unit]) -> (keeps: [Bool], leftOut: [String]) {
    let kinds = units.map(kind)
    var keeps = kinds.map { !$0.isDropped }
    guard keeps.contains(false) else { return (keeps, []) }
    var clauses: [(range: Range<Int>, isEmptied: Bool)] = []
    var start = 0
    for index in 0...units.count where index == units.count || kinds[index].endsClause {
      clauses.append((start..<index, Self.thin(start..<index, kinds, &keeps)))
      start = index + 1
    }
    // One comma goes with each clause that went: the one before it, or else the one behind.
    for clause in clauses where clause.isEmptied {
      let sides = [clause.range.lowerBound - 1, clause.range.upperBound]
      if let comma = sides.first(where: { keeps.indices.contains($0) && keeps[$0] && kinds[$0] == .comma }) {
        keeps[comma] = false
      }
    }
    return (keeps, leftOut(units, kinds))
  }

  private enum Kind {
    case content, link, join, comma
    /// Punctuation the list knows.
    case punctuation
    /// Punctuation it does not know, which is left out without a word.
    case silent
    /// The same where sentences end.
    case silentEnd
    case unknown
    case wall

    var endsClause: Bool { self == .comma || self == .wall || self == .silentEnd }
    var isDropped: Bool { self == .unknown || self == .silent || self == .silentEnd }
    var leads: Bool { self == .link || self == .join }
  }

  private func kind(_ unit: Unit) -> Kind {
    switch unit {
    case .wall: return .wall
    case .other: return .content
    case .word(let word, _):
      let hasLetters = word.unicodeScalars.contains { $0.properties.isAlphabetic || $0.properties.numericType != nil }
      guard let role = roles[word] else {
        if hasLetters { return .unknown }
        return word.contains { ".;!?|,\n".contains($0) } ? .silentEnd : .silent
      }
      guard hasLetters else { return word == "," ? .comma : .punctuation }
      return role == .content ? .content : role == .link ? .link : .join
    }
  }

  /// Takes out of a clause what only led to words that are left out.
  /// - Returns: whether words were left out and nothing that means something stays.
  private static func thin(_ clause: Range<Int>, _ kinds: [Kind], _ keeps: inout [Bool]) -> Bool {
    guard clause.contains(where: { kinds[$0] == .unknown }) else { return false }
    var index = clause.lowerBound
    while index < clause.upperBound {
      guard kinds[index].isDropped else {
        index += 1
        continue
      }
      let run = index
      while index < clause.upperBound, kinds[index].isDropped { index += 1 }
      guard kinds[run..<index].contains(.unknown) else { continue }
      // "a fluffy cat": the article belongs to what follows.
      if index < clause.upperBound, !kinds[index].leads { continue }
      var before = run
      while before > clause.lowerBound, kinds[before - 1].leads || kinds[before - 1].isDropped {
        before -= 1
        keeps[before] = false
      }
      guard before == clause.lowerBound else { continue }
      while index < clause.upperBound, kinds[index] == .join {
        keeps[index] = false
        index += 1
      }
    }
    guard !clause.contains(where: { keeps[$0] && kinds[$0] == .content }) else { return false }
    for index in clause { keeps[index] = false }
    return true
  }

  /// Words whose pieces were cut without white space between them count as one: "4k".
  private func leftOut(_ units: [Unit], _ kinds: [Kind]) -> [String] {
    var words: [String] = []
    var pending = ""
    func close() {
      let word = pending.trimmingPunctuation
      if !word.isEmpty { words.append(word) }
      pending = ""
    }
    for (unit, kind) in zip(units, kinds) {
      guard case .word(let text, let startsAfresh) = unit, kind.isDropped else {
        close()
        continue
      }
      if startsAfresh { close() }
      pending += text
    }
    close()
    var seen: Set<String> = []
    return words.filter { seen.insert($0).inserted }
  }
}

extension String {
  /// Without what is neither letter nor digit at its ends.
  fileprivate var trimmingPunctuation: String {
    let start = drop { !$0.isLetter && !$0.isNumber }
    guard let last = start.lastIndex(where: { $0.isLetter || $0.isNumber }) else { return "" }
    return String(start[...last])
  }
}
