/// Which of some classes a caption names.
package struct CaptionClasses: Sendable {
  package let names: [String]
  private let indices: [String: Int]
  private let words: [(words: [String], index: Int)]

  /// - Parameter classes: names, each with other words for it behind bars, such as `bus|buses`. A plural in s need not
  ///   be said.
  package init(_ classes: [String]) {
    let spellings = classes.map { $0.split(separator: "|", omittingEmptySubsequences: false).map(String.init) }
    names = spellings.map { $0[0] }
    let all = spellings.enumerated().flatMap { index, words in words.map { ($0, index) } }
    indices = Dictionary(all) { first, _ in first }
    words = all.flatMap { name, index in
      [name, name + "s"].map { ($0.lowercased().split(separator: " ").map(String.init), index) }
    }.sorted { $0.words.count > $1.words.count }
  }

  /// What is wrong with a recipe's list of classes.
  static func problem(_ classes: [String]) -> RecipeProblem? {
    let spellings = classes.flatMap { $0.split(separator: "|", omittingEmptySubsequences: false) }
    let rules: [RecipeProblem.Rule] = [
      ((2...10_000).contains(classes.count), "classes", "must be 2 to 10000 names"),
      (Set(spellings).count == spellings.count, "classes", "names one twice"),
      (spellings.allSatisfy { !$0.allSatisfy(\.isWhitespace) }, "classes", "has an empty name"),
    ]
    return RecipeProblem.first(rules)
  }

  /// The class a caption is, or the one whose words stand first in it, the longer name before the shorter.
  /// - Throws: `noData` if it names none.
  package func index(of caption: String) throws -> Int {
    if let exact = indices[caption] { return exact }
    let said = caption.lowercased().split { !$0.isLetter && !$0.isNumber && $0 != "-" }.map(String.init)
    for start in said.indices {
      if let found = words.first(where: { said[start...].starts(with: $0.words) }) { return found.index }
    }
    throw TrainingError.noData(
      path: "classes",
      reason: "the caption \"\(caption.prefix(80))\" names none of them: \(names.prefix(60).joined(separator: ", "))")
  }

  /// The class of each caption.
  func targets(_ captions: [String]) throws -> [Int] { try captions.map { try index(of: $0) } }
}
