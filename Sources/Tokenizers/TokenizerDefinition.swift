/// What tokenizer files say, before it is checked.
struct TokenizerDefinition {
  /// Where the vocabulary and the merges came from, for messages.
  var vocabularyPath = "vocabulary"
  var mergesPath = "merges"

  var vocabulary: [String: Int32] = [:]
  var merges: [(String, String)] = []
  /// Tokens that stand for themselves wherever they occur in a text.
  var addedTokens: [(token: String, id: Int32)] = []
  /// The roles; nil where no file names one.
  var startToken: String?
  var endToken: String?
  var padToken: String?
  var maximumLength: Int?

  /// CLIP's own names.
  static let startToken = "<|startoftext|>"
  static let endToken = "<|endoftext|>"
  /// The tokens CLIP's position embedding has room for.
  static let maximumLength = 77
}
