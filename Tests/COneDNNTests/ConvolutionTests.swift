import COneDNN
import Testing

@Suite struct ConvolutionTests {
  /// Usual and odd sizes: few channels, none a multiple of a block, single pixels, large pads, all strides.
  static let convolutions: [Convolution] = [
    Convolution(1, 5, 7, 3, 9),
    Convolution(2, 8, 8, 16, 32),
    Convolution(1, 6, 6, 4, 40),
    Convolution(1, 6, 5, 40, 4),
    Convolution(3, 4, 4, 96, 224),
    Convolution(2, 4, 3, 70, 65),
    Convolution(5, 1, 1, 24, 72),
    Convolution(2, 2, 2, 33, 17),
    Convolution(1, 16, 16, 64, 48),
    Convolution(1, 3, 300, 5, 6),
    Convolution(2, 9, 6, 17, 33, kernel: (3, 3), stride: 2, padding: (0, 0, 1, 1)),
    Convolution(2, 8, 8, 32, 32, kernel: (3, 3), stride: 2, padding: (1, 1, 1, 1)),
    Convolution(4, 4, 4, 48, 80, kernel: (3, 3), stride: 2, padding: (1, 1, 1, 1)),
    Convolution(1, 8, 8, 9, 16, kernel: (3, 3), stride: 2, padding: (1, 1, 1, 1)),
    Convolution(2, 7, 7, 32, 48, kernel: (1, 1), padding: (0, 0, 0, 0)),
    Convolution(1, 7, 7, 32, 48, kernel: (1, 1), stride: 2, padding: (0, 0, 0, 0)),
    Convolution(1, 9, 11, 6, 7, kernel: (5, 5), padding: (2, 2, 2, 2)),
    Convolution(2, 6, 9, 10, 12, kernel: (1, 3), padding: (0, 1, 0, 1)),
    Convolution(1, 8, 8, 20, 24, kernel: (4, 4), stride: 4, padding: (0, 0, 0, 0)),
    Convolution(1, 6, 6, 8, 8, kernel: (3, 3), padding: (0, 2, 2, 0)),
    Convolution(1, 7, 6, 12, 20, kernel: (3, 3), padding: (0, 0, 0, 0)),
  ]

  @Test(arguments: convolutions, Kind.computed) func forward(_ c: Convolution, kind: Kind) throws {
    var values = Values(1)
    let x = values.array(kind, c.inputCount)
    let w = values.array(kind, c.weightCount)
    let bias = values.array(.f32, c.outputs)
    let residual = values.array(kind, c.outputCount)
    let (b, r) = (bias.doubles, residual.doubles)
    let plain = c.forward(x.doubles, w.doubles)
    var shape = c.shape(kind)
    for (hasBias, hasResidual, act) in [
      (false, false, Activation.none), (true, false, .none), (true, true, .none),
      (false, true, .none), (true, false, .silu), (true, true, .silu), (true, false, .gelu),
      (true, true, .quickGelu), (false, false, .relu),
    ] {
      let op = try #require(
        idnn_conv_forward(&shape, hasBias ? 1 : 0, hasResidual ? 1 : 0, act.value, 0),
        "\(lastError)")
      let y = runForward(
        op, kind, x, w, bias: hasBias ? bias : nil, residual: hasResidual ? residual : nil,
        outputs: c.outputCount)
      let expected = plain.enumerated().map { index, sum in
        act.apply(sum + (hasBias ? b[index % c.outputs] : 0) + (hasResidual ? r[index] : 0))
      }
      expectSums(
        y, expected, terms: c.channels * c.kernel.0 * c.kernel.1, extra: act.error,
        "\(String(cString: idnn_implementation(op))) \(c) bias \(hasBias) residual \(hasResidual) \(act)"
      )
    }
  }

  @Test(arguments: convolutions, Kind.computed)
  func backwardData(_ c: Convolution, kind: Kind) throws {
    var values = Values(2)
    let dy = values.array(kind, c.outputCount)
    let w = values.array(kind, c.weightCount)
    var shape = c.shape(kind)
    let op = try #require(idnn_conv_backward_data(&shape), "\(lastError)")
    let dx = runBackwardData(op, kind, dy, w, inputs: c.inputCount)
    expectSums(
      dx, c.backwardData(dy.doubles, w.doubles), terms: c.outputs * c.kernel.0 * c.kernel.1,
      "\(String(cString: idnn_implementation(op))) \(c)")
  }

  @Test(arguments: convolutions, Kind.computed)
  func backwardWeights(_ c: Convolution, kind: Kind) throws {
    var values = Values(3)
    let x = values.array(kind, c.inputCount)
    let dy = values.array(kind, c.outputCount)
    var shape = c.shape(kind)
    let op = try #require(idnn_conv_backward_weights(&shape), "\(lastError)")
    let dw = runBackwardWeights(op, x, dy, weights: c.weightCount)
    expectSums(
      dw, c.backwardWeights(x.doubles, dy.doubles), terms: c.batch * c.outHeight * c.outWidth,
      "\(String(cString: idnn_implementation(op))) \(c)")
  }

  /// The residual may be the output itself.
  @Test(arguments: Kind.computed) func residualInPlace(kind: Kind) throws {
    let c = Convolution(2, 4, 4, 96, 96)
    var values = Values(4)
    let x = values.array(kind, c.inputCount)
    let w = values.array(kind, c.weightCount)
    let y = values.array(kind, c.outputCount)
    let before = y.doubles
    var shape = c.shape(kind)
    let op = try #require(idnn_conv_forward(&shape, 0, 1, IDNN_NONE, 0), "\(lastError)")
    let packed = pack(op, kind, w)
    #expect(idnn_run_forward(op, x.raw, packed.raw, nil, y.raw, y.raw) == 0, "\(lastError)")
    let expected = zip(c.forward(x.doubles, w.doubles), before).map { $0 + $1 }
    expectSums(y, expected, terms: c.channels * 9, "in place")
  }
}
