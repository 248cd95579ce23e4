import CKernels
import CMatrixKernels
import COneDNN

/// A convolution's shape, and the textbook loops in double precision.
struct Convolution: Sendable, CustomStringConvertible {
  var batch = 1
  var height, width, channels, outputs: Int
  var kernel = (3, 3)
  var stride = 1
  var padding = (top: 1, left: 1, bottom: 1, right: 1)

  init(_ batch: Int, _ height: Int, _ width: Int, _ channels: Int, _ outputs: Int) {
    (self.batch, self.height, self.width) = (batch, height, width)
    (self.channels, self.outputs) = (channels, outputs)
  }
  init(
    _ batch: Int, _ height: Int, _ width: Int, _ channels: Int, _ outputs: Int,
    kernel: (Int, Int), stride: Int = 1, padding: (top: Int, left: Int, bottom: Int, right: Int)
  ) {
    self.init(batch, height, width, channels, outputs)
    (self.kernel, self.stride, self.padding) = (kernel, stride, padding)
  }

  var outHeight: Int { (height + padding.top + padding.bottom - kernel.0) / stride + 1 }
  var outWidth: Int { (width + padding.left + padding.right - kernel.1) / stride + 1 }
  var inputCount: Int { batch * height * width * channels }
  var outputCount: Int { batch * outHeight * outWidth * outputs }
  var weightCount: Int { outputs * channels * kernel.0 * kernel.1 }
  var description: String {
    "[\(batch), \(height), \(width), \(channels)]->\(outputs) k\(kernel) s\(stride) p\(padding)"
  }

  func shape(_ kind: Kind) -> im_conv_shape {
    im_conv_shape(
      type: kind.type, B: Int64(batch), H: Int64(height), W: Int64(width), C: Int64(channels),
      OH: Int64(outHeight), OW: Int64(outWidth), OC: Int64(outputs), KH: Int64(kernel.0),
      KW: Int64(kernel.1), stride: Int64(stride), pad_top: Int64(padding.top),
      pad_left: Int64(padding.left), pad_bottom: Int64(padding.bottom),
      pad_right: Int64(padding.right))
  }

  /// Calls `body` with every output pixel, kernel tap and input pixel that meet: offsets without channels.
  private func visit(_ body: (_ output: Int, _ tap: Int, _ input: Int) -> Void) {
    for b in 0..<batch {
      for oh in 0..<outHeight {
        for ow in 0..<outWidth {
          for kh in 0..<kernel.0 {
            for kw in 0..<kernel.1 {
              let (h, w) = (oh * stride + kh - padding.top, ow * stride + kw - padding.left)
              guard h >= 0, h < height, w >= 0, w < width else { continue }
              body(
                (b * outHeight + oh) * outWidth + ow, kh * kernel.1 + kw,
                (b * height + h) * width + w)
            }
          }
        }
      }
    }
  }

  func forward(_ x: [Double], _ w: [Double]) -> [Double] {
    let taps = kernel.0 * kernel.1
    var y = [Double](repeating: 0, count: outputCount)
    y.withUnsafeMutableBufferPointer { y in
      visit { output, tap, input in
        for o in 0..<outputs {
          var sum = 0.0
          for c in 0..<channels {
            sum += x[input * channels + c] * w[(o * channels + c) * taps + tap]
          }
          y[output * outputs + o] += sum
        }
      }
    }
    return y
  }

  func backwardData(_ dy: [Double], _ w: [Double]) -> [Double] {
    let taps = kernel.0 * kernel.1
    var dx = [Double](repeating: 0, count: inputCount)
    dx.withUnsafeMutableBufferPointer { dx in
      visit { output, tap, input in
        for o in 0..<outputs {
          for c in 0..<channels {
            dx[input * channels + c] +=
              dy[output * outputs + o] * w[(o * channels + c) * taps + tap]
          }
        }
      }
    }
    return dx
  }

  func backwardWeights(_ x: [Double], _ dy: [Double]) -> [Double] {
    let taps = kernel.0 * kernel.1
    var dw = [Double](repeating: 0, count: weightCount)
    dw.withUnsafeMutableBufferPointer { dw in
      visit { output, tap, input in
        for o in 0..<outputs {
          for c in 0..<channels {
            dw[(o * channels + c) * taps + tap] +=
              dy[output * outputs + o] * x[input * channels + c]
          }
        }
      }
    }
    return dw
  }
}
