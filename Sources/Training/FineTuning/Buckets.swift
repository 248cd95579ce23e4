/// Shapes of training pictures: about the same number of pixels each, so a batch takes the same time and memory.
public struct Buckets: Sendable {
  /// A shape in pixels.
  public struct Shape: Sendable, Hashable, CustomStringConvertible {
    public let width, height: Int

    public init(width: Int, height: Int) { (self.width, self.height) = (width, height) }

    public var description: String { "\(width)×\(height)" }
  }

  /// Sides are multiples of this.
  public let step: Int
  /// All shapes there are for pictures that are large enough.
  public let shapes: [Shape]

  /// Sides from half to twice the resolution, with at most its square of pixels.
  /// - Parameters:
  ///   - resolution: side of the square shape.
  ///   - multiple: what sides must be multiples of for the model.
  ///   - isSquare: only the square.
  public init(resolution: Int, multiple: Int, isSquare: Bool = false) {
    let side = max(resolution / multiple * multiple, multiple)
    // An eighth of the resolution: 64 pixels at 512, as kohya's trainer has it.
    step = max(side / 8 / multiple * multiple, multiple)
    var shapes = [Shape(width: side, height: side)]
    if !isSquare {
      for width in stride(from: step, through: 2 * side, by: step) where width * 2 >= side {
        let height = side * side / width / step * step
        if height * 2 >= side, height <= 2 * side { shapes.append(Shape(width: width, height: height)) }
      }
    }
    self.shapes = Array(Set(shapes)).sorted { ($0.width, $0.height) < ($1.width, $1.height) }
  }

  /// The shape for a picture: none that it would have to be enlarged for, and of those the one it loses least in.
  ///
  /// A picture smaller than all of them keeps its own size, less what the step asks for.
  /// - Returns: nil if a side is shorter than one step.
  public func shape(width: Int, height: Int) -> Shape? {
    let fitting = shapes.filter { $0.width <= width && $0.height <= height }
    if let best = fitting.max(by: { Self.isWorse($0, $1, width, height) }) { return best }
    let own = Shape(width: min(width, 2 * side) / step * step, height: min(height, 2 * side) / step * step)
    return own.width > 0 && own.height > 0 ? own : nil
  }

  /// Of the square shape.
  var side: Int { shapes.map { min($0.width, $0.height) }.max() ?? step }

  /// Whether more of a picture is cut off for `a` than for `b`; of equals the smaller one is worse.
  private static func isWorse(_ a: Shape, _ b: Shape, _ width: Int, _ height: Int) -> Bool {
    let (first, second) = (kept(a, width, height), kept(b, width, height))
    if abs(first - second) > 1e-9 { return first < second }
    return a.width * a.height < b.width * b.height
  }

  /// The share of a picture's area that is left once it covers a shape.
  package static func kept(_ shape: Shape, _ width: Int, _ height: Int) -> Double {
    let scale = max(Double(shape.width) / Double(width), Double(shape.height) / Double(height))
    return Double(shape.width * shape.height) / (scale * Double(width) * scale * Double(height))
  }
}
