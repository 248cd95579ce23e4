import CKernels
import COneDNN
import Testing

@Suite struct WeightsTests {
  /// Ops whose packing differs: plain, swapped, turned, padded; 4 axes and 2.
  static func ops(_ kind: Kind) -> [(name: String, op: OpaquePointer?, count: Int)] {
    let c = Convolution(2, 6, 6, 21, 35)
    let narrow = Convolution(2, 4, 4, 32, 72)
    // Whole pairs and vectors of channels, more than a tile of them.
    let wide = Convolution(1, 8, 8, 48, 112)
    var (shape, narrowShape, wideShape) = (c.shape(kind), narrow.shape(kind), wide.shape(kind))
    return [
      ("forward", idnn_conv_forward(&shape, 0, 0, IDNN_NONE, 0), c.weightCount),
      ("backward", idnn_conv_backward_data(&shape), c.weightCount),
      ("narrow", idnn_conv_forward(&narrowShape, 0, 0, IDNN_NONE, 0), narrow.weightCount),
      ("wide", idnn_conv_forward(&wideShape, 0, 0, IDNN_NONE, 0), wide.weightCount),
      ("wide backward", idnn_conv_backward_data(&wideShape), wide.weightCount),
      ("wide linear", idnn_linear_forward(kind.type, 4, 112, 304, 0, 0, IDNN_NONE), 112 * 304),
      ("wide linear backward", idnn_linear_backward_data(kind.type, 4, 112, 304), 112 * 304),
      ("linear", idnn_linear_forward(kind.type, 4, 19, 37, 0, 0, IDNN_NONE), 19 * 37),
      ("linear backward", idnn_linear_backward_data(kind.type, 4, 19, 37), 19 * 37),
    ]
  }

  /// The same numbers pack to the same bytes from every type that holds them.
  @Test(arguments: Kind.computed, Kind.allCases) func sources(to kind: Kind, from source: Kind)
    throws
  {
    for (name, op, count) in Self.ops(kind) {
      let op = try #require(op, "\(name): \(lastError)")
      var values = Values(10)
      let numbers = Elements(source, (0..<count).map { _ in values.next() * 3 })
      let packed = pack(op, kind, numbers)
      #expect(packed.bits == pack(op, kind, Elements(.f32, numbers.values)).bits, "\(name)")
      // Every weight is there once, and the rest is zero.
      let rounded = Elements(kind, numbers.values).values.filter { $0 != 0 }.sorted()
      #expect(packed.values.filter { $0 != 0 }.sorted() == rounded, "\(name)")
    }
  }

