import Foundation
import TensorCore

/// Where the vectors to be turned lie in a tensor's elements.
package struct VectorLayout {
  package let count, length: Int
  /// Distance between a vector's elements, and between the first elements of vectors.
  package let step, distance: Int

  package init(count: Int, length: Int, step: Int, distance: Int) {
    (self.count, self.length, self.step, self.distance) = (count, length, step, distance)
  }
}

extension Tensor {
  /// Spherical interpolation between two tensors (Shoemake 1985), each vector turned by its own angle, so that lengths stay. At the
  /// edge, on the host: of starting noise, which is drawn there, before a run.
  /// - Parameters:
  ///   - t: 0 gives self, 1 gives `other`.
  ///   - isStraightWhenParallel: a straight line for all once the mean cosine exceeds 0.9995.
  package func slerp(to other: Tensor, _ t: Double, _ layout: VectorLayout, isStraightWhenParallel: Bool) -> Tensor {
    precondition(other.shape == shape, "interpolation between \(shape) and \(other.shape)")
    let (a, b) = (floats(), other.floats())
    func elements(_ vector: Int) -> StrideTo<Int> {
      let first = vector * layout.distance
      return stride(from: first, to: first + layout.length * layout.step, by: layout.step)
    }
    let cosines = (0..<layout.count).map { vector in
      var (dot, aa, bb) = (0.0, 0.0, 0.0)
      for i in elements(vector) {
        let (x, y) = (Double(a[i]), Double(b[i]))
        dot += x * y
        aa += x * x
        bb += y * y
      }
      let length = (aa * bb).squareRoot()
      return length > 0 ? min(max(dot / length, -1), 1) : 1
    }
    let isParallel = isStraightWhenParallel && cosines.reduce(0, +) / Double(layout.count) > 0.9995
    return Tensor(shape: shape, device: device) { out in
      for vector in 0..<layout.count {
        let angle = acos(cosines[vector])
        let sine = sin(angle)
        // Parallel vectors have no arc between them: a straight line.
        let isStraight = isParallel || sine < 1e-6
        let (from, to) = isStraight ? (1 - t, t) : (sin((1 - t) * angle) / sine, sin(t * angle) / sine)
        for i in elements(vector) { out[i] = Float(from * Double(a[i]) + to * Double(b[i])) }
      }
    }
  }
}
