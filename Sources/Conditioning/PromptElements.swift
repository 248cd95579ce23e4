import PromptLanguage
import Tokenizers

/// A prompt's tokens in a row: embeddings found by their words, words the text encoder never learnt left out
/// or read as others.
struct PromptElements {
  enum Element: Equatable {
    case token(Int32, weight: Float)
    /// - index: among the embeddings.
    case embedding(Int, weight: Float)
    /// Where a new chunk begins.
    case wall
  }

  let kept: [Element]
  /// What became of its words; tokens are not counted.
  let read: WordsRead

  init(_ segments: [PromptSegment], tokenizer: CLIPTokenizer, embeddings: [TextualInversion]) {
    func content(_ text: String) -> [Int32] { Array(tokenizer.encode(text).dropFirst().dropLast()) }
    let words = embeddings.enumerated().flatMap { index, embedding in
      embedding.words.map { (index: index, ids: content($0)) }
    }.filter { !$0.ids.isEmpty }
    // The longest spelling wins.
    let named = Dictionary(grouping: words) { $0.ids[0] }.mapValues { $0.sorted { $0.ids.count > $1.ids.count } }
    /// The embedding whose words stand at a place.
    func embedding(_ ids: [Int32], _ at: Int) -> (index: Int, ids: [Int32])? {
      named[ids[at]]?.first { ids[at...].starts(with: $0.ids) }
    }
    guard let known = tokenizer.knownWords else {
      (kept, read) = (
        segments.flatMap { segment -> [Element] in
          guard case .text(let text, let weight) = segment else { return [.wall] }
          return Self.elements(content(text), weight, embedding).map(\.element)
        }, WordsRead()
      )
      return
    }
    // Embeddings are found by their own words.
    let names = Set(embeddings.flatMap(\.words).flatMap { tokenizer.words($0).map(\.text) })
    var exchanged: [WordsRead.Exchange] = []
    // Each element with the unit it belongs to.
    var (elements, units) = ([(element: Element, unit: Int)](), [KnownWords.Unit]())
    for segment in segments {
      guard case .text(let text, let weight) = segment else {
        elements.append((.wall, units.count))
        units.append(.wall)
        continue
      }
      let words = tokenizer.words(text).map { word in
        guard !names.contains(word.text), let other = tokenizer.standIn(for: word) else { return word }
        exchanged.append(.init(word: word.text, by: other.text))
        return other
      }
      let first = units.count
      units += words.map { $0.isSpecial ? .other : .word($0.text, startsAfresh: $0.startsAfresh) }
      let owners = words.enumerated().flatMap { index, word in word.ids.map { _ in first + index } }
      for found in Self.elements(words.flatMap(\.ids), weight, embedding) {
        if case .embedding = found.element { for place in found.range { units[owners[place]] = .other } }
        elements.append((found.element, owners[found.range.lowerBound]))
      }
    }
    let selection = known.selection(units)
    kept = elements.filter { selection.keeps[$0.unit] }.map(\.element)
    read = WordsRead(leftOut: selection.leftOut, exchanged: exchanged)
  }

  /// Tokens of a text, embeddings in place of their words, each with the places it takes.
  private static func elements(
    _ ids: [Int32], _ weight: Float, _ embedding: ([Int32], Int) -> (index: Int, ids: [Int32])?
  ) -> [(element: Element, range: Range<Int>)] {
    var found: [(element: Element, range: Range<Int>)] = []
    var at = 0
    while at < ids.count {
      if let word = embedding(ids, at) {
        found.append((.embedding(word.index, weight: weight), at..<(at + word.ids.count)))
      } else {
        found.append((.token(ids[at], weight: weight), at..<(at + 1)))
      }
      at = found[found.count - 1].range.upperBound
    }
    return found
  }
}
