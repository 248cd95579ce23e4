import Generation

/// What is cut out of pictures so that a network learns to fill holes: a figure of which it is known where it is, everything, or
/// some rectangles (GLIDE, Nichol et al. 2021, §3.3). A mask belongs to its picture.
public struct TrainingMasks: Codable, Sendable, Equatable {
  /// Share of pictures whose figure is cut out, with some of what is around it: there the words say what belongs into the hole.
  public var figures: Float
  /// Share of pictures that are cut out whole, so that the model goes on drawing without a picture.
  public var whole: Float
  public var seed: UInt64

  package init(figures: Float, whole: Float, seed: UInt64) {
    (self.figures, self.whole, self.seed) = (figures, whole, seed)
  }

  package var problem: RecipeProblem? {
    RecipeProblem.first([
      ((0...1).contains(figures), "masks.figures", "must be 0 to 1"),
      (whole >= 0 && figures + whole <= 1, "masks.whole", "must be 0 or more, with figures at most 1"),
    ])
  }

  /// The mask of a picture.
  /// - Parameters:
  ///   - index: of the picture.
  ///   - side: pixels along each side.
  ///   - figure: left and upper edge, width and height of its figure, in fractions of the side; nil where nobody knows: then a
  ///     rectangle stands for it.
  package func mask(_ index: Int, side: Int, figure: SIMD4<Float>?) -> Mask {
    var random = ExampleRandom(seed: seed, example: index, epoch: 0, stream: 21)
    let kind = random.uniform()
    if kind < whole { return Mask(width: side, height: side, values: [UInt8](repeating: 255, count: side * side)) }
    if kind < whole + figures, let figure { return Self.around(figure, side: side, &random) }
    let boxes = (0..<1 + random.integer(below: 3)).map { _ in
      let (width, height) = (0.2 + 0.4 * random.uniform(), 0.2 + 0.4 * random.uniform())
      return SIMD4(random.uniform() * (1 - width), random.uniform() * (1 - height), width, height)
    }
    return Self.boxes(boxes, side: side)
  }

  /// A figure's box with 2 to 12 % of the side more at each edge.
  package static func around(_ figure: SIMD4<Float>, side: Int, _ random: inout ExampleRandom) -> Mask {
    let margins = (0..<4).map { _ in 0.02 + 0.1 * random.uniform() }
    let (x, y) = (figure.x - margins[0], figure.y - margins[1])
    return boxes([SIMD4(x, y, figure.z + margins[0] + margins[2], figure.w + margins[1] + margins[3])], side: side)
  }

  /// Rectangles, at least a pixel of each within the picture.
  private static func boxes(_ boxes: [SIMD4<Float>], side: Int) -> Mask {
    var values = [UInt8](repeating: 0, count: side * side)
    func pixel(_ share: Float) -> Int { min(max(Int((share * Float(side)).rounded()), 0), side - 1) }
    for box in boxes {
      let (left, right) = (pixel(box.x), pixel(box.x + box.z))
      for y in pixel(box.y)...pixel(box.y + box.w) {
        for x in left...right { values[y * side + x] = 255 }
      }
    }
    return Mask(width: side, height: side, values: values)
  }
}
