import TensorCore

/// Another device's kernels over memory that is not the processor's: an operand's handle is looked up, the kernel works on that memory, and
/// the result is memory of the same table.
struct SeparateKernels: Kernels {
  let inner: Device
  let memory: SeparateMemory

  private var k: any Kernels { inner.kernels }

  /// What a kernel sees of an operand.
  private func own(_ x: Tensor) -> Tensor {
    precondition(
      x.device.memory as? SeparateMemory === memory, "an operand on device \(x.device.name) in a kernel of another")
    let buffer = memory.buffer(x.storage.handle)
    let bytes = UnsafeRawPointer(buffer.bytes.baseAddress ?? UnsafeMutableRawPointer(bitPattern: 64).unsafelyUnwrapped)
    return Tensor(mapped: bytes + x.byteOffset, shape: x.shape, dtype: x.dtype, owner: buffer, device: inner)
  }

  private func own(_ x: Tensor?) -> Tensor? { x.map { own($0) as Tensor } }

  /// What a kernel made, on the device of its first operand.
  private func made(_ y: Tensor, _ device: Device) -> Tensor {
    let out = Tensor(uninitialized: y.shape, y.dtype, device: device)
    y.withBytes { memory.buffer(out.storage.handle).bytes.copyMemory(from: $0) }
    return out
  }

  private func made(_ y: Tensor?, _ device: Device) -> Tensor? { y.map { made($0, device) as Tensor } }

  private func run(_ x: Tensor, _ kernel: (any Kernels) -> Tensor) -> Tensor {
    memory.begin()
    return made(kernel(k), x.device)
  }

  /// A result that the host waits for.
  private func read<R>(_ kernel: (any Kernels) -> R) -> R {
    memory.begin()
    defer { memory.synchronize() }
    return kernel(k)
  }

  var summary: String { "\(inner.kernels.summary), memory apart" }
  var matrixDescription: String { k.matrixDescription }
  var unavailableReason: String? { k.unavailableReason }
  var computesInt8: Bool { k.computesInt8 }
  var noInt8Reason: String? { k.noInt8Reason }

  func linear(_ x: Tensor, _ w: Tensor, bias: Tensor?, residual: Tensor?, activation: Activation) -> Tensor {
    run(x) { $0.linear(own(x), own(w), bias: own(bias), residual: own(residual), activation: activation) }
  }

  func linearBackwardInput(_ dy: Tensor, _ w: Tensor) -> Tensor { run(dy) { $0.linearBackwardInput(own(dy), own(w)) } }

  func linearBackwardWeight(_ x: Tensor, _ dy: Tensor, bias: Bool) -> (dw: Tensor, db: Tensor?) {
    memory.begin()
    let (dw, db) = k.linearBackwardWeight(own(x), own(dy), bias: bias)
    return (made(dw, x.device), made(db, x.device))
  }

  func convolution(
    _ x: Tensor, _ w: Tensor, bias: Tensor?, residual: Tensor?, activation: Activation, _ geometry: ConvolutionGeometry
  ) -> Tensor {
    run(x) {
      $0.convolution(own(x), own(w), bias: own(bias), residual: own(residual), activation: activation, geometry)
    }
  }

  func convolutionBackwardInput(_ dy: Tensor, _ w: Tensor, _ geometry: ConvolutionGeometry) -> Tensor {
    run(dy) { $0.convolutionBackwardInput(own(dy), own(w), geometry) }
  }

  func convolutionBackwardWeight(_ x: Tensor, _ dy: Tensor, bias: Bool, _ geometry: ConvolutionGeometry) -> (
    dw: Tensor, db: Tensor?
  ) {
    memory.begin()
    let (dw, db) = k.convolutionBackwardWeight(own(x), own(dy), bias: bias, geometry)
    return (made(dw, x.device), made(db, x.device))
  }

  func matmul(_ a: Tensor, _ b: Tensor, transposeA: Bool, transposeB: Bool, output: DType) -> Tensor {
    run(a) { $0.matmul(own(a), own(b), transposeA: transposeA, transposeB: transposeB, output: output) }
  }

  func fill(_ value: Float, shape: [Int], dtype: DType, device: Device) -> Tensor {
    memory.begin()
    return made(k.fill(value, shape: shape, dtype: dtype, device: inner), device)
  }

  func convert(_ x: Tensor, to dtype: DType) -> Tensor { run(x) { $0.convert(own(x), to: dtype) } }

  func binary(_ op: BinaryOp, _ a: Tensor, _ b: Tensor, shape: [Int]) -> Tensor {
    run(a) { $0.binary(op, own(a), own(b), shape: shape) }
  }

  func axpby(_ alpha: Float, _ a: Tensor, _ beta: Float, _ b: Tensor?, _ gamma: Float) -> Tensor {
    run(a) { $0.axpby(alpha, own(a), beta, own(b), gamma) }
  }

  func unary(_ op: UnaryOp, _ x: Tensor, _ p0: Float, _ p1: Float) -> Tensor { run(x) { $0.unary(op, own(x), p0, p1) } }

