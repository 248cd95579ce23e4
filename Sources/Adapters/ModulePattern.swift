/// A key of PEFT's `alpha_pattern` or `rank_pattern`: a regular expression for the end of modules' names.
///
/// PEFT asks Python for `re.match(r"(.*\.)?(KEY)$", name)`. Here a pattern keeps the set of all places it may have come
/// to, in place of trying one way after another, so that no pattern takes more than a stated number of steps.
/// Source: peft project, src/peft/utils/other.py, `get_pattern_key`.
struct ModulePattern: Sendable {
  /// Why a pattern cannot be used.
  struct Problem: Error, Equatable {
    let reason: String
  }

  /// Steps all patterns of a file may take; those of real files take some thousands.
  static let stepLimit = 50_000_000

  private let form: Form

  private enum Form: Sendable {
    /// Letters and points alone, as diffusers writes; a point stands for any character.
    case plain([Unicode.Scalar])
    case expression(ModuleExpression)
  }

  /// - Throws: for what Python would not read either, and for back references and flags, which this does not.
  init(_ text: String) throws(Problem) {
    let scalars = Array(text.unicodeScalars)
    if scalars.allSatisfy({
      $0.isASCII && ($0.properties.isAlphabetic || ("0"..."9").contains($0) || "._-".unicodeScalars.contains($0))
    }) {
      form = .plain(scalars)
    } else {
      var parser = ModuleExpressionParser(scalars)
      form = .expression(try parser.parse())
    }
  }

  /// Whether the pattern fits the end of a name, which starts at its beginning or after a point.
  /// - Parameter steps: counted down.
  /// - Throws: when no steps are left.
  func matches(_ name: [Unicode.Scalar], steps: inout Int) throws(Problem) -> Bool {
    switch form {
    case .plain(let wanted):
      steps -= 1
      let start = name.count - wanted.count
      guard start >= 0, start == 0 || name[start - 1] == "." else { return false }
      return zip(wanted, name[start...]).allSatisfy { $0 == $1 || $0 == "." }
    case .expression(let expression):
      var starts = [Bool](repeating: false, count: name.count + 1)
      starts[0] = true
      for (index, scalar) in name.enumerated() where scalar == "." { starts[index + 1] = true }
      return try expression.ends(from: starts, in: name, steps: &steps)[name.count]
    }
  }
}

/// A regular expression as a tree.
indirect enum ModuleExpression: Sendable {
  case scalar(@Sendable (Unicode.Scalar) -> Bool)
  case start
  case end
  /// Between a letter of a word and another character; not there if false.
  case boundary(Bool)
  case sequence([ModuleExpression])
  case choice([ModuleExpression])
  case repeated(ModuleExpression, least: Int, most: Int?)
  case look(ModuleExpression, isBehind: Bool, isNegative: Bool)

  /// The places a match may end that begins at one of the marked ones.
  func ends(
    from starts: [Bool], in name: [Unicode.Scalar], steps: inout Int
  ) throws(ModulePattern.Problem) -> [Bool] {
    steps -= starts.count
    guard steps > 0 else { throw ModulePattern.Problem(reason: "takes too many steps to match") }
    guard starts.contains(true) else { return starts }
    let nowhere = [Bool](repeating: false, count: starts.count)
    var found = nowhere
    switch self {
    case .scalar(let fits):
      for index in name.indices where starts[index] && fits(name[index]) { found[index + 1] = true }
    case .start: found[0] = starts[0]
    case .end: found[name.count] = starts[name.count]
    case .boundary(let wanted):
      for index in starts.indices where starts[index] {
        let before = index > 0 && Self.isWord(name[index - 1])
        found[index] = (before != (index < name.count && Self.isWord(name[index]))) == wanted
      }
    case .sequence(let parts):
      found = starts
      for part in parts { found = try part.ends(from: found, in: name, steps: &steps) }
    case .choice(let parts):
      for part in parts { found.unite(try part.ends(from: starts, in: name, steps: &steps)) }
    case .repeated(let part, let least, let most):
      found = starts
      for _ in 0..<least {
        let next = try part.ends(from: found, in: name, steps: &steps)
        // Once places stay the same they do so for ever.
        if next == found { break }
        found = next
      }
      var (newest, count) = (found, least)
      while newest.contains(true), most.map({ count < $0 }) ?? true {
        newest = try part.ends(from: newest, in: name, steps: &steps)
        for index in newest.indices where found[index] { newest[index] = false }
        found.unite(newest)
        count += 1
      }
    case .look(let part, let isBehind, let isNegative):
      for index in starts.indices where starts[index] {
        var isThere = false
        for other in isBehind ? 0..<(index + 1) : index..<(index + 1) where !isThere {
          var single = nowhere
          single[other] = true
          let ends = try part.ends(from: single, in: name, steps: &steps)
          isThere = isBehind ? ends[index] : ends.contains(true)
        }
        found[index] = isThere != isNegative
      }
    }
    return found
  }

  static func isWord(_ scalar: Unicode.Scalar) -> Bool {
    scalar == "_" || scalar.properties.isAlphabetic || scalar.properties.numericType != nil
  }
}

extension [Bool] {
  fileprivate mutating func unite(_ other: [Bool]) {
    for index in indices where other[index] { self[index] = true }
  }
}
