/// Learns a vocabulary of CLIP's form from captions.
///
/// Joins the most frequent pair of neighbouring tokens, again and again. Of equally frequent
/// pairs the one that spells first, by Unicode value, goes first, so the same captions in any
/// order give the same vocabulary.
/// Source: Sennrich et al. 2016, algorithm 1, with counts kept up to date instead of retaken.
public struct VocabularyTrainer {
  /// The smallest vocabulary: all bytes, within a word and at its end, and two special tokens.
  public static let minimumSize = 514

  private struct Pair: Hashable {
    let left: Int32
    let right: Int32
  }

  /// A pair waiting for its turn, with the count it had when it was queued.
  private struct Candidate: Comparable {
    let count: Int
    let pair: Pair
    let left: String
    let right: String

    /// The more frequent pair, or the one that spells first, goes first.
    static func < (a: Candidate, b: Candidate) -> Bool {
      if a.count != b.count { return a.count > b.count }
      if a.pair.left != b.pair.left { return precedes(a.left, b.left) }
      return precedes(a.right, b.right)
    }

    private static func precedes(_ a: String, _ b: String) -> Bool {
      a.utf8.lexicographicallyPrecedes(b.utf8)
    }
  }

  /// The distinct words as tokens so far, and how often each occurs.
  private var words: [[Int32]] = []
  private var frequencies: [Int] = []
  private var tokens = ByteAlphabet.tokens
  private var ids: [String: Int32] = [:]
  private var counts: [Pair: Int] = [:]
  /// The words a pair occurs in, or did once.
  private var places: [Pair: Set<Int>] = [:]
  private var queue = BinaryHeap<Candidate>()

  /// Learns a vocabulary.
  /// - Parameters:
  ///   - captions: the texts to learn from; special tokens in them are passed over.
  ///   - vocabularySize: wanted count of tokens, ≥ 514. Fewer come out if no pair is left that
  ///     occurs often enough.
  ///   - maximumLength: tokens the text encoder has positions for, ≥ 2.
  ///   - minimumFrequency: how often a pair must occur to become a token, ≥ 1.
  /// - Throws: `TokenizerError.outOfRange` if a number is too small.
  public static func train(
    _ captions: some Sequence<String>, vocabularySize: Int,
    maximumLength: Int = 77, minimumFrequency: Int = 2
  ) throws(TokenizerError) -> CLIPVocabulary {
    try train(
      words: words(of: captions), vocabularySize: vocabularySize, maximumLength: maximumLength,
      minimumFrequency: minimumFrequency)
  }

  /// The same from words that were counted: byte strings within which tokens are joined, cut by whatever rule.
  package static func train(
    words: [[UInt8]: Int], vocabularySize: Int, maximumLength: Int, minimumFrequency: Int
  ) throws(TokenizerError) -> CLIPVocabulary {
    let limits = [
      ("vocabulary size", vocabularySize, minimumSize), ("maximum length", maximumLength, 2),
      ("minimum frequency", minimumFrequency, 1),
    ]
    for (key, value, least) in limits where value < least {
      throw .outOfRange(
        path: "vocabulary training", key: key, expected: "\(least) or more", found: "\(value)")
    }
    var trainer = VocabularyTrainer(words)
    let merges = trainer.merges(
      upTo: vocabularySize - minimumSize, minimumFrequency: minimumFrequency)
    return CLIPVocabulary(merges: merges, maximumLength: maximumLength)
  }

  /// How often each word occurs in captions.
  private static func words(of captions: some Sequence<String>) -> [[UInt8]: Int] {
    let special = SpecialTokens([
      (TokenizerDefinition.startToken, 0), (TokenizerDefinition.endToken, 1),
    ])
    var occurrences: [[UInt8]: Int] = [:]
    for caption in captions {
      for case .plain(let text) in special.split(caption) {
        for word in WordSplitter.words(in: text) { occurrences[word, default: 0] += 1 }
      }
    }
    return occurrences
  }

  private init(_ occurrences: [[UInt8]: Int]) {
    for (id, token) in tokens.enumerated() { ids[token] = Int32(id) }
    var byteIDs = [Int32](repeating: 0, count: 256)
    for (id, byte) in ByteAlphabet.orderedBytes.enumerated() { byteIDs[Int(byte)] = Int32(id) }
    for (bytes, frequency) in occurrences where !bytes.isEmpty {
      var word = bytes.map { byteIDs[Int($0)] }
      // The second 256 tokens are the first with a word's end.
      word[word.count - 1] += 256
      for pair in Self.pairs(word) {
        counts[pair, default: 0] += frequency
        places[pair, default: []].insert(words.count)
      }
      words.append(word)
      frequencies.append(frequency)
    }
    for pair in counts.keys { enqueue(pair) }
  }

  private static func pairs(_ word: [Int32]) -> [Pair] {
    zip(word, word.dropFirst()).map { Pair(left: $0, right: $1) }
  }

  private mutating func enqueue(_ pair: Pair) {
    guard let count = counts[pair] else { return }
    queue.push(
      Candidate(
        count: count, pair: pair, left: tokens[Int(pair.left)], right: tokens[Int(pair.right)]))
  }

  /// Learns merges until they made `limit` tokens.
  private mutating func merges(upTo limit: Int, minimumFrequency: Int) -> [(String, String)] {
    var merges: [(String, String)] = []
    var learned: Set<Pair> = []
    while tokens.count - ByteAlphabet.tokens.count < limit, let top = queue.pop() {
      let count = counts[top.pair] ?? 0
      guard count == top.count else {
        // Its count fell while it waited: back into the queue, unless it was queued again since.
        if count < top.count { enqueue(top.pair) }
        continue
      }
      guard count >= minimumFrequency else { break }
      // A token that two merges make can bring a pair back; it has its merge already.
      guard learned.insert(top.pair).inserted else { continue }
      merges.append((top.left, top.right))
      apply(top.pair, as: token(top.left + top.right))
    }
    return merges
  }

  private mutating func token(_ spelling: String) -> Int32 {
    if let id = ids[spelling] { return id }
    let id = Int32(tokens.count)
    tokens.append(spelling)
    ids[spelling] = id
    return id
  }

  /// Joins a pair in every word, and corrects the counts of the pairs around it.
  private mutating func apply(_ pair: Pair, as token: Int32) {
    var changes: [Pair: Int] = [:]
    for place in places.removeValue(forKey: pair) ?? [] {
      let joined = Self.join(pair, as: token, in: words[place])
      guard joined.count < words[place].count else { continue }
      for old in Self.pairs(words[place]) { changes[old, default: 0] -= frequencies[place] }
      for new in Self.pairs(joined) {
        changes[new, default: 0] += frequencies[place]
        places[new, default: []].insert(place)
      }
      words[place] = joined
    }
    for (changed, difference) in changes where difference != 0 {
      let count = (counts[changed] ?? 0) + difference
      counts[changed] = count > 0 ? count : nil
      if difference > 0 { enqueue(changed) }
    }
  }

  private static func join(_ pair: Pair, as token: Int32, in word: [Int32]) -> [Int32] {
    var joined: [Int32] = []
    var index = 0
    while index < word.count {
      if index + 1 < word.count, word[index] == pair.left, word[index + 1] == pair.right {
        joined.append(token)
        index += 2
      } else {
        joined.append(word[index])
        index += 1
      }
    }
    return joined
  }
}
