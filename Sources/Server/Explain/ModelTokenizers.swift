import Foundation
import ModelFiles
import Synchronization
import Tokenizers

/// What reads models' prompts, without the models: opened once each, as pages ask while somebody types.
final class ModelTokenizers: Sendable {
  /// A model's first tokenizer.
  struct Reader: Sendable {
    let tokenizer: CLIPTokenizer
    /// Tokens of a row of the text encoder.
    let length: Int
    /// Steps that schedules in prompts are laid over.
    let steps: Int
  }

  private let locator: ModelLocator
  private let known = Mutex<[String: Reader]>([:])
  /// Models that are kept.
  private static let limit = 8

  init(_ locator: ModelLocator) { self.locator = locator }

  /// - Parameter model: as a job names it; nil for the bundled one.
  /// - Returns: nil for a model that reads no text.
  func reader(_ model: String?) throws -> Reader? {
    let key = model ?? ModelLocator.defaultPipeline
    if let reader = known.withLock({ $0[key] }) { return reader }
    let (spec, folder) = try locator.pipeline(model)
    let files = try PipelineFiles(folder, options: spec.fileOptions(home: locator.home))
    guard let encoder = files.configurations.textEncoders.first else { return nil }
    let reader = Reader(tokenizer: try files.tokenizer(0), length: encoder.positionCount, steps: spec.steps)
    known.withLock { known in
      if known.count >= Self.limit { known.removeAll() }
      known[key] = reader
    }
    return reader
  }
}
