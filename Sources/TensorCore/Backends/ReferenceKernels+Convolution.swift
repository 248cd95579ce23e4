// Convolutions on channels-last images.
extension ReferenceKernels {
  func convolution(
    _ x: Tensor, _ w: Tensor, bias: Tensor?, residual: Tensor?, activation: Activation,
    _ geometry: ConvolutionGeometry
  ) -> Tensor {
    let (vx, vw) = (x.values, w.values)
    var sums = Array(repeating: 0.0, count: geometry.outputShape.reduce(1, *))
    forEachTap(geometry) { output, weight, input in
      sums[output] += Double(vx[input]) * Double(vw[weight])
    }
    return x.holding(finish(sums, bias, residual, activation), shape: geometry.outputShape)
  }

  func depthwiseConvolution(_ x: Tensor, _ w: Tensor, bias: Tensor?, _ geometry: ConvolutionGeometry) -> Tensor {
    let (channels, taps) = (geometry.inChannels, geometry.kernelHeight * geometry.kernelWidth)
    // The same as a whole convolution whose kernels between different channels are 0.
    var full = Array(repeating: Float(0), count: channels * channels * taps)
    for (index, value) in w.values.enumerated() {
      let (channel, tap) = index.quotientAndRemainder(dividingBy: taps)
      full[(channel * channels + channel) * taps + tap] = value
    }
    return convolution(
      x, w.holding(full, shape: geometry.weightShape, dtype: .f32), bias: bias, residual: nil, activation: .none,
      geometry)
  }

  func convolutionBackwardInput(_ dy: Tensor, _ w: Tensor, _ geometry: ConvolutionGeometry)
    -> Tensor
  {
    let (vd, vw) = (dy.values, w.values)
    var sums = Array(repeating: 0.0, count: geometry.inputShape.reduce(1, *))
    forEachTap(geometry) { output, weight, input in
      sums[input] += Double(vd[output]) * Double(vw[weight])
    }
    return dy.holding(sums.map { Float($0) }, shape: geometry.inputShape)
  }

  func convolutionBackwardWeight(
    _ x: Tensor, _ dy: Tensor, bias: Bool, _ geometry: ConvolutionGeometry
  ) -> (dw: Tensor, db: Tensor?) {
    let (vx, vd) = (x.values, dy.values)
    var sums = Array(repeating: 0.0, count: geometry.weightShape.reduce(1, *))
    forEachTap(geometry) { output, weight, input in
      sums[weight] += Double(vd[output]) * Double(vx[input])
    }
    let dw = x.holding(sums.map { Float($0) }, shape: geometry.weightShape, dtype: .f32)
    return (dw, bias ? columnSums(dy) : nil)
  }

  /// Calls `body` for each product `y[output] += x[input] · w[weight]` of a convolution; padding has none.
  private func forEachTap(
    _ g: ConvolutionGeometry, _ body: (_ output: Int, _ weight: Int, _ input: Int) -> Void
  ) {
    for b in 0..<g.batch {
      for oy in 0..<g.outHeight {
        for ox in 0..<g.outWidth {
          for ky in 0..<g.kernelHeight {
            let iy = oy * g.stride - g.padding.top + ky
            guard (0..<g.height).contains(iy) else { continue }
            for kx in 0..<g.kernelWidth {
              let ix = ox * g.stride - g.padding.left + kx
              guard (0..<g.width).contains(ix) else { continue }
              for o in 0..<g.outChannels {
                let output = ((b * g.outHeight + oy) * g.outWidth + ox) * g.outChannels + o
                for c in 0..<g.inChannels {
                  let input = ((b * g.height + iy) * g.width + ix) * g.inChannels + c
                  let weight = ((o * g.inChannels + c) * g.kernelHeight + ky) * g.kernelWidth + kx
                  body(output, weight, input)
                }
              }
            }
          }
        }
      }
    }
  }
}
