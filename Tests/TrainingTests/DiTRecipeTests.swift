import Checkpoints
import Diffusion
import Foundation
import Generation
import Images
import ModelFiles
import Models
import TensorCore
import TestSupport
import Testing
import Training

/// The recipe of diffusion transformers, by flow matching and on the timesteps of a noise schedule.
@Suite struct DiTRecipeTests {
  private let scratch: ScratchFolder
  private var folder: URL { scratch.url }

  init() throws { scratch = try ScratchFolder() }

  /// 16 pictures of 8 × 8: red ones and green ones.
  private func pictures() throws {
    try ColouredPictures.write(16, least: 180, to: folder.appendingPathComponent("pictures"))
  }

  private static let flow = "{_class_name: FlowMatchEulerDiscreteScheduler, num_train_timesteps: 1000, shift: 2.0}"
  /// Velocities: of 48 numbers of noise in a patch, a token of width 32 cannot tell all.
  private static let noise = """
    {_class_name: DDPMScheduler, num_train_timesteps: 100, beta_schedule: linear, beta_start: 0.001, beta_end: 0.1,
      prediction_type: v_prediction}
    """

  private func recipe(_ scheduler: String, sampler: String? = nil) -> String {
    """
    kind: dit
    name: tiny
    data: {kind: folder, path: \(folder.path)/pictures}
    classes: [red, green]
    class_dropout: 0.2
    mirror: true
    transformer: {sample_size: 8, patch_size: 4, in_channels: 3, num_attention_heads: 2, attention_head_dim: 16,
      num_layers: 1}
    scheduler: \(scheduler)
    timestep_sampling: {kind: logit-normal, deviation: 1.0}
    precision: f32
    samples_per_class: 2
    sample_steps: 4
    \(sampler.map { "sample_sampler: \($0)" } ?? "# its own")
    sample_guidance: 1.5
    loss_limit: 1.0
    loop: {steps: 150, batch: 8, learning_rate: 0.01, seed: 3, sample_every: 100}
    """
  }

  private func read(_ yaml: String) throws -> any TrainingRecipe {
    let file = folder.appendingPathComponent("recipe.yaml")
    try Data(yaml.utf8).write(to: file)
    return try Recipes.read(file)
  }

  /// Both ways of learning end in a model that draws each class in its colour, from a folder of diffusers' shape.
  @Test(arguments: [(flow, nil, SamplerName.heun), (noise, "ddim", .ddim)])
  func learnsTheClasses(scheduler: String, sampler: String?, drawnWith: SamplerName) throws {
    try pictures()
    try read(recipe(scheduler, sampler: sampler)).run(in: folder.appendingPathComponent("run"), RunContext())
    #expect(FileManager.default.fileExists(atPath: folder.appendingPathComponent("run/samples-150.png").path))
    let place = folder.appendingPathComponent("run/model")
    let index = try ModelIndex.read(place)
    #expect(index.className == "DiTPipeline" && index.component("transformer")?.className == "DiTTransformer2DModel")
    let isFlow = scheduler == Self.flow
    #expect(
      index.component("scheduler")?.className == (isFlow ? "FlowMatchEulerDiscreteScheduler" : "DDPMScheduler"))
    let model = try UnconditionalImages(folder: place, precision: .f32)
    #expect(model.classes == ["red", "green"] && model.noClass == 2 && (model.scheduler.flow != nil) == isFlow)
    #expect(!isFlow || model.scheduler.flow?.shift == 2)
    let pixels = try model.generate(
      seeds: [1, 1], steps: 10, sampler: drawnWith, wish: ClassWish([0, 1], guidance: Guidance(scale: 1.5)))
    let means = pixels.mean(axes: [1, 2]).floats()
    // From the same noise, the first is the redder one and the second the greener one.
    #expect(means[0] - means[1] > means[3] - means[4] + 0.5, "\(means)")
  }

  /// What cannot be is said before anything is computed, with its line.
  @Test(arguments: [
    ("patch_size: 4", "patch_sise: 4", "line 7: transformer.patch_sise 4 is a setting this version does not know"),
    ("patch_size: 4", "patch_size: 3", "line 7: transformer.patch_size 3 must divide sample_size 8"),
    (
      "num_layers: 1}", "num_layers: 1, norm_type: ada_norm_single, cross_attention_dim: 8, out_channels: 3}",
      "norm_type"
    ),
    ("shift: 2.0", "shift: 2.0, use_dynamic_shifting: true", "use_dynamic_shifting"),
    ("# its own", "sample_sampler: ddim", "sample_sampler cannot be: sampler ddim is not for this model"),
    ("in_channels: 3", "in_channels: 4", "in_channels"), ("class_dropout: 0.2", "class_dropout: 0", "class_dropout"),
  ])
  func refusedByName(old: String, new: String, line: String) throws {
    #expect {
      _ = try read(recipe(Self.flow).replacing(old, with: new))
    } throws: { "\($0)".contains(line) && !"\($0)".contains("\n") }
  }
}
