import TensorCore
import TestSupport
import Testing

@Suite struct ConvolutionKernelTests {
  struct Case: Sendable, CustomTestStringConvertible {
    let input, weight: [Int]
    var stride = 1
    var padding = Padding(1)
    var testDescription: String { "\(input) by \(weight), stride \(stride), \(padding)" }
    var geometry: ConvolutionGeometry {
      ConvolutionGeometry(input: input, weight: weight, stride: stride, padding: padding)
    }
  }

  static let cases = [
    Case(input: [1, 1, 1, 1], weight: [1, 1, 3, 3]),
    Case(input: [2, 5, 7, 3], weight: [8, 3, 3, 3]),
    Case(input: [1, 8, 9, 8], weight: [7, 8, 3, 3], stride: 2),
    Case(
      input: [2, 8, 8, 9], weight: [33, 9, 3, 3], stride: 2,
      padding: Padding(top: 0, left: 0, bottom: 1, right: 1)),
    Case(input: [2, 4, 5, 31], weight: [9, 31, 1, 1], padding: Padding(0)),
    Case(input: [1, 6, 6, 16], weight: [32, 16, 1, 1], stride: 2, padding: Padding(0)),
    Case(input: [1, 16, 16, 32], weight: [64, 32, 3, 3]),
    Case(
      input: [1, 9, 9, 4], weight: [5, 4, 5, 2], stride: 3,
      padding: Padding(top: 2, left: 0, bottom: 1, right: 1)),
    Case(input: [3, 8, 8, 64], weight: [4, 64, 3, 3]),
    Case(input: [2, 8, 8, 3], weight: [16, 3, 4, 4], stride: 4, padding: Padding(0)),
  ]

  /// More columns than a device keeps at one time, so that it works band by band: of the first band the last rows are
  /// read again by the second.
  static let large = [
    Case(input: [2, 66, 250, 65], weight: [1, 65, 3, 3]),
    Case(input: [1, 140, 250, 80], weight: [1, 80, 4, 4], stride: 2),
    Case(
      input: [1, 140, 250, 36], weight: [1, 36, 5, 5],
      padding: Padding(top: 2, left: 0, bottom: 1, right: 2)),
  ]

  /// Fast algorithms (Winograd) multiply transformed tiles, which costs float32 about three digits.
  static func slack(_ setup: Setup) -> Float {
    setup.device.name == "onednn" && setup.dtype == .f32 ? 64 : 2
  }

  @Test(arguments: Setup.all, cases) func forward(_ setup: Setup, _ c: Case) {
    let g = c.geometry
    for (hasBias, hasResidual, activation) in [
      (false, false, Activation.none), (true, false, .silu), (true, true, .none),
      (false, true, .relu),
    ] {
      for weightType in [DType.f32, .f16] {
        compare(
          setup, reduction: g.columns, roundsOperands: true, slack: Self.slack(setup),
          "weight \(weightType)"
        ) {
          let (x, w) = ($0.normal(c.input), $0.normal(c.weight, weightType))
          let bias = hasBias ? $0.normal([g.outChannels], .f32) : nil
          let residual = hasResidual ? $0.normal(g.outputShape) : nil
          return [
            $0.kernels.convolution(x, w, bias: bias, residual: residual, activation: activation, g)
          ]
        }
      }
    }
  }

  @Test(arguments: Setup.all.filter { $0.dtype == .f32 }, large) func largeImages(
    _ setup: Setup, _ c: Case
  ) {
    let g = c.geometry
    compare(setup, reduction: g.batch * g.outHeight * g.outWidth, slack: Self.slack(setup)) {
      let (x, dy) = ($0.uniform(c.input, -1..<1), $0.uniform(g.outputShape, -1..<1))
      let w = $0.uniform(c.weight, -1..<1)
      return [
        $0.kernels.convolution(x, w, bias: nil, residual: nil, activation: .none, g),
        $0.kernels.convolutionBackwardInput(dy, w, g),
        $0.kernels.convolutionBackwardWeight(x, dy, bias: false, g).dw,
      ]
    }
  }

  /// Channels, size of the kernel, stride.
  @Test(arguments: Setup.all, [(1, 3, 1), (9, 3, 2), (33, 5, 1), (64, 5, 2)])
  func depthwise(_ setup: Setup, _ c: (channels: Int, kernel: Int, stride: Int)) {
    let g = ConvolutionGeometry(
      input: [2, 7, 9, c.channels], weight: [c.channels, c.channels, c.kernel, c.kernel], stride: c.stride,
      padding: Padding(top: 1, left: 2, bottom: 2, right: 1))
    for hasBias in [false, true] {
      compare(setup, reduction: c.kernel * c.kernel, "bias \(hasBias)") {
        let (x, w) = ($0.normal(g.inputShape), $0.normal([c.channels, 1, c.kernel, c.kernel], .f32))
        return [$0.kernels.depthwiseConvolution(x, w, bias: hasBias ? $0.normal([c.channels], .f32) : nil, g)]
      }
    }
  }

  @Test(arguments: Setup.all, cases) func backwardInput(_ setup: Setup, _ c: Case) {
    let g = c.geometry
    let terms = g.outChannels * g.kernelHeight * g.kernelWidth
    compare(setup, reduction: terms, roundsOperands: true, slack: Self.slack(setup)) {
      [$0.kernels.convolutionBackwardInput($0.normal(g.outputShape), $0.normal(c.weight, .f32), g)]
    }
  }

  @Test(arguments: Setup.all, cases) func backwardWeight(_ setup: Setup, _ c: Case) {
    let g = c.geometry
    for bias in [false, true] {
      compare(setup, reduction: g.batch * g.outHeight * g.outWidth, slack: Self.slack(setup)) {
        let (x, dy) = ($0.normal(c.input), $0.normal(g.outputShape))
        let (dw, db) = $0.kernels.convolutionBackwardWeight(x, dy, bias: bias, g)
        return [dw, db]
      }
    }
  }
}

extension ConvolutionGeometry {
  /// Products summed into one output value.
  fileprivate var columns: Int { inChannels * kernelHeight * kernelWidth }
}
