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

  @Test func halfPrecisionExtremes() throws {
    let op = try #require(idnn_linear_forward(IDNN_F32, 1, 1, 8, 0, 0, IDNN_NONE), "\(lastError)")
    let numbers: [Float] = [
      65504, -65504, 0x1p-14, 0x1p-24, -0x1.8p-20, .infinity, -.infinity, -0.0,
    ]
    let packed = pack(op, .f32, Elements(.f16, numbers)).values
    // One output: whatever the layout, inputs stay in order and the padding is zero.
    #expect(packed.filter { $0 != 0 } == numbers.filter { $0 != 0 })
  }

  @Test func roundingToBF16() throws {
    let op = try #require(idnn_linear_forward(IDNN_BF16, 1, 1, 4, 0, 0, IDNN_NONE), "\(lastError)")
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
    let a = try #require(idnn_linear_forward(IDNN_F32, 64, 128, 96, 1, 0, IDNN_SILU))
    let b = try #require(idnn_linear_forward(IDNN_F32, 64, 128, 96, 0, 1, IDNN_NONE))
    #expect(a != b)
    #expect(idnn_weights_layout(a) == idnn_weights_layout(b))
    let back = try #require(idnn_linear_backward_data(IDNN_F32, 64, 128, 96))
    #expect(idnn_weights_layout(a) != idnn_weights_layout(back))
    var shape = Convolution(1, 8, 8, 32, 32).shape(.f32)
    let forward = try #require(idnn_conv_forward(&shape, 0, 0, IDNN_NONE, 0))
    let backward = try #require(idnn_conv_backward_data(&shape))
    // Square weights: the same descriptor, other numbers.
    #expect(idnn_weights_layout(forward) != idnn_weights_layout(backward))
    #expect(idnn_conv_forward(&shape, 0, 0, IDNN_NONE, 0) == forward)
  }
}
