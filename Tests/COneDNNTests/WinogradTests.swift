import COneDNN
import Testing

@Suite struct WinogradTests {
  static let convolutions = [
    Convolution(1, 16, 16, 64, 64), Convolution(2, 17, 19, 64, 80), Convolution(1, 16, 16, 192, 96),
    Convolution(3, 16, 16, 96, 80),
  ]

  /// Intermediate values of F(4x4, 3x3) grow up to about a hundred times, and so do rounding errors; the promise is
  /// 1e-3 of the range, this checks a tenth of it.
  @Test(arguments: convolutions) func forward(_ c: Convolution) throws {
    var values = Values(5)
    let x = values.array(.f32, c.inputCount)
    let w = values.array(.f32, c.weightCount)
    let bias = values.array(.f32, c.outputs)
    let residual = values.array(.f32, c.outputCount)
    let plain = c.forward(x.doubles, w.doubles)
    var shape = c.shape(.f32)
    for (hasBias, hasResidual, act) in [
      (true, false, Activation.none), (true, true, .none), (false, true, .none),
      (true, true, .silu),
    ] {
      let op = try #require(
        idnn_conv_forward(&shape, hasBias ? 1 : 0, hasResidual ? 1 : 0, act.value, 1),
        "\(lastError)")
      let y = runForward(
        op, .f32, x, w, bias: hasBias ? bias : nil, residual: hasResidual ? residual : nil,
        outputs: c.outputCount)
      let (b, r) = (bias.doubles, residual.doubles)
      let expected = plain.enumerated().map { index, sum in
        act.apply(sum + (hasBias ? b[index % c.outputs] : 0) + (hasResidual ? r[index] : 0))
      }
      let range = expected.map(abs).max() ?? 0
      expectSums(
        y, expected, terms: c.channels * 9, extra: 1e-4 * range,
        "\(String(cString: idnn_implementation(op))) \(c) bias \(hasBias) residual \(hasResidual)")
    }
  }

  /// Half-precision weights take another way into oneDNN's own layout.
  @Test(arguments: Kind.allCases) func packing(kind: Kind) throws {
    let c = Convolution(1, 16, 16, 64, 64)
    var values = Values(6)
    let x = values.array(.f32, c.inputCount)
    let w = values.array(kind, c.weightCount)
    var shape = c.shape(.f32)
    let op = try #require(idnn_conv_forward(&shape, 0, 0, IDNN_NONE, 1), "\(lastError)")
    let y = runForward(op, .f32, x, w, outputs: c.outputCount)
    let same = runForward(op, .f32, x, Elements(.f32, w.values), outputs: c.outputCount)
    #expect(y.bits == same.bits)
  }
}
