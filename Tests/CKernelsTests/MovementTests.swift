import CKernels
import Testing

@Suite struct MovementTests {
  /// Output shape and input strides.
  static let layouts: [([Int], [Int])] = [
    ([], []), ([0, 4], [4, 1]), ([1003], [1]), ([17], [0]), ([9], [3]),
    ([2, 5, 33, 8], [5 * 33 * 8, 8, 5 * 8, 1]),  // [B, T, heads, D] to [B, heads, T, D]
    ([2, 40, 70], [2800, 1, 40]),  // transposition, in tiles with a rest
    ([2, 64, 3], [192, 1, 64]), ([2, 3, 64], [192, 1, 3]),
    ([3, 20, 4, 35], [1, 3 * 4, 3, 240]),
    ([4, 33, 16], [16, 0, 1]), ([33, 17], [1, 0]),
    ([2, 3, 2, 3, 2, 3], [1, 2, 6, 12, 36, 72]),
  ]

  @Test(arguments: layouts.indices, [1, 2, 4, 8]) func gather(layout: Int, bytes: Int) {
    let (shape, strides) = Self.layouts[layout]
    let reach = zip(shape, strides).reduce(1) { $0 + max(0, $1.0 - 1) * $1.1 }
    let input = (0..<reach * bytes).map { UInt8(truncatingIfNeeded: $0 &* 37 &+ $0 >> 8) }
    let count = shape.reduce(1, *)
    var out = [UInt8](repeating: 0, count: count * bytes)
    ik_gather_strided(
      Int32(bytes), Int32(shape.count), shape.int64, input, strides.int64, &out)
    let expected = shape.allIndices.flatMap { index -> [UInt8] in
      let at = index.dot(strides) * bytes
      return Array(input[at..<at + bytes])
    }
    #expect(out == expected)
  }

  @Test func bigGathersAreSplitCorrectly() {
    let (rows, columns) = (700, 513)
    let input = (0..<Int32(rows * columns)).map { $0 }
    defer { _ = ik_hold_threads(0) }
    for threads in 1...3 {
      _ = ik_hold_threads(Int32(threads))
      var out = [Int32](repeating: -1, count: input.count)
      ik_gather_strided(
        4, 2, [columns, rows].int64, input, [1, columns].int64, &out)
      let transposed = (0..<columns).flatMap { c in (0..<rows).map { Int32($0 * columns + c) } }
      #expect(out == transposed)
      ik_gather_strided(4, 2, [rows, 500].int64, input, [columns, 1].int64, &out)
      let cut = (0..<rows).flatMap { r in (0..<500).map { Int32(r * columns + $0) } }
      #expect(Array(out.prefix(cut.count)) == cut)
    }
  }

