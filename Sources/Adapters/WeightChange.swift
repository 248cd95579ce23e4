import TensorCore

/// DoRA's magnitudes: the lengths the rows (or columns) of a changed weight get (Liu et al. 2024).
struct WeightMagnitude: Sendable {
  let values: Tensor
  /// The file's key, for messages.
  let key: String
  /// Whether the values belong to outputs even where their shape could mean inputs.
  private let isOutput: Bool

  init(_ values: Tensor, key: String, isOutput: Bool) {
    self.values = values
    self.key = key
    self.isOutput = isOutput
  }

  /// Whether each output has a magnitude (true) or each input (false); nil if it fits neither.
  func perOutput(_ weight: [Int]) -> Bool? {
    guard let rows = weight.first, let first = values.shape.first else { return nil }
    if values.count == rows, isOutput || first == rows { return true }
    return weight.count > 1 && values.count == weight[1] ? false : nil
  }
}

/// The change of one weight: an adapter's difference, scaled, and normalised if it is a DoRA.
struct WeightChange: Sendable {
  let delta: AdapterDelta
  /// alpha / rank.
  let scale: Float
  let magnitude: WeightMagnitude?
  /// A key of the file, for messages.
  let key: String
  /// What the user asked for.
  var strength: Float = 1

  var kind: String { magnitude == nil ? delta.kind : "DoRA" }

  /// The key and shape that do not belong to a weight of that shape; nil if the change fits it.
  ///
  /// Axes of 1 do not count (a linear layer may be stored as a 1×1 convolution), nor does whether a convolution's
  /// last axes are joined. The first convolution of an inpainting U-Net may have more inputs than the change.
  func misfit(_ weight: [Int]) -> (key: String, shape: [Int])? {
    let shape = delta.shape
    let isFlat = shape.count == 2 && weight.count > 1 && shape == [weight[0], weight[1...].reduce(1, *)]
    guard isFlat || shape.filter({ $0 != 1 }) == weight.filter({ $0 != 1 }) || padding(weight) != nil else {
      return (key, shape)
    }
    guard let magnitude, magnitude.perOutput(weight) == nil else { return nil }
    return (magnitude.key, magnitude.values.shape)
  }

  /// Inputs the weight has more than the change, for `conv_in` of inpainting models.
  private func padding(_ weight: [Int]) -> Int? {
    let shape = delta.shape
    guard magnitude == nil, shape.count == 4, weight.count == 4, shape[1] == 4, [8, 9].contains(weight[1]),
      [shape[0], shape[2], shape[3]] == [weight[0], weight[2], weight[3]]
    else { return nil }
    return weight[1] - shape[1]
  }

  /// What is added to the weight, in float32, shaped like it.
  /// - Parameter base: the weight without any adapter.
  func value(base: Tensor) -> Tensor {
    var change = delta.value()
    if let inputs = padding(base.shape) {
      let shape = delta.shape
      change = Tensor.concatenate(
        [change.reshaped(shape), .zeros([shape[0], inputs, shape[2], shape[3]], device: change.device)], axis: 1)
    }
    change = change.reshaped(base.shape)
    guard let magnitude else { return change.scaled(by: scale * strength) }
    let weight = base.cast(to: .f32)
    let sum = weight.scaled(by: 1, adding: change, times: scale)
    return Self.decompose(sum, magnitude).scaled(by: strength, adding: weight, times: -strength)
  }

  /// `m (W + ΔW) / ‖W + ΔW‖`, the norm over each output's row, or over each input's column (Liu et al. 2024, eq. 5).
  private static func decompose(_ sum: Tensor, _ magnitude: WeightMagnitude) -> Tensor {
    let (outputs, inputs) = (sum.shape[0], sum.rank > 1 ? sum.shape[1] : 1)
    let taps = sum.shape.dropFirst(2).reduce(1, *)
    let isPerOutput = magnitude.perOutput(sum.shape) ?? true
    let view = sum.reshaped([outputs, inputs, taps])
    let kept = isPerOutput ? [outputs, 1, 1] : [1, inputs, 1]
    // The smallest step of float32, as LyCORIS adds it: a row of zeros stays zero.
    let norm = view.squared.sum(axes: isPerOutput ? [1, 2] : [0, 2]).applying(.sqrt) + Float.ulpOfOne
    let factor = magnitude.values.cast(to: .f32).reshaped(kept) / norm.reshaped(kept)
    return (view * factor).reshaped(sum.shape)
  }
}
