import Conditioning
import Diffusion
import Models
import TensorCore

/// The network under guidance, as a sampler sees it.
///
/// A picture does not depend on its neighbours. In bf16 and int8 on oneDNN no kernel's result for a row depends on the rows beside
/// it (`RowIndependenceTests`), and the guidance rows of all pictures go through the network in one call where they are told
/// equally much. In float32 the order in which matrix products sum follows the number of rows (OpenBLAS's always, oneDNN's at
/// sizes that its blocks do not divide), so that there each picture is a call of its own.
struct GuidedPrediction: Sendable {
  let network: any DenoisingNetwork
  let precision: Precision
  let guidance: Guidance
  /// One for each picture.
  let conditioning: [PictureConditioning]
  let context: LatentContext
  /// What pulls the pictures besides.
  let guides: GradientGuides
  /// Knows the noise levels behind timesteps.
  let denoised: Denoised
  /// Pixels, of which some networks are told.
  let width, height: Int

  /// One row of a call: the sample with the channels joined to it, and what the network is told.
  private struct Row {
    let sample: Tensor
    let told: NetworkConditioning
  }

  private var dtype: DType { precision.dtype }

  /// A sampler's `ModelPrediction`.
  /// - Parameters:
  ///   - call: how often the network was asked before in this run, which prompts that change on the way count.
  ///   - place: where in the run this is, for messages.
  /// - Throws: `GenerationError.notFinite`.
  func callAsFunction(_ sample: Tensor, _ timestep: Float, call: Int, place: String) throws -> Tensor {
    let samples = conditioning.indices.map { sample.slice(axis: 0, from: $0, count: 1) }
    let pictures = samples.enumerated().map { rows($1.cast(to: dtype), timestep, picture: $0, step: call) }
    let outputs =
      joinsPictures(on: sample.device)
      ? try run(pictures, timestep: timestep) : try pictures.map { try run([$0], timestep: timestep)[0] }
    let guided = try samples.enumerated().map { picture, x in
      let output = combined(outputs[picture], timestep, picture: picture, step: call)
      try Finiteness.check(output, "the U-Net \(place)") {
        Finiteness.large(x, guidance: guidance.scale) ?? cause(picture: picture, step: call)
      }
      return try guides.moved(output, picture: picture, sample: x, timestep: timestep, call: call, place: place)
    }
    return Tensor.concatenate(guided, axis: 0)
  }

  /// Why a prediction for latents of the usual size is no number.
  private func cause(picture: Int, step: Int) -> String {
    let parts = conditioning[picture].parts(step)
    let weights = parts.map { abs($0.weight) }.max() ?? 1
    if !(weights <= 1e4) { return "a prompt joined by AND has the weight \(weights), which is too large" }
    for part in parts { if let cause = part.conditioning.context.flatMap(Finiteness.large(states:)) { return cause } }
    if guidance.scale > 1e4 { return "`cfg` \(guidance.scale) is too large; 1 to 15 is usual" }
    if case .instruction(_, let scale) = context, scale > 1e4 { return "`image-cfg` \(scale) is too large" }
    return Finiteness.weights(of: "the U-Net", precision)
  }

  /// What the picture's prediction is measured from; nil without guidance, or where it does not act.
  private func unconditional(_ timestep: Float, picture: Int, step: Int) -> NetworkConditioning? {
    guidance.isOn(at: denoised.sigma(told: timestep)) ? conditioning[picture].unconditional(step) : nil
  }

  /// Whether rows of several pictures give each the bits they give alone.
  private func joinsPictures(on device: Device) -> Bool { precision != .f32 && device.name == "onednn" }

  // MARK: - Rows of a call

