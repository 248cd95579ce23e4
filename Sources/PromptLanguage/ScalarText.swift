/// A prompt as code points, which is what the rules of its language are about.
///
/// A bracket followed by a combining mark is still a bracket, and a line ending may be two characters.
typealias ScalarText = ArraySlice<Unicode.Scalar>

extension ScalarText {
  var string: String {
    var text = String.UnicodeScalarView()
    text.append(contentsOf: self)
    return String(text)
  }

  /// The first index at or behind `start` whose code point is not white space.
  func skippingSpace(from start: Int) -> Int {
    self[start...].firstIndex { !$0.properties.isWhitespace } ?? endIndex
  }
}

extension String {
  var scalars: ScalarText { Array(unicodeScalars)[...] }

  var trimmingSpace: String {
    let start = unicodeScalars.drop { $0.properties.isWhitespace }
    guard let last = start.lastIndex(where: { !$0.properties.isWhitespace }) else { return "" }
    return String(start[...last])
  }

  /// The parts between a word that stands alone; without the space around it, if asked.
  func split(at word: String, withSpace: Bool) -> [String] {
    let (text, word) = (scalars, Array(word.unicodeScalars))
    var parts: [String] = []
    var (start, at) = (0, 0)
    while at + word.count <= text.count {
      let end = at + word.count
      guard text[at] == word[0], text[at..<end].elementsEqual(word), at == 0 || !text[at - 1].isWordCharacter,
        end == text.count || !text[end].isWordCharacter
      else {
        at += 1
        continue
      }
      var (left, right) = (at, end)
      if withSpace {
        while left > start, text[left - 1].properties.isWhitespace { left -= 1 }
        right = text.skippingSpace(from: right)
      }
      parts.append(text[start..<left].string)
      (start, at) = (right, right)
    }
    return parts + [text[start...].string]
  }
}

extension Unicode.Scalar {
  var isDigit: Bool { ("0"..."9").contains(self) }

  /// Letters, digits and the underscore.
  var isWordCharacter: Bool { self == "_" || properties.isAlphabetic || properties.numericType != nil }
}

/// Numbers as prompts have them.
enum PromptNumber {
  /// The value of a text such as `1`, `+1.5`, `.5` or `2.`; nil for anything else.
  static func parse(_ text: some StringProtocol) -> Double? {
    let digits = text.drop { $0 == "+" || $0 == "-" }
    guard text.count - digits.count <= 1, digits.contains(where: { $0 != "." }),
      digits.unicodeScalars.allSatisfy({ $0 == "." || $0.isDigit })
    else { return nil }
    return Double("\(text.hasPrefix("-") ? "-" : "")0\(digits)\(digits.hasSuffix(".") ? "0" : "")")
  }

  /// The end of a number that begins at an index and may have an exponent; nil if there is none.
  static func end(in text: ScalarText, from start: Int) -> Int? {
    func digits(_ index: Int) -> Int { text[index...].firstIndex { !$0.isDigit } ?? text.endIndex }
    func holds(_ index: Int, _ wanted: String) -> Bool {
      index < text.endIndex && wanted.unicodeScalars.contains(text[index])
    }
    let first = holds(start, "+-") ? start + 1 : start
    var end = digits(first)
    var count = end - first
    if holds(end, ".") {
      let fraction = digits(end + 1)
      count += fraction - end - 1
      if count > 0 { end = fraction }
    }
    guard count > 0 else { return nil }
    if holds(end, "eE") {
      let exponent = holds(end + 1, "+-") ? end + 2 : end + 1
      if exponent < text.endIndex, digits(exponent) > exponent { end = digits(exponent) }
    }
    return end
  }
}
