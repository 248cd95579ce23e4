import Models
import Tokenizers

/// A text encoder with the tokenizer that feeds it.
public struct CLIPTextEncoder: Sendable {
  public let tokenizer: CLIPTokenizer
  public let model: CLIPTextModel

  public init(tokenizer: CLIPTokenizer, model: CLIPTextModel) {
    self.tokenizer = tokenizer
    self.model = model
  }

  /// Tokens of a row, start and end included.
  var rowLength: Int { model.config.positionCount }
}
