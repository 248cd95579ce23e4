import Foundation

// What few elements ask for, in double precision: plain loops.
extension CPUKernels {
  func totals(_ x: Tensor) -> (sum: Double, magnitude: Double) {
    let x = x.converted(to: .f32)
    // What was converted lives no longer than its last use, and its memory is another's then.
    return withExtendedLifetime(x) {
      x.elements.reduce(into: (sum: 0.0, magnitude: 0.0)) { totals, value in
        totals.sum += Double(value)
        totals.magnitude += Double(abs(value))
      }
    }
  }

  func magnitudeQuantile(_ x: Tensor, _ share: Double) -> Float {
    let x = x.converted(to: .f32)
    let sorted = withExtendedLifetime(x) { x.elements.map(abs).sorted() }
    let position = min(max(share, 0), 1) * Double(sorted.count - 1)
    let low = Int(position)
    guard low + 1 < sorted.count else { return sorted[low] }
    return sorted[low] + (sorted[low + 1] - sorted[low]) * Float(position - Double(low))
  }

  func crossEntropy(_ x: Tensor, _ targets: Tensor) -> (value: Tensor, gradient: Tensor) {
    let (rows, width) = (x.shape[0], x.shape[1])
    let (logits, wanted) = (x.elements, targets.elements)
    let (value, gradient) = (x.like([]), x.like())
    let slope = gradient.pointer(as: Float.self)
    var total = 0.0
    for row in 0..<rows {
      let range = row * width..<(row + 1) * width
      let peak = Double(logits[range].max() ?? 0)
      let logSum = log(logits[range].reduce(0.0) { $0 + exp(Double($1) - peak) }) + peak
      let mass = wanted[range].reduce(0.0) { $0 + Double($1) }
      for i in range {
        total += Double(wanted[i]) * (logSum - Double(logits[i]))
        slope[i] = Float((exp(Double(logits[i]) - logSum) * mass - Double(wanted[i])) / Double(rows))
      }
    }
    value.pointer(as: Float.self)[0] = Float(total / Double(max(rows, 1)))
    return (value, gradient)
  }

  func resizeBilinear(_ x: Tensor, height: Int, width: Int) -> Tensor {
    let (oldHeight, oldWidth, channels) = (x.shape[1], x.shape[2], x.shape[3])
    let values = x.elements
    func taps(_ position: Int, _ old: Int, _ new: Int) -> (low: Int, high: Int, share: Float) {
      let exact = max((Float(position) + 0.5) * Float(old) / Float(new) - 0.5, 0)
      let low = min(Int(exact), old - 1)
      return (low, min(low + 1, old - 1), exact - Float(low))
    }
    let columns = (0..<width).map { taps($0, oldWidth, width) }
    let result = x.like([x.shape[0], height, width, channels])
    let out = result.pointer(as: Float.self)
    var position = 0
    for row in 0..<x.shape[0] {
      for y in 0..<height {
        let (top, bottom, down) = taps(y, oldHeight, height)
        let upper = (row * oldHeight + top) * oldWidth
        let lower = (row * oldHeight + bottom) * oldWidth
        for (left, right, across) in columns {
          for c in 0..<channels {
            func at(_ line: Int, _ column: Int) -> Float { values[(line + column) * channels + c] }
            let above = at(upper, left) + (at(upper, right) - at(upper, left)) * across
            let below = at(lower, left) + (at(lower, right) - at(lower, left)) * across
            out[position] = above + (below - above) * down
            position += 1
          }
        }
      }
    }
    return result
  }
}

extension Tensor {
  /// The float32 elements in place.
  fileprivate var elements: UnsafeBufferPointer<Float> {
    UnsafeBufferPointer(start: pointer(as: Float.self), count: count)
  }
}