  func unaryBackward(_ op: UnaryOp, _ x: Tensor, _ dy: Tensor, _ p0: Float, _ p1: Float) -> Tensor {
    run(x) { $0.unaryBackward(op, own(x), own(dy), p0, p1) }
  }

  func geglu(_ x: Tensor) -> Tensor { run(x) { $0.geglu(own(x)) } }
  func gegluBackward(_ x: Tensor, _ dy: Tensor) -> Tensor { run(x) { $0.gegluBackward(own(x), own(dy)) } }
  func permute(_ x: Tensor, _ order: [Int]) -> Tensor { run(x) { $0.permute(own(x), order) } }
  func broadcast(_ x: Tensor, to shape: [Int]) -> Tensor { run(x) { $0.broadcast(own(x), to: shape) } }

  func concatenate(_ parts: [Tensor], axis: Int) -> Tensor {
    run(parts[0]) { $0.concatenate(parts.map { own($0) as Tensor }, axis: axis) }
  }

  func slice(_ x: Tensor, axis: Int, from start: Int, count: Int) -> Tensor {
    run(x) { $0.slice(own(x), axis: axis, from: start, count: count) }
  }

  func sliceBackward(_ dy: Tensor, axis: Int, from start: Int, full: Int) -> Tensor {
    run(dy) { $0.sliceBackward(own(dy), axis: axis, from: start, full: full) }
  }

  func upsampleNearest2x(_ x: Tensor) -> Tensor { run(x) { $0.upsampleNearest2x(own(x)) } }
  func upsampleNearest2xBackward(_ dy: Tensor) -> Tensor { run(dy) { $0.upsampleNearest2xBackward(own(dy)) } }

  func resizeBilinear(_ x: Tensor, height: Int, width: Int) -> Tensor {
    run(x) { $0.resizeBilinear(own(x), height: height, width: width) }
  }

  func embedding(_ table: Tensor, _ ids: Tensor, output: DType) -> Tensor {
    run(table) { $0.embedding(own(table), own(ids), output: output) }
  }

  func embeddingBackward(_ dy: Tensor, _ ids: Tensor, rows: Int) -> Tensor {
    run(dy) { $0.embeddingBackward(own(dy), own(ids), rows: rows) }
  }

  func depthwiseConvolution(_ x: Tensor, _ w: Tensor, bias: Tensor?, _ geometry: ConvolutionGeometry) -> Tensor {
    run(x) { $0.depthwiseConvolution(own(x), own(w), bias: own(bias), geometry) }
  }

  func sum(_ x: Tensor, axes: [Int], scale: Float, output: DType) -> Tensor {
    run(x) { $0.sum(own(x), axes: axes, scale: scale, output: output) }
  }

  func sumsOfSquares(_ tensors: [Tensor]) -> [Double] { read { $0.sumsOfSquares(tensors.map { own($0) as Tensor }) } }
  func totals(_ x: Tensor) -> (sum: Double, magnitude: Double) { read { $0.totals(own(x)) } }
  func magnitudeQuantile(_ x: Tensor, _ share: Double) -> Float { read { $0.magnitudeQuantile(own(x), share) } }
  func firstNonFinite(_ x: Tensor) -> Int? { read { $0.firstNonFinite(own(x)) } }
  func softmax(_ x: Tensor) -> Tensor { run(x) { $0.softmax(own(x)) } }
  func softmaxBackward(_ y: Tensor, _ dy: Tensor) -> Tensor { run(y) { $0.softmaxBackward(own(y), own(dy)) } }

  func groupNorm(_ x: Tensor, gamma: Tensor, beta: Tensor, groups: Int, epsilon: Float, silu: Bool) -> (
    y: Tensor, mean: Tensor, rstd: Tensor
  ) {
    memory.begin()
    let (y, mean, rstd) = k.groupNorm(
      own(x), gamma: own(gamma), beta: own(beta), groups: groups, epsilon: epsilon, silu: silu)
    return (made(y, x.device), made(mean, x.device), made(rstd, x.device))
  }

  func groupNormBackward(
    _ x: Tensor, gamma: Tensor, beta: Tensor, mean: Tensor, rstd: Tensor, groups: Int, silu: Bool, _ dy: Tensor,
    needsInput: Bool, needsParameters: Bool
  ) -> (dx: Tensor?, dgamma: Tensor?, dbeta: Tensor?) {
    memory.begin()
    let (dx, dgamma, dbeta) = k.groupNormBackward(
      own(x), gamma: own(gamma), beta: own(beta), mean: own(mean), rstd: own(rstd), groups: groups, silu: silu, own(dy),
      needsInput: needsInput, needsParameters: needsParameters)
    return (made(dx, x.device), made(dgamma, x.device), made(dbeta, x.device))
  }

