import Foundation

/// How long and how fast a picture is learnt for an edit.
public struct ImagicSettings: Sendable, Codable, Equatable {
  /// Steps in which the text's states come to describe the picture.
  public var textSteps: Int
  public var textRate: Double
  /// Steps in which the network comes to draw it, told those states.
  public var modelSteps: Int
  public var modelRate: Double
  /// Noises in a step.
  public var batch: Int
  /// Of the low-rank matrices that change the network.
  public var rank: Int
  public var seed: UInt64 = 0

  enum CodingKeys: String, CodingKey {
    case batch, rank, seed
    case textSteps = "text_steps"
    case textRate = "text_rate"
    case modelSteps = "model_steps"
    case modelRate = "model_rate"
  }

  /// The bundled model is small, so it takes larger batches and rates.
  public init(isBundled: Bool) {
    (textSteps, textRate) = isBundled ? (200, 1e-2) : (100, 1e-3)
    (modelSteps, modelRate) = isBundled ? (300, 1e-3) : (200, 5e-4)
    (batch, rank) = isBundled ? (16, 16) : (1, 8)
  }
}