  /// One picture's rows: without guidance its texts; with it, the unconditional one before them, and behind them the same without
  /// the picture an instruction is about.
  private func rows(_ x: Tensor, _ timestep: Float, picture: Int, step: Int) -> [Row] {
    func own(_ tensor: Tensor) -> Tensor { tensor.slice(axis: 0, from: picture, count: 1).cast(to: dtype) }
    let texts = conditioning[picture].parts(step).map(\.conditioning)
    let against = unconditional(timestep, picture: picture, step: step)
    let told = [against].compactMap { $0 } + texts
    switch context {
    case .none: return told.map { Row(sample: x, told: $0) }
    case .inpainting(let mask, let masked):
      let joined = Tensor.concatenate([x, own(mask), own(masked)], axis: 3)
      return told.map { Row(sample: joined, told: $0) }
    case .instruction(let all, _):
      let latents = own(all)
      let joined = Tensor.concatenate([x, latents], axis: 3)
      let rows = told.map { Row(sample: joined, told: $0) }
      guard let against else { return rows }
      let blank = Tensor.concatenate([x, .zeros(latents.shape, dtype: dtype)], axis: 3)
      return rows + [Row(sample: blank, told: against)]
    }
  }

  /// Predictions `[1, h, w, C]`, float32, for the rows of each picture. Rows that are told equally much go together: all, else
  /// those of a picture, else each by itself.
  private func run(_ pictures: [[Row]], timestep: Float) throws -> [[Tensor]] {
    let rows = pictures.flatMap { $0 }
    guard rows.allSatisfy({ $0.told.fits(rows[0].told) }) else {
      if pictures.count > 1 { return try pictures.flatMap { try run([$0], timestep: timestep) } }
      return [try rows.flatMap { try run([[$0]], timestep: timestep)[0] }]
    }
    RowCount.current?.add(rows.count)
    let output: Tensor
    if let others = RowShare.current, rows.count > 1 {
      let shape = Array(rows[0].sample.shape[1...2]) + [network.config.predictionChannels]
      output = try RowShare.predictions(rows.count, shape: shape, by: others) { predict(Array(rows[$0]), timestep) }
    } else {
      output = predict(rows, timestep)
    }
    var next = 0
    return pictures.map { rows in
      rows.map { _ in
        defer { next += 1 }
        return output.slice(axis: 0, from: next, count: 1)
      }
    }
  }

  /// One call of the network, `[rows, h, w, C]` in float32.
  private func predict(_ rows: [Row], _ timestep: Float) -> Tensor {
    var told = NetworkConditioning.joined(rows.map(\.told))
    if network.config.readsSizes {
      let (height, width) = (Float(height), Float(width))
      told.sizes = rows.map { _ in [height, width, 0, 0, height, width] }
    }
    return ProductArithmetic.$current.withValue(precision.products) {
      network(
        Tensor.concatenate(rows.map(\.sample), axis: 0), timesteps: Array(repeating: timestep, count: rows.count), told
      ).cast(to: .f32)
    }
  }

  // MARK: - One prediction from a picture's rows

  private func combined(_ outputs: [Tensor], _ timestep: Float, picture: Int, step: Int) -> Tensor {
    let weights = conditioning[picture].parts(step).map(\.weight)
    guard unconditional(timestep, picture: picture, step: step) != nil else { return Self.blend(outputs, weights) }
    let base = outputs[0]
    let conditional = Self.composed(Array(outputs[1...weights.count]), weights, over: base)
    let guided = guidance.combine(unconditional: base, conditional: conditional)
    guard case .instruction(_, let imageGuidance) = context else { return guided }
    // Brooks et al. 2023, eq. 3, with the two conditions taken off one after the other: the text first, then the picture.
    let nothing = outputs[outputs.count - 1]
    return guided + (base - nothing) * (imageGuidance - 1)
  }

  /// Texts joined by AND: `u + Σ wᵢ (cᵢ − u)`, guided afterwards like a single prediction (Liu et al. 2022, eq. 11).
  private static func composed(_ outputs: [Tensor], _ weights: [Float], over u: Tensor) -> Tensor {
    if weights == [1] { return outputs[0] }
    return zip(outputs, weights).reduce(u) { $0 + ($1.0 - u) * $1.1 }
  }

  /// Without guidance there is nothing to measure from: the weighted mean.
  private static func blend(_ outputs: [Tensor], _ weights: [Float]) -> Tensor {
    if outputs.count == 1 { return outputs[0] }
    let total = weights.reduce(0, +)
    return zip(outputs, weights).dropFirst().reduce(outputs[0] * (weights[0] / total)) { sum, part in
      sum + part.0 * (part.1 / total)
    }
  }
}
