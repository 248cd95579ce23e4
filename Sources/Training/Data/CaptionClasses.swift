/// Which of some classes a caption names.
package struct CaptionClasses: Sendable {
  package let names: [String]
  private let indices: [String: Int]
  private let words: [(words: [Substring], index: Int)]

  /// - Parameter names: distinct.
  package init(_ names: [String]) {
    self.names = names
    indices = Dictionary(names.enumerated().map { ($1, $0) }) { first, _ in first }
    words = names.enumerated().map { ($1.split(separator: " "), $0) }.sorted { $0.words.count > $1.words.count }
  }

  /// What is wrong with a recipe's list of classes.
  static func problem(_ names: [String]) -> RecipeProblem? {
    let rules: [RecipeProblem.Rule] = [
      ((2...10_000).contains(names.count), "classes", "must be 2 to 10000 names"),
      (Set(names).count == names.count, "classes", "names one twice"),
      (names.allSatisfy { !$0.isEmpty }, "classes", "has an empty name"),
    ]
    return RecipeProblem.first(rules)
  }

  /// The class a caption is, or the one whose words stand first in it, the longer name before the shorter.
  /// - Throws: `noData` if it names none.
  package func index(of caption: String) throws -> Int {
    if let exact = indices[caption] { return exact }
    let said = caption.lowercased().split { !$0.isLetter && !$0.isNumber && $0 != "-" }
    for start in said.indices {
      if let found = words.first(where: { said[start...].starts(with: $0.words) }) { return found.index }
    }
    throw TrainingError.noData(
      path: "classes",
      reason: "the caption \"\(caption.prefix(80))\" names none of them: \(names.joined(separator: ", "))")
  }

  /// The class of each caption.
  func targets(_ captions: [String]) throws -> [Int] { try captions.map { try index(of: $0) } }
}
