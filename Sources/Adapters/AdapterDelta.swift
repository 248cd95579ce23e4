import TensorCore

/// The change an adapter makes to one weight, before scaling, as the matrices the file holds.
enum AdapterDelta: Sendable {
  /// `up · down` (Hu et al. 2021); for convolutions optionally with a core in between, `mid` `[r, r, kh, kw]`.
  case lowRank(up: Tensor, mid: Tensor?, down: Tensor)
  /// `(a₁b₁) ∘ (a₂b₂)` (Hyeon-Woo et al. 2021, LoHa).
  case hadamard(Factor, Factor)
  /// `w₁ ⊗ w₂` (LoKr: Yeh et al. 2023, §3.3).
  case kronecker(Factor, Factor)
  /// The change itself.
  case full(Tensor)

  /// A matrix, or a convolution's weight: stored whole, as a product, or as a core with two matrices around.
  enum Factor: Sendable {
    case whole(Tensor)
    /// `[m, r]` and `[r, n, …]`.
    case product(Tensor, Tensor)
    /// Core `[r, r, kh, kw]` with `[r, m]` and `[r, n]`: `Σ core[i, j, …] a[i, m] b[j, n]`.
    case tucker(core: Tensor, Tensor, Tensor)
  }

  /// What people call this kind.
  var kind: String {
    switch self {
    case .lowRank: shape.dropFirst(2).contains { $0 > 1 } ? "LoCon" : "LoRA"
    case .hadamard: "LoHa"
    case .kronecker: "LoKr"
    case .full: "full difference"
    }
  }

  /// Inner dimension, by which alpha is divided; nil where there is none.
  var rank: Int? {
    switch self {
    case .lowRank(_, _, let down): down.shape[0]
    case .hadamard(let first, _): first.rank
    case .kronecker(let first, let second): second.rank ?? first.rank
    case .full: nil
    }
  }

  /// Whether a configuration's alpha and rank scale it.
  var isScaled: Bool { if case .full = self { false } else { true } }

  /// The shape of the change; a convolution's last three axes may be one.
  var shape: [Int] {
    switch self {
    case .lowRank(let up, let mid, let down):
      [up.shape[0]] + (mid.map { [down.shape[1]] + $0.shape[2...] } ?? Array(down.shape[1...]))
    case .hadamard(let first, _): first.shape
    case .kronecker(let first, let second):
      [first.shape[0] * second.shape[0], first.shape[1] * second.shape[1]] + second.shape[2...]
    case .full(let tensor): tensor.shape
    }
  }

  /// Whether the matrices fit each other.
  var isConsistent: Bool {
    switch self {
    case .lowRank(let up, let mid, let down):
      up.rank >= 2 && down.rank >= 2 && down.shape[0] > 0 && up.shape[2...].allSatisfy { $0 == 1 }
        && (mid.map { [$0.rank, $0.shape[0], $0.shape[1]] == [4, up.shape[1], down.shape[0]] }
          ?? (up.shape[1] == down.shape[0]))
    case .hadamard(let first, let second): first.isConsistent && second.isConsistent && first.shape == second.shape
    case .kronecker(let first, let second):
      first.isConsistent && second.isConsistent && first.shape.count == 2
    case .full: true
    }
  }

  /// The change in float32, `[rows, columns]` with the axes after the first joined.
  func value() -> Tensor {
    switch self {
    case .lowRank(let up, nil, let down): return Self.flat(up).matmul(Self.flat(down))
    case .lowRank(let up, let mid?, let down):
      return Self.core(mid, Self.flat(up).permuted([1, 0]), Self.flat(down))
    case .hadamard(let first, let second): return first.value() * second.value()
    case .kronecker(let first, let second):
      let (a, b) = (first.value(), second.value())
      let ((m, n), (p, q)) = ((a.shape[0], a.shape[1]), (b.shape[0], b.shape[1]))
      return (a.reshaped([m, 1, n, 1]) * b.reshaped([1, p, 1, q])).reshaped([m * p, n * q])
    case .full(let tensor): return Self.flat(tensor)
    }
  }

  /// A convolution's core and lower matrix as one: `Σⱼ core[i, j, …] down[j, n]`, `[i, n · …]`.
  static func joined(core: Tensor, down: Tensor) -> Tensor {
    let (i, j, k) = (core.shape[0], core.shape[1], core.shape[2...].reduce(1, *))
    let n = down.count / down.shape[0]
    let turned = core.cast(to: .f32).reshaped([i, j, k]).permuted([0, 2, 1]).reshaped([i * k, j])
    return turned.matmul(flat(down)).reshaped([i, k, n]).permuted([0, 2, 1]).reshaped([i, n * k])
  }

  /// float32 with all axes but the first joined.
  fileprivate static func flat(_ tensor: Tensor) -> Tensor {
    tensor.cast(to: .f32).reshaped([tensor.shape.first ?? 1, tensor.shape.dropFirst().reduce(1, *)])
  }

  /// `Σᵢⱼ core[i, j, …] a[i, m] b[j, n]` as `[m, n · …]`.
  fileprivate static func core(_ core: Tensor, _ a: Tensor, _ b: Tensor) -> Tensor {
    a.matmul(joined(core: core, down: b), transposeA: true)
  }
}

extension AdapterDelta.Factor {
  var rank: Int? {
    switch self {
    case .whole: nil
    case .product(_, let b): b.shape[0]
    case .tucker(_, _, let b): b.shape[0]
    }
  }

  var shape: [Int] {
    switch self {
    case .whole(let w): w.shape
    case .product(let a, let b): [a.shape[0]] + b.shape[1...]
    case .tucker(let core, let a, let b): [a.shape[1], b.shape[1]] + core.shape[2...]
    }
  }

  var isConsistent: Bool {
    switch self {
    case .whole(let w): w.rank >= 2
    case .product(let a, let b): a.rank == 2 && b.rank >= 2 && b.shape[0] > 0 && a.shape[1] == b.shape[0]
    case .tucker(let core, let a, let b):
      core.rank >= 3 && a.rank == 2 && b.rank == 2 && b.shape[0] > 0
        && [a.shape[0], b.shape[0]] == Array(core.shape[..<2])
    }
  }

  func value() -> Tensor {
    switch self {
    case .whole(let w): AdapterDelta.flat(w)
    case .product(let a, let b): AdapterDelta.flat(a).matmul(AdapterDelta.flat(b))
    case .tucker(let core, let a, let b):
      AdapterDelta.core(core, AdapterDelta.flat(a), AdapterDelta.flat(b))
    }
  }
}
