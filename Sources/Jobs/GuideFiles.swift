import Foundation
import Generation
import ModelFiles

/// The folders of the networks that guide, found.
public struct GuideFiles: Sendable, Equatable {
  public var classifier: URL?
  public var contrastive: URL?

  public init() {}

  /// Finds what a choice names.
  /// - Parameter model: the model's file or folder.
  init(_ choice: ModelChoice, _ locator: ModelLocator, model: URL) throws {
    classifier = try choice.classifier.map { try locator.guide($0, flag: "`classifier`", model: model) }
    contrastive = try choice.contrastive.map { try locator.guide($0, flag: "`guide`", model: model) }
  }

  /// Loads the networks.
  func load() throws -> GuideNetworks {
    GuideNetworks(
      classifier: try classifier.map { try NoisyClassifier($0) },
      contrastive: try contrastive.map { try ContrastiveModel($0) })
  }
}