  @Test(arguments: [
    (3, 10, 7, 5), (8, 8, 8, 6), (4096, 4096, 4096, 100), (1, 2, 1, 0), (4, 4, 0, 3),
  ])
  func copyRows(source: Int, destination: Int, row: Int, rows: Int) {
    let input = (0..<source * rows + row + 1).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 7) }
    var out = [UInt8](repeating: 9, count: max(1, destination * rows))
    var expected = out
    for r in 0..<rows { for i in 0..<row { expected[r * destination + i] = input[r * source + i] } }
    ik_copy_rows(
      input, Int64(source), &out, Int64(destination), Int64(row), Int64(rows))
    #expect(out == expected)
  }

  @Test(arguments: activationTypes, [0, 1, 3, 16, 33, 65]) func upsampling(
    type: UInt32, channels: Int
  ) {
    let type = ik_dtype(type)
    let (B, H, W) = (2, 3, 5)
    let x = randomIntegers(type, B * H * W * channels)
    let dy = randomIntegers(type, 4 * B * H * W * channels, seed: 2)
    let (xs, dys) = (x.values, dy.values)
    var expected: [Double] = []
    var adjoint = [Double](repeating: 0, count: xs.count)
    for index in [B, 2 * H, 2 * W, channels].allIndices {
      let at = ((index[0] * H + index[1] / 2) * W + index[2] / 2) * channels + index[3]
      adjoint[at] += dys[expected.count]
      expected.append(xs[at])
    }
    let s = [B, H, W, channels].int64
    onEveryLevel { level in
      var y = TypedArray(type, count: dy.count)
      x.read { x0 in y.write { ik_upsample_nearest2x(type, s[0], s[1], s[2], s[3], x0, $0) } }
      #expect(y.values == expected, "\(level)")
      var dx = TypedArray(type, count: x.count)
      dy.read { d in
        dx.write { ik_upsample_nearest2x_backward(type, s[0], s[1], s[2], s[3], d, $0) }
      }
      #expect(dx.values == adjoint, "\(level)")
    }
  }

  static let tables = [IK_F32, IK_BF16, IK_F16].map(\.rawValue)

  @Test(arguments: tables, activationTypes) func embedding(table: UInt32, type: UInt32) {
    for D in [1, 7, 16, 33, 100] {
      let table = randomIntegers(ik_dtype(table), 11 * D)
      let ids: [Int32] = [3, 0, 10, 3, 7]
      let values = table.values
      let expected = ids.flatMap { id in (0..<D).map { values[Int(id) * D + $0] } }
      onEveryLevel { level in
        var out = TypedArray(ik_dtype(type), count: ids.count * D)
        table.read { t in
          out.write { ik_embedding(table.type, t, Int64(D), ids, 5, ik_dtype(type), $0) }
        }
        #expect(out.values == expected, "\(level)")
      }
    }
  }

  @Test(arguments: activationTypes, [1, 7, 33, 300]) func embeddingBackward(
    type: UInt32, width: Int
  ) {
    let type = ik_dtype(type)
    let ids: [Int32] = (0..<50).map { $0 * 7 % 11 }
    let dy = randomArray(type, ids.count * width)
    let dys = dy.values
    var expected = [Double](repeating: 1, count: 11 * width)
    for (i, id) in ids.enumerated() {
      for d in 0..<width { expected[Int(id) * width + d] += dys[i * width + d] }
    }
    let run = { () -> [Float] in
      var table = [Float](repeating: 1, count: 11 * width)
      dy.read { ik_embedding_backward(type, $0, Int64(width), ids, 50, &table, 11) }
      return table
    }
    // Five float32 additions of numbers below 11.
    onEveryLevel { level in
      expectClose(run().map(Double.init), expected, relative: 0, absolute: 5e-6, level)
    }
    expectSameForAnyThreadCount("embedding backward") {
      [TypedArray(IK_F32, run().map(Double.init))]
    }
  }

  struct Columns: Sendable {
    var size = (H: 5, W: 6)
    var kernel = (H: 3, W: 3)
    var stride = 1
    var pad = (top: 1, left: 1)
    var out: (H: Int, W: Int)
    var channels = 4
  }
  static let columns = [
    Columns(out: (5, 6)),
    // Reads past the bottom and right edges.
    Columns(stride: 2, pad: (0, 0), out: (3, 3), channels: 17),
    Columns(kernel: (1, 1), pad: (0, 0), out: (5, 6), channels: 33),
    Columns(size: (2, 1), kernel: (3, 5), pad: (2, 3), out: (4, 4), channels: 3),
    Columns(size: (7, 9), kernel: (2, 2), stride: 3, pad: (0, 0), out: (2, 3), channels: 16),
  ]

  @Test(arguments: activationTypes, columns.indices) func imageColumns(type: UInt32, index: Int) {
    let (type, p) = (ik_dtype(type), Self.columns[index])
    let batch = 2
    let x = randomIntegers(type, batch * p.size.H * p.size.W * p.channels)
    let taps = [batch, p.out.H, p.out.W, p.kernel.H, p.kernel.W, p.channels]
    let columns = randomIntegers(type, taps.reduce(1, *), seed: 2)
    let (xs, columnValues) = (x.values, columns.values)
    var expected: [Double] = []
    var adjoint = [Double](repeating: 0, count: xs.count)
    for t in taps.allIndices {
      let (iy, ix) = (t[1] * p.stride - p.pad.top + t[3], t[2] * p.stride - p.pad.left + t[4])
      if (0..<p.size.H).contains(iy) && (0..<p.size.W).contains(ix) {
        let at = ((t[0] * p.size.H + iy) * p.size.W + ix) * p.channels + t[5]
        adjoint[at] += columnValues[expected.count]
        expected.append(xs[at])
      } else {
        expected.append(0)
      }
    }
    let s = [
      batch, p.size.H, p.size.W, p.channels, p.kernel.H, p.kernel.W, p.stride, p.pad.top,
      p.pad.left, p.out.H,
      p.out.W,
    ].int64
    onEveryLevel { level in
      var out = TypedArray(type, count: expected.count)
      x.read { x0 in
        out.write {
          ik_im2col(
            type, s[0], s[1], s[2], s[3], s[4], s[5], s[6], s[7], s[8], s[9], s[10], x0, $0)
        }
      }
      #expect(out.values == expected, "\(level)")
      var image = TypedArray(type, count: xs.count)
      columns.read { c in
        image.write {
          ik_col2im(type, s[0], s[1], s[2], s[3], s[4], s[5], s[6], s[7], s[8], s[9], s[10], c, $0)
        }
      }
      #expect(image.values == adjoint, "\(level)")
    }
  }
}
