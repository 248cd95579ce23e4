import CKernels
import COneDNN
import Testing

@Suite(.serialized, .enabled(if: idnn_init() == 0 && idnn_has_int8() != 0)) struct Int8Tests {
  /// One row and many, groups and blocks that are not full, two and four vectors in the last block.
  static let layers = [
    Linear(1, 64, 64), Linear(5, 80, 64), Linear(2, 1280, 320), Linear(77, 96, 768), Linear(130, 208, 176),
    Linear(1030, 64, 1040),
  ]
  /// Many tiles and few, odd sides, a last group that is not full, output channels that do not fill a block.
  static let convolutions = [
    Convolution(1, 16, 16, 64, 64), Convolution(1, 40, 40, 64, 80), Convolution(2, 9, 11, 96, 208),
    Convolution(3, 8, 8, 192, 96),
  ]

  private func op(_ l: Linear, bias: Bool = false, residual: Bool = false) throws -> OpaquePointer {
    try #require(
      idnn_linear_int8(IK_BF16, Int64(l.m), Int64(l.n), Int64(l.k), bias ? 1 : 0, residual ? 1 : 0), "\(lastError)")
  }

  private func op(_ c: Convolution, bias: Bool = false, residual: Bool = false) throws -> OpaquePointer {
    var shape = c.shape(.bf16)
    return try #require(idnn_conv_int8(&shape, bias ? 1 : 0, residual ? 1 : 0), "\(lastError)")
  }

  /// Integers are the oracle's, so that only the rounding of the result to bf16 (by at most 2^-8 of it) and a few float32
  /// roundings of the sum with bias and residual are left.
  @Test(arguments: layers) func linear(_ l: Linear) throws {
    var values = Values(31)
    let (x, w) = (values.array(.bf16, l.m * l.k), values.array(.f32, l.n * l.k))
    let (bias, residual) = (values.array(.f32, l.n), values.array(.bf16, l.m * l.n))
    let sums = Int8Oracle.linear(l, x.doubles.map { Float($0) }, w.doubles.map { Float($0) })
    let (b, r) = (bias.doubles, residual.doubles)
    for (hasBias, hasResidual) in [(false, false), (true, false), (true, true), (false, true)] {
      let y = runForward(
        try op(l, bias: hasBias, residual: hasResidual), .bf16, x, w, bias: hasBias ? bias : nil,
        residual: hasResidual ? residual : nil, outputs: l.m * l.n
      ).doubles
      for i in sums.indices {
        let (b, r) = (hasBias ? b[i % l.n] : 0, hasResidual ? r[i] : 0)
        let expected = sums[i] + b + r
        let error = abs(y[i] - expected)
        #expect(
          error <= 0x1p-8 * abs(expected) + 0x1p-20 * (abs(sums[i]) + abs(b) + abs(r)),
          "\(l) bias \(hasBias) residual \(hasResidual), \(i): \(y[i]) for \(expected)")
      }
    }
  }

  /// As above; A^T m A subtracts, so that float32's roundings count against the largest output.
  @Test(arguments: convolutions) func winograd(_ c: Convolution) throws {
    var values = Values(32)
    let (x, w) = (values.array(.bf16, c.inputCount), values.array(.f32, c.weightCount))
    let (bias, residual) = (values.array(.f32, c.outputs), values.array(.bf16, c.outputCount))
    let sums = Int8Oracle.convolution(c, x.doubles.map { Float($0) }, w.doubles.map { Float($0) })
    let largest = sums.map { abs($0) }.max() ?? 0
    let (b, r) = (bias.doubles, residual.doubles)
    for (hasBias, hasResidual) in [(false, false), (true, true)] {
      let y = runForward(
        try op(c, bias: hasBias, residual: hasResidual), .bf16, x, w, bias: hasBias ? bias : nil,
        residual: hasResidual ? residual : nil, outputs: c.outputCount
      ).doubles
      for i in sums.indices {
        let expected = sums[i] + (hasBias ? b[i % c.outputs] : 0) + (hasResidual ? r[i] : 0)
        let error = abs(y[i] - expected)
        #expect(
          error <= 0x1p-8 * abs(expected) + 1e-5 * largest,
          "\(c) bias \(hasBias) residual \(hasResidual), \(i): \(y[i]) for \(expected)")
      }
    }
  }

  /// How far 8 bits are from the exact product: rounding errors are uniform in ±1/254 of a row's largest number, so with
  /// uniform numbers 1/127/√12 of √3 of the root mean square for each factor, 5.6e-3 in all; Winograd's sums of nine of
  /// sixteen such products, whose factors are nearer to a bell curve with a longer tail, measured 2.3e-2.
  @Test func accuracy() throws {
    func error(_ actual: [Double], _ exact: [Double]) -> Double {
      let (difference, size) = zip(actual, exact).reduce(into: (0.0, 0.0)) { sums, pair in
        sums.0 += (pair.0 - pair.1) * (pair.0 - pair.1)
        sums.1 += pair.1 * pair.1
      }
      return (difference / size).squareRoot()
    }
    var values = Values(33)
    let l = Linear(130, 208, 176)
    let (x, w) = (values.array(.bf16, l.m * l.k), values.array(.f32, l.n * l.k))
    let (x0, w0) = (x.doubles, w.doubles)
    let exact = product(l.m, l.n, l.k, { x0[$0 * l.k + $1] }, { w0[$1 * l.k + $0] })
    let y = runForward(try op(l), .bf16, x, w, outputs: l.m * l.n).doubles
    #expect(error(y, exact) < 8e-3, "linear \(error(y, exact))")
    let c = Convolution(1, 16, 16, 64, 64)
    let (image, kernel) = (values.array(.bf16, c.inputCount), values.array(.f32, c.weightCount))
    let out = runForward(try op(c), .bf16, image, kernel, outputs: c.outputCount).doubles
    let direct = c.forward(image.doubles, kernel.doubles)
    #expect(error(out, direct) < 3e-2, "convolution \(error(out, direct))")
  }

  /// A number that is none reaches every result it has part in, and no other row.
  @Test(arguments: [Double.nan, .infinity]) func notANumber(_ value: Double) throws {
    let l = Linear(12, 64, 64)
    var values = Values(34)
    var numbers = values.array(.bf16, l.m * l.k).doubles
    numbers[5 * l.k + 7] = value
    let w = values.array(.f32, l.n * l.k)
    let y = runForward(try op(l), .bf16, Elements(.bf16, numbers.map { Float($0) }), w, outputs: l.m * l.n).doubles
    for i in y.indices { #expect(y[i].isFinite == (i / l.n != 5)) }
  }

  @Test func zeros() throws {
    let l = Linear(7, 64, 64)
    let (x, w) = (
      Elements(.bf16, Array(repeating: 0, count: 7 * 64)), Elements(.f32, Array(repeating: 0, count: 64 * 64))
    )
    #expect(runForward(try op(l), .bf16, x, w, outputs: 7 * 64).doubles.allSatisfy { $0 == 0 })
  }

  /// The same bits for every number of threads, and for a picture alone or among others.
  @Test func invariance() throws {
    defer { holdThreads(0) }
    for c in Self.convolutions {
      func result(_ c: Convolution) throws -> [Double] {
        var values = Values(35)
        let w = values.array(.f32, c.weightCount)
        return runForward(try op(c), .bf16, values.array(.bf16, c.inputCount), w, outputs: c.outputCount).doubles
      }
      holdThreads(1)
      let one = try result(c)
      holdThreads(2)
      #expect(try result(c) == one, "\(c)")
      var single = c
      single.batch = 1
      #expect(try result(single) == Array(one.prefix(single.outputCount)), "\(c), the first picture alone")
    }
    for l in Self.layers {
      func result(_ l: Linear) throws -> [Double] {
        var values = Values(36)
        let w = values.array(.f32, l.n * l.k)
        return runForward(try op(l), .bf16, values.array(.bf16, l.m * l.k), w, outputs: l.m * l.n).doubles
      }
      holdThreads(1)
      let one = try result(l)
      holdThreads(2)
      #expect(try result(l) == one, "\(l)")
      #expect(try result(Linear(1, l.n, l.k)) == Array(one.prefix(l.n)), "\(l), the first row alone")
    }
  }

  /// Every type of weights goes through float32 into the same bytes.
  @Test(arguments: Kind.allCases) func packing(kind: Kind) throws {
    var values = Values(37)
    for layer in Self.layers {
      let w = values.array(kind, layer.n * layer.k)
      let op = try op(layer)
      #expect(pack(op, kind, w).bits == pack(op, .f32, Elements(.f32, w.values)).bits, "\(layer)")
    }
    for c in Self.convolutions {
      let w = values.array(kind, c.weightCount)
      let op = try op(c)
      #expect(pack(op, kind, w).bits == pack(op, .f32, Elements(.f32, w.values)).bits, "\(c)")
    }
  }

  @Test func shapes() {
    #expect(idnn_linear_int8_takes(IK_BF16, 320, 48) == 0, "too few channels")
    #expect(idnn_linear_int8_takes(IK_BF16, 70, 320) == 0, "not a multiple of 16")
    #expect(idnn_linear_int8_takes(IK_F32, 320, 320) == 0, "float32 activations")
    var strided = Convolution(1, 8, 8, 64, 64, kernel: (3, 3), stride: 2, padding: (1, 1, 1, 1)).shape(.bf16)
    #expect(idnn_conv_int8_takes(&strided) == 0)
    #expect(idnn_linear_int8(IK_F32, 4, 64, 64, 0, 0) == nil && !lastError.isEmpty)
    #expect(idnn_conv_int8(&strided, 0, 0) == nil)
  }
}
