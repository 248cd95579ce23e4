/// Reads Python's notation of regular expressions, without back references and flags.
struct ModuleExpressionParser {
  private let text: [Unicode.Scalar]
  private var position = 0
  private var depth = 0

  /// Characters of a pattern; real ones have some dozens.
  private static let lengthLimit = 2000
  /// Groups within one another; real ones have two.
  private static let depthLimit = 32
  /// How often a part may be asked for.
  private static let countLimit = 1000

  init(_ text: [Unicode.Scalar]) { self.text = text }

  private typealias Problem = ModulePattern.Problem

  mutating func parse() throws(ModulePattern.Problem) -> ModuleExpression {
    guard text.count <= Self.lengthLimit else { throw Problem(reason: "has more than \(Self.lengthLimit) characters") }
    let expression = try choice()
    guard position == text.count else { throw Problem(reason: "closes a group that is not open") }
    return expression
  }

  private var next: Unicode.Scalar? { position < text.count ? text[position] : nil }

  private mutating func take(_ wanted: String) -> Bool {
    let scalars = Array(wanted.unicodeScalars)
    guard text[position...].starts(with: scalars) else { return false }
    position += scalars.count
    return true
  }

  private mutating func choice() throws(ModulePattern.Problem) -> ModuleExpression {
    depth += 1
    defer { depth -= 1 }
    guard depth <= Self.depthLimit else { throw Problem(reason: "has groups more than \(Self.depthLimit) deep") }
    var parts = [try sequence()]
    while take("|") { parts.append(try sequence()) }
    return parts.count == 1 ? parts[0] : .choice(parts)
  }

  private mutating func sequence() throws(ModulePattern.Problem) -> ModuleExpression {
    var parts: [ModuleExpression] = []
    while let scalar = next, scalar != "|", scalar != ")" { parts.append(try repeated(try atom())) }
    return .sequence(parts)
  }

  /// A part with what says how often it comes.
  private mutating func repeated(_ atom: ModuleExpression) throws(ModulePattern.Problem) -> ModuleExpression {
    let range: (Int, Int?)
    if take("*") {
      range = (0, nil)
    } else if take("+") {
      range = (1, nil)
    } else if take("?") {
      range = (0, 1)
    } else if let counts = try counts() {
      range = counts
    } else {
      return atom
    }
    // Whether as few as possible are tried first makes no difference to whether there is a match.
    _ = take("?")
    guard next != "*", next != "+", next != "?", try counts() == nil else {
      throw Problem(reason: "repeats a repetition")
    }
    return .repeated(atom, least: range.0, most: range.1)
  }

  /// `{2}`, `{2,}`, `{,3}` or `{2,3}`; nil for a brace that is only a character.
  private mutating func counts() throws(ModulePattern.Problem) -> (Int, Int?)? {
    guard next == "{", let end = text[position...].firstIndex(of: "}") else { return nil }
    let parts = text[(position + 1)..<end].split(separator: ",", omittingEmptySubsequences: false)
    let isNumbers = parts.allSatisfy { $0.allSatisfy { ("0"..."9").contains($0) } }
    guard isNumbers, (1...2).contains(parts.count), parts.contains(where: { !$0.isEmpty }) else { return nil }
    let numbers = parts.map { Int(String(String.UnicodeScalarView($0))) }
    let (least, most) = (numbers[0] ?? 0, parts.count == 1 ? numbers[0] : numbers[1])
    guard zip(parts, numbers).allSatisfy({ $0.isEmpty || $1 != nil }), least <= most ?? .max,
      max(least, most ?? 0) <= Self.countLimit
    else { throw Problem(reason: "repeats more than \(Self.countLimit) times") }
    position = end + 1
    return (least, most)
  }

  private mutating func atom() throws(ModulePattern.Problem) -> ModuleExpression {
    guard let scalar = next else { throw Problem(reason: "ends too early") }
    position += 1
    switch scalar {
    case ".": return .scalar { $0 != "\n" }
    case "^": return .start
    case "$": return .end
    case "(": return try group()
    case "[": return .scalar(try set())
    case "\\": return try escape()
    case "*", "+", "?": throw Problem(reason: "repeats nothing")
    default: return .scalar { $0 == scalar }
    }
  }

  private mutating func group() throws(ModulePattern.Problem) -> ModuleExpression {
    var look: (isBehind: Bool, isNegative: Bool)?
    if take("?") {
      if take("=") {
        look = (false, false)
      } else if take("!") {
        look = (false, true)
      } else if take("<=") {
        look = (true, false)
      } else if take("<!") {
        look = (true, true)
      } else if take("P<"), let end = text[position...].firstIndex(of: ">") {
        position = end + 1
      } else if !take(":") {
        throw Problem(reason: "has a kind of group that is not read here")
      }
    }
    let inner = try choice()
    guard take(")") else { throw Problem(reason: "opens a group that is not closed") }
    return look.map { .look(inner, isBehind: $0.isBehind, isNegative: $0.isNegative) } ?? inner
  }

  private mutating func escape() throws(ModulePattern.Problem) -> ModuleExpression {
    guard let scalar = next else { throw Problem(reason: "ends in a backslash") }
    position += 1
    switch scalar {
    case "b", "B": return .boundary(scalar == "b")
    case "A": return .start
    case "Z": return .end
    default: return .scalar(try kind(scalar))
    }
  }

  /// The characters an escaped one stands for.
  private func kind(_ scalar: Unicode.Scalar) throws(ModulePattern.Problem) -> @Sendable (Unicode.Scalar) -> Bool {
    switch scalar {
    case "d": return { $0.properties.generalCategory == .decimalNumber }
    case "D": return { $0.properties.generalCategory != .decimalNumber }
    case "w": return { ModuleExpression.isWord($0) }
    case "W": return { !ModuleExpression.isWord($0) }
    case "s": return { $0.properties.isWhitespace }
    case "S": return { !$0.properties.isWhitespace }
    case "n": return { $0 == "\n" }
    case "r": return { $0 == "\r" }
    case "t": return { $0 == "\t" }
    default:
      guard !(scalar.isASCII && (scalar.properties.isAlphabetic || ("0"..."9").contains(scalar))) else {
        throw Problem(reason: "has \\\(scalar), which is not read here")
      }
      return { $0 == scalar }
    }
  }

  /// What stands between brackets.
  private mutating func set() throws(ModulePattern.Problem) -> @Sendable (Unicode.Scalar) -> Bool {
    let isNegative = take("^")
    var kinds: [@Sendable (Unicode.Scalar) -> Bool] = []
    var isFirst = true
    while let scalar = next, isFirst || scalar != "]" {
      isFirst = false
      position += 1
      if scalar == "\\" {
        guard let escaped = next else { break }
        position += 1
        kinds.append(try kind(escaped))
      } else if next == "-", position + 1 < text.count, text[position + 1] != "]" {
        let last = text[position + 1]
        position += 2
        guard scalar <= last, last != "\\" else { throw Problem(reason: "has an impossible range of characters") }
        kinds.append { (scalar...last).contains($0) }
      } else {
        kinds.append { $0 == scalar }
      }
    }
    guard take("]") else { throw Problem(reason: "opens a set that is not closed") }
    let all = kinds
    return { scalar in all.contains { $0(scalar) } != isNegative }
  }
}
