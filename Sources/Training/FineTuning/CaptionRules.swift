/// What is made of a picture's caption each time it is seen.
package struct CaptionRules: Sendable {
  let trigger: String?
  let className: String?
  let dropout: Float
  let shuffles: Bool
  let kept: Int

  package init(_ settings: PictureSettings) {
    (trigger, className) = (settings.trigger, settings.className)
    (dropout, shuffles, kept) = (settings.captionDropout, settings.shufflesTags, settings.keptTags)
  }

  /// Whether a caption is the same every time, but for being left out.
  var isFixed: Bool { !shuffles }

  /// The caption of a picture, with what every caption gets.
  /// - Parameter written: what stands beside the picture, or its folder's name.
  package func caption(_ written: String) -> String {
    guard let trigger else { return written.isEmpty ? className ?? "" : written }
    if !written.isEmpty { return Self.names(trigger, in: written) ? written : "\(trigger), \(written)" }
    guard let className else { return trigger }
    // "a dog" becomes "a zkz dog".
    let articles = ["a ", "an ", "the "]
    guard let article = articles.first(where: className.hasPrefix) else { return "\(trigger) \(className)" }
    return "\(article)\(trigger) \(className.dropFirst(article.count))"
  }

  /// Whether a text holds a trigger as words of its own, not within others.
  private static func names(_ trigger: String, in text: String) -> Bool {
    func isPartOfWord(_ character: Character?) -> Bool { character.map { $0.isLetter || $0.isNumber } ?? false }
    return text.ranges(of: trigger).contains { range in
      let before = range.lowerBound > text.startIndex ? text[text.index(before: range.lowerBound)] : nil
      let after = range.upperBound < text.endIndex ? text[range.upperBound] : nil
      return !(isPartOfWord(before) && isPartOfWord(trigger.first))
        && !(isPartOfWord(after) && isPartOfWord(trigger.last))
    }
  }

  /// The caption for one epoch: the first parts stay, the others change places; or it is left out.
  package func draw(_ caption: String, random: inout ExampleRandom) -> String {
    if random.uniform() < dropout { return "" }
    guard shuffles else { return caption }
    let parts = caption.split(separator: ",").map { part in part.drop { $0 == " " } }.filter { !$0.isEmpty }
    return (parts.prefix(kept) + random.shuffled(Array(parts.dropFirst(kept)))).joined(separator: ", ")
  }
}
