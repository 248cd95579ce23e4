import COneDNN
import Testing

@Suite(.enabled(if: idnn_init() == 0 && idnn_has_bf16() != 0)) struct WinogradBF16Tests {
  /// Many tiles and few, odd sides, a last group that is not full, output channels that do not fill a block.
  static let convolutions = [
    Convolution(1, 16, 16, 64, 64), Convolution(1, 40, 40, 64, 80), Convolution(2, 9, 11, 96, 208),
    Convolution(3, 8, 8, 192, 96), Convolution(5, 13, 8, 80, 64),
  ]

  /// Transformed inputs and weights are rounded once each (relative error 2^-9/√3 in the mean square), a point is a
  /// product of both, and A^T m A adds nine of sixteen points that partly cancel: measured 4.2e-3 of the output's
  /// root mean square. A wrong sign or tap gives more than 0.1.
  private func expectClose(_ actual: [Double], _ expected: [Double], sums: [Double], _ what: String) {
    let scale = (sums.reduce(0) { $0 + $1 * $1 } / Double(sums.count)).squareRoot()
    let errors = zip(actual, expected).map { abs($0 - $1) }
    let mean = (errors.reduce(0) { $0 + $1 * $1 } / Double(errors.count)).squareRoot()
    #expect(actual.count == expected.count && mean < 6e-3 * scale, "\(what): error \(mean / scale)")
    #expect((errors.max() ?? .infinity) < 0.04 * scale, "\(what): worst \((errors.max() ?? 0) / scale)")
  }

  @Test(arguments: convolutions) func forward(_ c: Convolution) throws {
    var values = Values(21)
    let x = values.array(.bf16, c.inputCount)
    let w = values.array(.bf16, c.weightCount)
    let bias = values.array(.f32, c.outputs)
    let residual = values.array(.bf16, c.outputCount)
    let plain = c.forward(x.doubles, w.doubles)
    let (b, r) = (bias.doubles, residual.doubles)
    var shape = c.shape(.bf16)
    for (hasBias, hasResidual) in [(false, false), (true, false), (true, true), (false, true)] {
      let op = try #require(
        idnn_conv_forward(&shape, hasBias ? 1 : 0, hasResidual ? 1 : 0, IDNN_NONE, 1), "\(lastError)")
      #expect(String(cString: idnn_implementation(op)).hasPrefix("winograd_bf16"))
      let y = runForward(
        op, .bf16, x, w, bias: hasBias ? bias : nil, residual: hasResidual ? residual : nil, outputs: c.outputCount)
      let expected = plain.enumerated().map { index, sum in
        sum + (hasBias ? b[index % c.outputs] : 0) + (hasResidual ? r[index] : 0)
      }
      expectClose(y.doubles, expected, sums: plain, "\(c) bias \(hasBias) residual \(hasResidual)")
    }
  }

  @Test(arguments: convolutions) func backwardData(_ c: Convolution) throws {
    var values = Values(22)
    let dy = values.array(.bf16, c.outputCount)
    let w = values.array(.bf16, c.weightCount)
    var shape = c.shape(.bf16)
    let op = try #require(idnn_conv_backward_data(&shape), "\(lastError)")
    #expect(String(cString: idnn_implementation(op)).hasPrefix("winograd_bf16"))
    let dx = runBackwardData(op, .bf16, dy, w, inputs: c.inputCount)
    let expected = c.backwardData(dy.doubles, w.doubles)
    expectClose(dx.doubles, expected, sums: expected, "\(c)")
  }

  /// Every type of weights goes through float32 into the same transform.
  @Test(arguments: Kind.allCases, convolutions) func packing(kind: Kind, _ c: Convolution) throws {
    var values = Values(23)
    let w = values.array(kind, c.weightCount)
    var shape = c.shape(.bf16)
    for op in [idnn_conv_forward(&shape, 0, 0, IDNN_NONE, 1), idnn_conv_backward_data(&shape)] {
      let op = try #require(op, "\(lastError)")
      #expect(pack(op, kind, w).bits == pack(op, .f32, Elements(.f32, w.values)).bits)
    }
  }

  /// A pixel next to the edge must not see what lies beyond it: with the input all ones, sums of taps come out exactly.
  @Test func edges() throws {
    let c = Convolution(1, 9, 8, 64, 64)
    let x = Elements(.bf16, Array(repeating: 1, count: c.inputCount))
    let w = Elements(.bf16, Array(repeating: 0.25, count: c.weightCount))
    var shape = c.shape(.bf16)
    let op = try #require(idnn_conv_forward(&shape, 0, 0, IDNN_NONE, 1), "\(lastError)")
    #expect(runForward(op, .bf16, x, w, outputs: c.outputCount).doubles == c.forward(x.doubles, w.doubles))
  }
}
