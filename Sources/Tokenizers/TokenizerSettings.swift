import Foundation

/// The parts of tokenizer_config.json and special_tokens_map.json that matter here.
struct TokenizerSettings: Decodable {
  /// A token is its text, or an object that has the text as `content`.
  struct Token: Decodable {
    let content: String

    private enum CodingKeys: String, CodingKey { case content }

    init(from decoder: any Decoder) throws {
      if let text = try? decoder.singleValueContainer().decode(String.self) {
        content = text
      } else {
        content = try decoder.container(keyedBy: CodingKeys.self)
          .decode(String.self, forKey: .content)
      }
    }
  }

  /// - Throws: `malformedSettings` naming the key that is amiss.
  init(_ bytes: [UInt8], path: String) throws(TokenizerError) {
    do {
      self = try JSONDecoder().decode(TokenizerSettings.self, from: Data(bytes))
    } catch {
      let key: String? =
        switch error as? DecodingError {
        case .typeMismatch(_, let context), .valueNotFound(_, let context),
          .keyNotFound(_, let context):
          context.codingPath.first?.stringValue
        default: nil
        }
      throw .malformedSettings(path: path, key: key ?? "the whole")
    }
  }

  let start: Token?
  let end: Token?
  let pad: Token?
  let maximumLength: Double?

  private enum CodingKeys: String, CodingKey {
    case start = "bos_token"
    case end = "eos_token"
    case pad = "pad_token"
    case maximumLength = "model_max_length"
  }
}
