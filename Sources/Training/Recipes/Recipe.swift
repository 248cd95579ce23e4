import Foundation
import Generation
import Yams

/// A training run described by a YAML file in `Pipelines/`.
public enum Recipe: Sendable {
  case autoencoder(AutoencoderRecipe)
  case textToImage(TextToImageRecipe)
  case unconditional(UnconditionalRecipe)
  case circle(CircleRecipe)

  private struct Kind: Decodable {
    let kind: String
    let precision: String?
  }

  /// Reads a recipe file.
  public static func read(_ url: URL) throws -> Recipe {
    guard let text = try? String(contentsOf: url, encoding: .utf8) else {
      throw TrainingError.badRecipe(path: url.path, reason: "cannot be read; recipes are YAML files")
    }
    do {
      let decoder = YAMLDecoder()
      let head = try decoder.decode(Kind.self, from: text)
      if head.precision == Precision.int8.rawValue {
        throw TrainingError.badRecipe(
          path: url.path, reason: "precision int8 draws pictures; training takes f32 or bf16")
      }
      switch head.kind {
      case "autoencoder": return .autoencoder(try decoder.decode(AutoencoderRecipe.self, from: text))
      case "text-to-image":
        return .textToImage(try decoder.decode(TextToImageRecipe.self, from: text))
      case "unconditional":
        return .unconditional(try decoder.decode(UnconditionalRecipe.self, from: text))
      case "circle": return .circle(try decoder.decode(CircleRecipe.self, from: text))
      case let other:
        throw TrainingError.badRecipe(
          path: url.path,
          reason: "kind \"\(other)\" is none of autoencoder, text-to-image, unconditional, circle")
      }
    } catch let error as DecodingError {
      throw TrainingError.badRecipe(path: url.path, reason: error.oneLine)
    } catch let error as YamlError {
      let line = "\(error)".split(separator: "\n").first.map(String.init) ?? "is not YAML"
      throw TrainingError.badRecipe(path: url.path, reason: line)
    }
  }
}

/// Where a recipe's pictures come from.
public struct DataRecipe: Codable, Sendable, Equatable {
  public enum Kind: String, Codable, Sendable {
    /// Generated scenes of cut-out drawings.
    case scenes
    /// A folder of pictures with captions.
    case folder
  }
  public var kind: Kind
  /// The sprites of scenes, or the folder; relative to the working directory, or else to the folder of `Pipelines/`.
  public var path: String
  /// The things scenes are made of (scenes only).
  public var vocabulary: String?
  /// Scenes in all (scenes only).
  public var count: Int?
  public var seed: UInt64?
  public var fit: FolderDataSet.Fit?

  /// Opens the data set; pictures that cannot be used are reported.
  public func open(report: (String) -> Void) throws -> any CaptionedImages {
    switch kind {
    case .scenes:
      guard let vocabulary, let count, count > 0 else {
        throw TrainingError.noData(path: path, reason: "scenes need a vocabulary and a count")
      }
      let scenes = try SceneSource(
        sprites: DataLocation.url(path), vocabulary: DataLocation.url(vocabulary), count: count,
        seed: seed ?? 0)
      if let absence = scenes.absence { report(absence) }
      return scenes
    case .folder:
      let set = try FolderDataSet(DataLocation.url(path), fit: fit ?? .centerCrop)
      for skipped in set.skipped { report("skipped \(skipped.file): \(skipped.reason)") }
      return set
    }
  }
}

/// The order examples are seen in: a new permutation each epoch, computed from the seed, so any step can be resumed.
struct EpochOrder {
  let count: Int
  let seed: UInt64
  private var epoch = -1
  private var order: [Int] = []

  init(count: Int, seed: UInt64) {
    self.count = count
    self.seed = seed
  }

  /// The examples of a step.
  mutating func batch(step: Int, size: Int) -> [Int] {
    (step * size..<(step + 1) * size).map { position in
      if position / count != epoch {
        epoch = position / count
        var random = StepRandom(seed: seed, step: epoch, stream: 1)
        order = random.permutation(count)
      }
      return order[position % count]
    }
  }
}
