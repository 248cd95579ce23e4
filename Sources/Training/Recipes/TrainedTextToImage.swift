import Checkpoints
import Diffusion
import Foundation
import Generation
import Images
import Models
import Tokenizers

/// A text-to-image model in a run's folder.
struct TrainedTextToImage: Artifact {
  let recipe: TextToImageRecipe
  let trainee: Trainee
  let autoencoder: AutoencoderKL
  let tokenizer: CLIPTokenizer
  let folder: URL
  /// What is measured on the way.
  let gauge: (pairs: CommitmentGauge, objective: LatentObjective)?

  func preview(step: Int) throws -> [URL] {
    let prompts = recipe.samplePrompts
    guard step > 0, !prompts.isEmpty else { return [] }
    let request = GenerationRequest(
      prompts: prompts, steps: recipe.sampleSteps, guidance: Guidance(scale: recipe.sampleGuidance),
      sampler: .ddim, seeds: prompts.indices.map { UInt64($0) }, width: recipe.size,
      height: recipe.size)
    let batch = try trainee.pipeline(autoencoder, tokenizer, recipe).generate(request)
    return [try SampleGrid.save(ImageTensor.images(batch.pixels), columns: 8, step: step, in: folder)]
  }

  /// Averages that are written beside `model/`: `model-average-2/` and on.
  var averageLimit: Int { 8 }

  var gaugeInterval: Int? { recipe.commitment?.every }

  func gauges(step: Int) throws -> [String: Double] { try gauge.map { try $0.pairs.measure($0.objective) } ?? [:] }

  /// Writes the model as a diffusers folder.
  func write(step: Int, isLast: Bool) throws -> [URL] { [try write(named: "model")] }

  func write(average number: Int, step: Int, isLast: Bool) throws -> [URL] {
    [try write(named: "model-average-\(number)")]
  }

  private func write(named name: String) throws -> URL {
    let model = folder.appendingPathComponent(name)
    func part(_ name: String) -> URL { model.appendingPathComponent(name) }
    try ModelFolder(part("unet")).save(
      trainee.unetParameters, config: recipe.unet, className: "UNet2DConditionModel",
      name: "diffusion_pytorch_model", dtype: .f16)
    try ModelFolder(part("text_encoder")).save(
      trainee.textParameters, config: trainee.text.config, className: "CLIPTextModel", name: "model",
      dtype: .f16)
    try DiffusersFolder.finish(
      model, autoencoder: DataLocation.url(recipe.autoencoder),
      tokenizer: (recipe.startFrom.map { URL(fileURLWithPath: $0) } ?? folder)
        .appendingPathComponent("tokenizer"), scheduler: recipe.scheduler)
    return model
  }
}