  /// Layers whose weights for gradients of inputs are made of those for the layer: direct convolutions, Winograd's and narrow
  /// ones, products; channels that fill the last block of 64 and that do not.
  @Test(.enabled(if: idnn_init() == 0 && idnn_has_bf16() != 0)) func turnedWeightsAreThoseThatArePacked() throws {
    let convolutions = [
      Convolution(1, 8, 8, 48, 112), Convolution(2, 4, 4, 32, 80), Convolution(1, 16, 16, 64, 64),
      Convolution(1, 40, 40, 64, 80), Convolution(2, 9, 11, 96, 208), Convolution(1, 6, 6, 1280, 96),
    ]
    var layers: [(name: String, from: OpaquePointer?, to: OpaquePointer?, count: Int)] = convolutions.map { c in
      var shape = c.shape(.bf16)
      return ("\(c)", idnn_conv_forward(&shape, 1, 0, IDNN_NONE, 1), idnn_conv_backward_data(&shape), c.weightCount)
    }
    for (rows, outputs, inputs) in [(77, 112, 304), (4096, 320, 2560), (1, 1280, 320), (3, 16, 16)] {
      let (m, n, k) = (Int64(rows), Int64(outputs), Int64(inputs))
      layers.append(
        (
          "linear \(outputs) \(inputs)", idnn_linear_forward(IK_BF16, m, n, k, 1, 1, IDNN_NONE),
          idnn_linear_backward_data(IK_BF16, m, n, k), outputs * inputs
        ))
    }
    for (name, from, to, count) in layers {
      let (from, to) = (try #require(from, "\(name): \(lastError)"), try #require(to, "\(name): \(lastError)"))
      var values = Values(31)
      let weights = Elements(.f16, (0..<count).map { _ in values.next() * 3 })
      let (packed, expected) = (pack(from, .bf16, weights), pack(to, .bf16, weights))
      let turned = Elements(.bf16, (0..<expected.values.count).map { _ in 7 })
      #expect(idnn_turn_weights(idnn_number(from), packed.raw, to, turned.raw) == 1, "\(name)")
      #expect(turned.bits == expected.bits, "\(name)")
    }
  }

  /// Where the layouts are of other kinds the caller is told to pack.
  @Test func weightsThatCannotBeTurned() throws {
    let from = try #require(idnn_linear_forward(IK_F32, 4, 64, 64, 0, 0, IDNN_NONE), "\(lastError)")
    let to = try #require(idnn_linear_backward_data(IK_F32, 4, 64, 64), "\(lastError)")
    let other = try #require(idnn_linear_backward_data(IK_BF16, 4, 32, 64), "\(lastError)")
    let odd = try #require(idnn_linear_forward(IK_BF16, 4, 19, 37, 0, 0, IDNN_NONE), "\(lastError)")
    let oddBack = try #require(idnn_linear_backward_data(IK_BF16, 4, 19, 37), "\(lastError)")
    let numbers = Elements(.f32, count: 1 << 14)
    for (a, b) in [(from, to), (from, other), (odd, oddBack)] {
      #expect(idnn_turn_weights(idnn_number(a), numbers.raw, b, Elements(.f32, count: 1 << 14).raw) == 0)
    }
  }

  @Test func halfPrecisionExtremes() throws {
    let op = try #require(idnn_linear_forward(IK_F32, 1, 1, 8, 0, 0, IDNN_NONE), "\(lastError)")
    let numbers: [Float] = [
      65504, -65504, 0x1p-14, 0x1p-24, -0x1.8p-20, .infinity, -.infinity, -0.0,
    ]
    let packed = pack(op, .f32, Elements(.f16, numbers)).values
    // One output: whatever the layout, inputs stay in order and the padding is zero.
    #expect(packed.filter { $0 != 0 } == numbers.filter { $0 != 0 })
  }

  @Test func roundingToBF16() throws {
    let op = try #require(idnn_linear_forward(IK_BF16, 1, 1, 4, 0, 0, IDNN_NONE), "\(lastError)")
    // Ties to even, both ways; overflow to infinity; a NaN with only low bits stays one.
    let numbers: [Float] = [
      1 + 0x1p-8, 1 + 0x1p-7 + 0x1p-8, .greatestFiniteMagnitude, Float(bitPattern: 0x7f80_0001),
    ]
    let packed = pack(op, .bf16, Elements(.f32, numbers)).values.filter { $0 != 0 }
    #expect(Array(packed.prefix(3)) == [1, 1 + 0x1p-6, .infinity])
    #expect(packed.count == 4 && packed[3].isNaN)
  }

  @Test func layouts() throws {
    // The number of rows changes the op, and usually not what it wants.
    let a = try #require(idnn_linear_forward(IK_F32, 64, 128, 96, 1, 0, IDNN_SILU))
    let b = try #require(idnn_linear_forward(IK_F32, 64, 128, 96, 0, 1, IDNN_NONE))
    #expect(a != b)
    #expect(idnn_weights_layout(a) == idnn_weights_layout(b))
    let back = try #require(idnn_linear_backward_data(IK_F32, 64, 128, 96))
    #expect(idnn_weights_layout(a) != idnn_weights_layout(back))
    var shape = Convolution(1, 8, 8, 32, 32).shape(.f32)
    let forward = try #require(idnn_conv_forward(&shape, 0, 0, IDNN_NONE, 0))
    let backward = try #require(idnn_conv_backward_data(&shape))
    // Square weights: the same descriptor, other numbers.
    #expect(idnn_weights_layout(forward) != idnn_weights_layout(backward))
    #expect(idnn_conv_forward(&shape, 0, 0, IDNN_NONE, 0) == forward)
  }
}
