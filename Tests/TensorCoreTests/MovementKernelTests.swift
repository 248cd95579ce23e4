import TensorCore
import TestSupport
import Testing

/// Movement copies bits, so results must be equal (`slack: 0`).
@Suite struct MovementKernelTests {
  @Test(arguments: Setup.all) func permute(_ setup: Setup) {
    let cases: [([Int], [Int])] =
      vectorSizes.map { ([$0, 9], [1, 0]) } + vectorSizes.map { ([2, $0, 5], [0, 2, 1]) } + [
        ([2, 3, 5, 7], [0, 2, 3, 1]), ([2, 5, 7, 3], [0, 3, 1, 2]), ([2, 33, 4, 8], [0, 2, 1, 3]),
        ([4, 1, 3], [2, 1, 0]), ([2, 1, 2, 3, 2, 2], [5, 3, 1, 0, 2, 4]), ([7], [0]), ([], []),
        ([64, 65], [1, 0]),
      ]
    for (shape, order) in cases {
      compare(setup, slack: 0, "\(shape) \(order)") {
        [$0.kernels.permute($0.normal(shape), order)]
      }
    }
  }

  @Test(arguments: Setup.all) func permuteIndices(_ setup: Setup) {
    compare(setup) { [$0.kernels.permute($0.indices([5, 9], below: 1 << 30), [1, 0])] }
  }

  @Test(arguments: Setup.all) func broadcast(_ setup: Setup) {
    let cases: [([Int], [Int])] = [
      ([], [3]), ([1], [0]), ([1], [9]), ([3, 1], [3, 8]), ([31], [4, 31]),
      ([2, 1, 1, 7], [2, 3, 4, 7]),
      ([1, 5, 1], [2, 5, 33]), ([4], [4]),
    ]
    for (from, to) in cases {
      compare(setup, slack: 0, "\(from) \(to)") { [$0.kernels.broadcast($0.normal(from), to: to)] }
    }
  }

  @Test(arguments: Setup.all) func concatenate(_ setup: Setup) {
    for axis in 0..<3 {
      for sizes in [[1, 2], [0, 3], [7, 8, 9], [31, 1, 33]] {
        compare(setup, slack: 0, "axis \(axis) \(sizes)") { inputs in
          let parts = sizes.map { size in
            var shape = [2, 3, 5]
            shape[axis] = size
            return inputs.normal(shape)
          }
          return [inputs.kernels.concatenate(parts, axis: axis)]
        }
      }
    }
  }

  @Test(arguments: Setup.all) func slice(_ setup: Setup) {
    for axis in 0..<3 {
      for (start, count) in [(0, 9), (0, 0), (4, 1), (2, 7), (8, 1), (1, 5)] {
        compare(setup, slack: 0, "axis \(axis) from \(start) count \(count)") {
          var shape = [4, 3, 5]
          shape[axis] = 9
          let x = $0.normal(shape)
          shape[axis] = count
          let dy = $0.normal(shape)
          return [
            $0.kernels.slice(x, axis: axis, from: start, count: count),
            $0.kernels.sliceBackward(dy, axis: axis, from: start, full: 9),
          ]
        }
      }
    }
  }

  @Test(arguments: Setup.all) func upsample(_ setup: Setup) {
    for shape in [
      [1, 1, 1, 1], [2, 3, 4, 7], [1, 5, 2, 8], [2, 2, 2, 33], [0, 2, 2, 4], [1, 8, 8, 64],
    ] {
      compare(setup, slack: 0, "\(shape)") { [$0.kernels.upsampleNearest2x($0.normal(shape))] }
      compare(setup, reduction: 4, "\(shape) backward") {
        let large = [shape[0], 2 * shape[1], 2 * shape[2], shape[3]]
        return [$0.kernels.upsampleNearest2xBackward($0.normal(large))]
      }
    }
  }

  @Test(arguments: Setup.all) func embedding(_ setup: Setup) {
    for (width, count) in [(1, 1), (7, 9), (8, 0), (33, 31), (64, 33)] {
      for type in [DType.f32, .bf16, .f16] {
        // One rounding at most, to the output's type, which both sides do to nearest even.
        compare(setup, slack: 0, "\(type) width \(width), \(count) ids") {
          let (table, ids) = ($0.normal([11, width], type), $0.indices([count], below: 11))
          return [$0.kernels.embedding(table, ids, output: $0.dtype)]
        }
      }
      compare(setup, reduction: max(count, 1), "width \(width), \(count) ids, backward") {
        let (dy, ids) = ($0.normal([count, width]), $0.indices([count], below: 11))
        return [$0.kernels.embeddingBackward(dy, ids, rows: 11)]
      }
    }
  }

  @Test(arguments: Setup.all.filter { $0.dtype == .f32 }) func resizeBilinear(_ setup: Setup) {
    for (shape, height, width) in [
      ([1, 3, 4, 2], 6, 8), ([2, 4, 5, 3], 7, 6), ([1, 1, 1, 1], 3, 2), ([1, 5, 5, 1], 5, 5),
    ] {
      compare(setup, reduction: 4, "\(shape) to \(height)×\(width)") {
        [$0.kernels.resizeBilinear($0.normal(shape), height: height, width: width)]
      }
    }
  }
}