  func layerNorm(_ x: Tensor, gamma: Tensor, beta: Tensor, epsilon: Float) -> (y: Tensor, mean: Tensor, rstd: Tensor) {
    memory.begin()
    let (y, mean, rstd) = k.layerNorm(own(x), gamma: own(gamma), beta: own(beta), epsilon: epsilon)
    return (made(y, x.device), made(mean, x.device), made(rstd, x.device))
  }

  func layerNormBackward(
    _ x: Tensor, gamma: Tensor, mean: Tensor, rstd: Tensor, _ dy: Tensor, needsInput: Bool, needsParameters: Bool
  ) -> (dx: Tensor?, dgamma: Tensor?, dbeta: Tensor?) {
    memory.begin()
    let (dx, dgamma, dbeta) = k.layerNormBackward(
      own(x), gamma: own(gamma), mean: own(mean), rstd: own(rstd), own(dy), needsInput: needsInput,
      needsParameters: needsParameters)
    return (made(dx, x.device), made(dgamma, x.device), made(dbeta, x.device))
  }

  func rmsNorm(_ x: Tensor, gamma: Tensor, epsilon: Float) -> (y: Tensor, rstd: Tensor) {
    memory.begin()
    let (y, rstd) = k.rmsNorm(own(x), gamma: own(gamma), epsilon: epsilon)
    return (made(y, x.device), made(rstd, x.device))
  }

  func rmsNormBackward(
    _ x: Tensor, gamma: Tensor, rstd: Tensor, _ dy: Tensor, needsInput: Bool, needsParameters: Bool
  ) -> (dx: Tensor?, dgamma: Tensor?) {
    memory.begin()
    let (dx, dgamma) = k.rmsNormBackward(
      own(x), gamma: own(gamma), rstd: own(rstd), own(dy), needsInput: needsInput, needsParameters: needsParameters)
    return (made(dx, x.device), made(dgamma, x.device))
  }

  func rotary(_ x: Tensor, cosines: Tensor, sines: Tensor, heads: Int, pairs: RotaryPairs, inverse: Bool) -> Tensor {
    run(x) { $0.rotary(own(x), cosines: own(cosines), sines: own(sines), heads: heads, pairs: pairs, inverse: inverse) }
  }

  func attention(
    _ q: Tensor, _ k: Tensor, _ v: Tensor, bias: Tensor?, heads: Int, scale: Float, causal: Bool, wantsLSE: Bool
  ) -> (out: Tensor, lse: Tensor?) {
    memory.begin()
    let (out, lse) = inner.kernels.attention(
      own(q), own(k), own(v), bias: own(bias), heads: heads, scale: scale, causal: causal, wantsLSE: wantsLSE)
    return (made(out, q.device), made(lse, q.device))
  }

  func attentionBackward(
    _ q: Tensor, _ k: Tensor, _ v: Tensor, bias: Tensor?, heads: Int, scale: Float, causal: Bool, out: Tensor,
    lse: Tensor,
    _ dOut: Tensor, needsBias: Bool
  ) -> (dq: Tensor, dk: Tensor, dv: Tensor, dbias: Tensor?) {
    memory.begin()
    let found = inner.kernels.attentionBackward(
      own(q), own(k), own(v), bias: own(bias), heads: heads, scale: scale, causal: causal, out: own(out), lse: own(lse),
      own(dOut), needsBias: needsBias)
    return (made(found.dq, q.device), made(found.dk, q.device), made(found.dv, q.device), made(found.dbias, q.device))
  }

  func crossEntropy(_ x: Tensor, _ targets: Tensor) -> (value: Tensor, gradient: Tensor) {
    memory.begin()
    let (value, gradient) = k.crossEntropy(own(x), own(targets))
    return (made(value, x.device), made(gradient, x.device))
  }

  /// In place: copies that the kernel may write, and back.
  private func update(_ targets: [Tensor], _ kernel: ([Tensor]) -> Void) {
    memory.begin()
    let copies = targets.map { target in
      own(target).withBytes { bytes in
        Tensor(shape: target.shape, target.dtype, device: inner) { $0.copyMemory(from: bytes) }
      }
    }
    kernel(copies)
    for (target, copy) in zip(targets, copies) {
      precondition(target.storage.isWritable, "a change in place of a read-only tensor")
      let bytes = memory.buffer(target.storage.handle).bytes
      copy.withBytes {
        UnsafeMutableRawBufferPointer(rebasing: bytes[target.byteOffset..<(target.byteOffset + $0.count)]).copyMemory(
          from: $0)
      }
      target.storage.invalidateDerived()
    }
  }

  func adamW(_ parameter: Tensor, gradient: Tensor, firstMoment: Tensor, secondMoment: Tensor, _ step: AdamWStep) {
    update([parameter, firstMoment, secondMoment]) {
      k.adamW($0[0], gradient: own(gradient), firstMoment: $0[1], secondMoment: $0[2], step)
    }
  }

  func updateAverage(_ average: Tensor, _ parameter: Tensor, decay: Float) {
    update([average]) { k.updateAverage($0[0], own(parameter), decay: decay) }
  }
}
