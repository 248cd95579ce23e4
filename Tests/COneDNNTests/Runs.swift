import COneDNN
import Testing

/// Activations and their formulas.
enum Activation: String, CaseIterable, Sendable {
  case none, silu, gelu, quickGelu, relu

  var value: idnn_activation {
    switch self {
    case .none: IDNN_NONE
    case .silu: IDNN_SILU
    case .gelu: IDNN_GELU
    case .quickGelu: IDNN_QUICK_GELU
    case .relu: IDNN_RELU
    }
  }
}

/// Packs weights for an op.
func pack(_ op: OpaquePointer, _ kind: Kind, _ weights: Elements) -> Elements {
  let packed = Elements(kind, count: idnn_weights_bytes(op) / kind.bytes)
  #expect(idnn_pack_weights(op, weights.raw, weights.kind.type, packed.raw) == 0, "\(lastError)")
  return packed
}

/// Runs a convolution or a linear layer forward.
func runForward(
  _ op: OpaquePointer, _ kind: Kind, _ x: Elements, _ weights: Elements, bias: Elements? = nil,
  residual: Elements? = nil, outputs: Int
) -> Elements {
  let packed = pack(op, kind, weights)
  let y = Elements(kind, count: outputs)
  let bias = bias?.raw.assumingMemoryBound(to: Float.self)
  #expect(idnn_run_forward(op, x.raw, packed.raw, bias, residual?.raw, y.raw) == 0, "\(lastError)")
  return y
}

func runBackwardData(
  _ op: OpaquePointer, _ kind: Kind, _ dy: Elements, _ weights: Elements, inputs: Int
) -> Elements {
  let packed = pack(op, kind, weights)
  let dx = Elements(kind, count: inputs)
  #expect(idnn_run_backward_data(op, dy.raw, packed.raw, dx.raw) == 0, "\(lastError)")
  return dx
}

func runBackwardWeights(
  _ op: OpaquePointer, _ x: Elements, _ dy: Elements, weights: Int
) -> Elements {
  let dw = Elements(.f32, count: weights)
  let pointer = dw.raw.assumingMemoryBound(to: Float.self)
  #expect(idnn_run_backward_weights(op, x.raw, dy.raw, pointer) == 0, "\(lastError)")
  return dw
}
