import Conditioning
import Foundation
import Generation
import Images
import Jobs
import ModelFiles

/// Draws pictures with the model as it stands.
struct SampleDrawing {
  let recipe: FineTuningRecipe
  let components: PipelineComponents
  private let spec: PipelineSpec

  init(_ recipe: FineTuningRecipe, _ components: PipelineComponents, _ spec: PipelineSpec) {
    (self.recipe, self.components, self.spec) = (recipe, components, spec)
  }

  /// Side of the pictures the model was made for.
  var side: Int { components.defaultSize }

  /// One picture for each job, one at a time.
  /// - Parameters:
  ///   - jobs: over the pipeline's and the recipe's settings; without a seed the recipe's and their place count.
  ///   - embeddings: words that are being learnt.
  ///   - shouldStop: asked before each sampler step.
  /// - Throws: `RunStopped` if told to.
  func draw(
    _ jobs: [PictureJob], side: Int, embeddings: [TextualInversion] = [], shouldStop: () -> Bool
  ) throws -> [Image] {
    var pipeline = TextToImage(components, precision: recipe.precision)
    pipeline.embeddings = embeddings
    return try requests(jobs, side: side).flatMap { request in
      if shouldStop() { throw RunStopped() }
      let drawn = try pipeline.generate(request, onStep: { _ in if shouldStop() { throw RunStopped() } })
      return ImageTensor.images(drawn.pixels)
    }
  }

  /// What is asked of the pipeline for each job.
  func requests(_ jobs: [PictureJob], side: Int) throws -> [GenerationRequest] {
    var settings = PictureJob()
    (settings.steps, settings.cfg, settings.negativePrompt) = (
      recipe.samples.steps, recipe.samples.guidance, recipe.samples.negative
    )
    (settings.width, settings.height) = (side, side)
    return try jobs.enumerated().map { index, job in
      let whole = PictureJob.layered([PictureJob(pipeline: spec), settings, job])
      return try whole.request(components, seeds: [job.seed ?? recipe.samples.seed &+ UInt64(index)])
    }
  }

  /// Jobs of the recipe's sample prompts, each a line as prompt files have it.
  /// - Throws: what is wrong with the first bad line.
  static func jobs(_ recipe: FineTuningRecipe) throws -> [PictureJob] {
    let file = PromptFile(text: recipe.samples.prompts.joined(separator: "\n"), path: "the sample prompts")
    if let error = file.errors.first { throw error }
    return file.lines.map(\.job)
  }

  func jobs() throws -> [PictureJob] { try Self.jobs(recipe) }
}
