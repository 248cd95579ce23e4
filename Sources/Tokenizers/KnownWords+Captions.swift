extension KnownWords {
  /// English words that lead to the next one, and those that tie two together.
  private static let english: [String: Role] = {
    let links = "a an the on in at over under above below beside behind near front with by during from into to next"
    let joins = "of and or as"
    var roles: [String: Role] = [:]
    for word in links.split(separator: " ") { roles[String(word)] = .link }
    for word in joins.split(separator: " ") { roles[String(word)] = .join }
    return roles
  }()

  /// The words of captions, cut as CLIP's tokenizer cuts them.
  /// - Parameter least: occurrences below which a word is not counted as learnt.
  public init(captions: some Sequence<String>, least: Int = 1) {
    var counts: [[UInt8]: Int] = [:]
    for caption in captions { for word in WordSplitter.words(in: caption) { counts[word, default: 0] += 1 } }
    var roles: [String: Role] = [:]
    for (bytes, count) in counts where count >= least {
      let word = String(decoding: bytes, as: UTF8.self)
      roles[word] = Self.english[word] ?? .content
    }
    self.init(roles)
  }
}
