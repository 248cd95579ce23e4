import DataSets

/// What the first figure of a drawn scene is: what a caption leaves open and the scene builder knows.
public struct SceneTruth: Sendable, Equatable {
  /// Which thing, counted from 0.
  public var thing: Int
  /// Which set of drawings, that is, whose hand, counted from 0.
  public var hand: Int
  /// 0 for neither side or not known, 1 for left, 2 for right.
  public var facing: Int
  /// Left and upper edge, width and height, in fractions of the picture's side.
  public var box: SIMD4<Float>
  /// Figures there are in the scene.
  public var figures: Int

  /// Sides `facing` tells apart.
  static let facings = 3
  /// Numbers of a row of a table.
  static let width = 8

  public init(thing: Int, hand: Int, facing: Int, box: SIMD4<Float>, figures: Int) {
    precondition((0..<Self.facings).contains(facing), "facing \(facing)")
    (self.thing, self.hand, self.facing, self.box, self.figures) = (thing, hand, facing, box, figures)
  }

  /// As a row of a table of float32, which holds these numbers exactly.
  var row: [Float] { [Float(thing), Float(hand), Float(facing), Float(figures), box.x, box.y, box.z, box.w] }

  /// From such a row; nil if it is none.
  init?(row: some Collection<Float>) {
    let row = Array(row)
    guard row.count == Self.width, row.allSatisfy({ $0.isFinite && $0 >= 0 && $0 < 1e6 }), row[2] < Float(Self.facings)
    else { return nil }
    self.init(
      thing: Int(row[0]), hand: Int(row[1]), facing: Int(row[2]), box: SIMD4(row[4...]), figures: Int(row[3]))
  }
}

/// Pictures of which it is known what they show.
package protocol DescribedImages: CaptionedImages {
  /// A picture with the truth about it. Asked on several threads at once.
  func described(_ index: Int, size: Int) throws -> (example: CaptionedImage, truth: SceneTruth)
}
