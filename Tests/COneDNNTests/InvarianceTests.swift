import CKernels
import COneDNN
import Testing

/// Results are the same bits for every number of threads, whichever of them is slow, and a row's for every batch.
///
/// What is compared are different primitives: each result comes with the numbers of the ops it is from, and these must differ.
/// Serialized: which thread is slow holds for the process.
@Suite(.serialized) struct InvarianceTests {
  /// What ops computed, and which ops these were.
  struct Outcome {
    var values: [Elements]
    var ops: Set<UInt64>
  }

  /// Runs `work` with one thread and with several numbers of threads, each of them slow in turn, and compares what came out.
  static func expectSameOnThreads(_ what: String, _ work: () throws -> Outcome) rethrows {
    defer {
      ik_delay(-1, 0)
      holdThreads(0)
    }
    holdThreads(1)
    let one = try work()
    var seen = [1: one.ops]
    for (threads, slow) in [(2, -1), (2, 0), (2, 1), (3, -1), (3, 2)] {
      holdThreads(Int32(threads))
      ik_delay(Int32(slow), 300)
      let many = try work()
      let name = "\(what), \(threads) threads, slow \(slow)"
      for (index, (a, b)) in zip(one.values, many.values).enumerated() {
        #expect(a.bits == b.bits, "\(name), result \(index)")
      }
      // An op made for another number would be compared with itself.
      for (other, ops) in seen where other != threads {
        #expect(ops.isDisjoint(with: many.ops), "\(name): an op made for \(other) threads")
      }
      #expect(seen[threads] == nil || seen[threads] == many.ops, "\(name): made again")
      seen[threads] = many.ops
    }
  }

  static let convolutions = [
    Convolution(6, 16, 16, 192, 96), Convolution(4, 16, 16, 96, 96), Convolution(4, 8, 8, 64, 192),
    Convolution(4, 4, 4, 96, 224),
    Convolution(4, 16, 16, 4, 96), Convolution(4, 16, 16, 96, 4),
    Convolution(4, 8, 8, 96, 96, kernel: (3, 3), stride: 2, padding: (1, 1, 1, 1)),
  ]
  static let layers = [Linear(1024, 96, 96), Linear(48, 224, 384), Linear(4, 1280, 320)]

  static func results(_ c: Convolution, _ kind: Kind, winograd: Bool) throws -> Outcome {
    var values = Values(11)
    let w = values.array(kind, c.weightCount)
    let bias = values.array(.f32, c.outputs)
    let x = values.array(kind, c.inputCount)
    let dy = values.array(kind, c.outputCount)
    var shape = c.shape(kind)
    let forward = try #require(
      idnn_conv_forward(&shape, 1, 1, IDNN_NONE, winograd ? 1 : 0), "\(lastError)")
    let backward = try #require(idnn_conv_backward_data(&shape), "\(lastError)")
    return Outcome(
      values: [
        runForward(forward, kind, x, w, bias: bias, residual: dy, outputs: c.outputCount),
        runBackwardData(backward, kind, dy, w, inputs: c.inputCount),
      ], ops: [idnn_number(forward), idnn_number(backward)])
  }

  @Test(arguments: convolutions, Kind.computed) func threads(_ c: Convolution, kind: Kind) throws {
    for winograd in [false, true] {
      try Self.expectSameOnThreads("\(c) \(kind) winograd \(winograd)") {
        try Self.results(c, kind, winograd: winograd)
      }
    }
  }

  @Test(arguments: layers, Kind.computed) func threads(_ l: Linear, kind: Kind) throws {
    func result() throws -> Outcome {
      var values = Values(12)
      let x = values.array(kind, l.m * l.k)
      let w = values.array(kind, l.n * l.k)
      let op = try #require(
        idnn_linear_forward(kind.type, Int64(l.m), Int64(l.n), Int64(l.k), 0, 0, IDNN_SILU))
      return Outcome(values: [runForward(op, kind, x, w, outputs: l.m * l.n)], ops: [idnn_number(op)])
    }
    try Self.expectSameOnThreads("\(l) \(kind)", result)
  }

  @Test(arguments: [(256, 320, 320), (77, 768, 1280), (8, 64, 192)]) func int8Threads(_ l: (Int, Int, Int)) throws {
    guard idnn_has_int8() == 1 else { return }
    func result() throws -> Outcome {
      var values = Values(16)
      let x = values.array(.bf16, l.0 * l.1)
      let w = values.array(.bf16, l.2 * l.1)
      let op = try #require(
        idnn_linear_int8(IK_BF16, Int64(l.0), Int64(l.2), Int64(l.1), 0, 0), "\(lastError)")
      return Outcome(values: [runForward(op, .bf16, x, w, outputs: l.0 * l.2)], ops: [idnn_number(op)])
    }
    try Self.expectSameOnThreads("\(l)", result)
  }

  /// Only our own kernels promise this for gradients of weights.
  @Test(arguments: convolutions) func gradientThreads(_ c: Convolution) throws {
    guard idnn_has_bf16() == 1 else { return }
    func result() throws -> Outcome {
      var values = Values(13)
      let x = values.array(.bf16, c.inputCount)
      let dy = values.array(.bf16, c.outputCount)
      var shape = c.shape(.bf16)
      let op = try #require(idnn_conv_backward_weights(&shape), "\(lastError)")
      return Outcome(values: [runBackwardWeights(op, x, dy, weights: c.weightCount)], ops: [idnn_number(op)])
    }
    try Self.expectSameOnThreads("\(c)", result)
  }

  @Test(arguments: convolutions, Kind.computed) func batch(_ c: Convolution, kind: Kind) throws {
    holdThreads(2)
    defer { holdThreads(0) }
    for winograd in [false, true] {
      let all = try Self.first(c, of: c, kind, winograd)
      for size in [1, 2] {
        var part = c
        part.batch = size
        let head = try Self.first(part, of: c, kind, winograd)
        let count = part.outputCount * kind.bytes
        #expect(
          head.bits == all.bits.prefix(count), "\(c) \(kind) batch \(size) winograd \(winograd)")
      }
    }
  }

  /// Forward without residual on the first images of the whole batch's input.
  static func first(
    _ part: Convolution, of whole: Convolution, _ kind: Kind, _ winograd: Bool
  ) throws -> Elements {
    var values = Values(14)
    let w = values.array(kind, whole.weightCount)
    let x = values.array(kind, whole.inputCount)
    var shape = part.shape(kind)
    let op = try #require(
      idnn_conv_forward(&shape, 0, 0, IDNN_NONE, winograd ? 1 : 0), "\(lastError)")
    return runForward(op, kind, x, w, outputs: part.outputCount)
  }

  @Test(arguments: [(320, 160), (96, 96), (1280, 320)], Kind.computed)
  func rows(_ size: (Int, Int), kind: Kind) throws {
    holdThreads(2)
    defer { holdThreads(0) }
    let (n, k) = size
    var values = Values(15)
    let x = values.array(kind, 256 * k)
    let w = values.array(kind, n * k)
    func result(_ rows: Int) throws -> Elements {
      let op = try #require(
        idnn_linear_forward(kind.type, Int64(rows), Int64(n), Int64(k), 0, 0, IDNN_NONE))
      return runForward(op, kind, x, w, outputs: rows * n)
    }
    let whole = try result(256)
    for rows in [1, 2, 64, 77, 128] {
      #expect(
        try result(rows).bits == whole.bits.prefix(rows * n * kind.bytes),
        "\(rows) rows, \(n) \(k) \(kind)")
    }
  }
}
