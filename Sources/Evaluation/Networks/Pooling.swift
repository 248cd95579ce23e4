import TensorCore

/// Pooling over 3×3 windows of `[B, H, W, C]`, as networks that judge have it; it has no gradient.
enum Pooling {
  /// The largest of each window, with stride 2 and no padding.
  static func max3x3Stride2(_ x: Tensor) -> Tensor {
    pooled(x, height: (x.shape[1] - 3) / 2 + 1, width: (x.shape[2] - 3) / 2 + 1, stride: 2, offset: 0) {
      Swift.max($0, $1)
    } finish: { value, _ in
      value
    }
  }

  /// The same with stride 1, one pixel around the picture being left out.
  static func max3x3(_ x: Tensor) -> Tensor {
    pooled(x, height: x.shape[1], width: x.shape[2], stride: 1, offset: -1) {
      Swift.max($0, $1)
    } finish: { value, _ in
      value
    }
  }

  /// The mean of what lies inside the picture, with stride 1.
  static func mean3x3(_ x: Tensor) -> Tensor {
    pooled(x, height: x.shape[1], width: x.shape[2], stride: 1, offset: -1) {
      $0 + $1
    } finish: { sum, count in
      sum / Float(count)
    }
  }

  @inline(__always)
  private static func pooled(
    _ x: Tensor, height: Int, width: Int, stride: Int, offset: Int, _ join: (Float, Float) -> Float,
    finish: (Float, Int) -> Float
  ) -> Tensor {
    let (batch, rows, columns, channels) = (x.shape[0], x.shape[1], x.shape[2], x.shape[3])
    let values = x.floats()
    return Tensor(shape: [batch, height, width, channels]) { out in
      values.withUnsafeBufferPointer { values in
        for place in 0..<(batch * height * width) {
          let (b, y, x) = (place / (height * width), place / width % height, place % width)
          let (top, left) = (y * stride + offset, x * stride + offset)
          var count = 0
          for row in max(top, 0)..<min(top + 3, rows) {
            for column in max(left, 0)..<min(left + 3, columns) {
              let from = ((b * rows + row) * columns + column) * channels
              for c in 0..<channels {
                let value = values[from + c]
                let at = place * channels + c
                out[at] = count == 0 ? value : join(out[at], value)
              }
              count += 1
            }
          }
          for c in 0..<channels { out[place * channels + c] = finish(out[place * channels + c], count) }
        }
      }
    }
  }
}
