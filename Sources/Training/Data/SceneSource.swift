@_exported import DataSets
import Foundation
import SceneData

/// Generated scenes, one for each index.
public struct SceneSource: CaptionedImages {
  public let count: Int
  private let generator: SceneGenerator
  private let seed: UInt64

  /// - Parameter size: pixels along a side that will be asked for; scenes are drawn so, as far as they can be.
  public init(sprites: URL, vocabulary: URL, size: Int = 128, count: Int, seed: UInt64) throws {
    let side = min(max(size, SceneGenerator.sides.lowerBound), SceneGenerator.sides.upperBound)
    generator = try SceneGenerator(spriteDirectory: sprites, vocabulary: vocabulary, side: side)
    self.count = count
    self.seed = seed
  }

  /// What to tell people about sets of drawings that are not there; nil if all are.
  public var absence: String? { generator.absence }

  public func example(_ index: Int, size: Int) throws -> CaptionedImage {
    let scene = generator.scene(seed: seed &+ UInt64(index))
    let image =
      scene.image.width == size
      ? scene.image : scene.image.resized(width: size, height: size, filter: .area)
    return CaptionedImage(image: image, caption: scene.caption)
  }
}
