import Diffusion
import Models
import TensorCore

/// What a U-Net reads beside the noisy latents, joined to them as further channels; one row for each picture.
public enum LatentContext: Sendable {
  /// A U-Net on latents alone (4 channels).
  case none
  /// An inpainting U-Net (9 channels): mask `[B, h, w, 1]`, 1 where to repaint, and the latents `[B, h, w, 4]` of the picture
  /// with that part blanked.
  case inpainting(mask: Tensor, masked: Tensor)
  /// A U-Net that follows instructions (8 channels; Brooks et al. 2023): the picture's latents `[B, h, w, 4]`, and how closely
  /// to keep to them.
  case instruction(picture: Tensor, guidance: Float)

  /// Further channels the U-Net must have.
  var channels: Int {
    switch self {
    case .none: 0
    case .inpainting(let mask, let masked): mask.shape[3] + masked.shape[3]
    case .instruction(let picture, _): picture.shape[3]
    }
  }
}

/// The U-Net under guidance, as a sampler sees it.
///
/// Each picture is a call of its own with its guidance rows, so that a picture never depends on its neighbours.
struct GuidedPrediction: Sendable {
  let unet: UNet2DConditionModel
  let precision: Precision
  let guidance: Guidance
  /// One for each picture.
  let conditioning: [PictureConditioning]
  let context: LatentContext
  /// What pulls the pictures besides.
  let guides: GradientGuides
  /// The noise levels behind timesteps.
  let levels: ToldLevels
  /// Pixels, which SDXL is told.
  let width, height: Int

  /// One row of a U-Net call: the text it reads and the channels joined to the latents.
  private struct Row {
    let text: PromptConditioning
    let channels: Tensor?
  }

  private var dtype: DType { precision.dtype }

  /// A sampler's `ModelPrediction`.
  /// - Parameters:
  ///   - call: how often the network was asked before in this run, which prompts that change on the way count.
  ///   - place: where in the run this is, for messages.
  /// - Throws: `GenerationError.notFinite`.
  func callAsFunction(_ sample: Tensor, _ timestep: Float, call: Int, place: String) throws -> Tensor {
    let outputs = try conditioning.indices.map { picture in
      let x = sample.slice(axis: 0, from: picture, count: 1)
      let output = predict(x.cast(to: dtype), timestep: timestep, picture: picture, step: call)
      try Finiteness.check(output, "the U-Net \(place)") {
        Finiteness.large(x, guidance: guidance.scale) ?? cause(picture: picture, step: call)
      }
      return try guides.moved(
        output, picture: picture, sample: x, timestep: timestep, call: call, place: place)
    }
    return Tensor.concatenate(outputs, axis: 0)
  }

  /// Why a prediction for latents of the usual size is no number.
  private func cause(picture: Int, step: Int) -> String {
    let parts = conditioning[picture].parts(step)
    let weights = parts.map { abs($0.weight) }.max() ?? 1
    if !(weights <= 1e4) { return "a prompt joined by AND has the weight \(weights), which is too large" }
    for part in parts { if let cause = Finiteness.large(states: part.conditioning.context) { return cause } }
    if guidance.scale > 1e4 { return "`cfg` \(guidance.scale) is too large; 1 to 15 is usual" }
    if case .instruction(_, let scale) = context, scale > 1e4 { return "`image-cfg` \(scale) is too large" }
    return Finiteness.weights(of: "the U-Net", precision)
  }

  private func predict(_ x: Tensor, timestep: Float, picture: Int, step: Int) -> Tensor {
    func row(_ tensor: Tensor) -> Tensor { tensor.slice(axis: 0, from: picture, count: 1).cast(to: dtype) }
    let parts = conditioning[picture].parts(step)
    let texts = parts.map(\.conditioning)
    var channels: Tensor?
    var blank: Tensor?
    var imageGuidance: Float = 1
    switch context {
    case .none: break
    case .inpainting(let mask, let masked): channels = Tensor.concatenate([row(mask), row(masked)], axis: 3)
    case .instruction(let all, let scale):
      let latents = row(all)
      channels = latents
      imageGuidance = scale
      blank = .zeros(latents.shape, dtype: dtype)
    }
    guard guidance.isOn(at: levels.sigma(timestep)), let unconditional = conditioning[picture].unconditional(step)
    else {
      let outputs = run(x, texts.map { Row(text: $0, channels: channels) }, timestep: timestep)
      return Self.blend(outputs, parts.map(\.weight))
    }
    var rows = [Row(text: unconditional, channels: channels)] + texts.map { Row(text: $0, channels: channels) }
    if let blank { rows.append(Row(text: unconditional, channels: blank)) }
    let outputs = run(x, rows, timestep: timestep)
    let base = outputs[0]
    let conditional = Self.composed(Array(outputs[1...texts.count]), parts.map(\.weight), over: base)
    let guided = guidance.combine(unconditional: base, conditional: conditional)
    guard blank != nil else { return guided }
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

  /// Predictions `[1, h, w, C]`, float32; rows whose texts are equally long go through the U-Net together.
  private func run(_ x: Tensor, _ rows: [Row], timestep: Float) -> [Tensor] {
    guard rows.allSatisfy({ $0.text.context.shape == rows[0].text.context.shape }) else {
      return rows.flatMap { run(x, [$0], timestep: timestep) }
    }
    RowCount.current?.add(rows.count)
    let inputs = rows.map { row in row.channels.map { Tensor.concatenate([x, $0], axis: 3) } ?? x }
    let pooled = rows.compactMap(\.text.pooled)
    let (height, width) = (Float(height), Float(width))
    let added =
      pooled.isEmpty
      ? nil
      : AddedConditions(
        pooledText: Tensor.concatenate(pooled, axis: 0),
        timeIDs: rows.map { _ in [height, width, 0, 0, height, width] })
    let output = ProductArithmetic.$current.withValue(precision.products) {
      unet(
        Tensor.concatenate(inputs, axis: 0), timesteps: Array(repeating: timestep, count: rows.count),
        encoderHiddenStates: Tensor.concatenate(rows.map(\.text.context), axis: 0), added: added
      ).cast(to: .f32)
    }
    return rows.indices.map { output.slice(axis: 0, from: $0, count: 1) }
  }
}
