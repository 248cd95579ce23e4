import Images
import Synchronization

/// Points in the plane that a model drew, and the ways some of them took from noise.
public struct PointPaths: Sendable {
  public let points: [SIMD2<Float>]
  /// Each from its start to its end.
  public let paths: [[SIMD2<Float>]]

  public init(points: [SIMD2<Float>], paths: [[SIMD2<Float>]]) { (self.points, self.paths) = (points, paths) }
}

/// How a program draws points. Training has no charts of its own; a program that has hands one in before a recipe is run.
public enum PointsDrawing {
  private static let handedIn = Mutex<(@Sendable (PointPaths) -> Image)?>(nil)

  /// Makes a drawing known; the last one counts.
  public static func register(_ drawing: @escaping @Sendable (PointPaths) -> Image) {
    handedIn.withLock { $0 = drawing }
  }

  /// The picture; nil where nobody draws.
  static func draw(_ paths: PointPaths) -> Image? { handedIn.withLock { $0 }.map { $0(paths) } }
}
