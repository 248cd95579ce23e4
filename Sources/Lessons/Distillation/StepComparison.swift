import Conditioning
import Diffusion
import Evaluation
import Foundation
import Generation
import Images
import Models
import TensorCore
import Training

/// Pictures of a teacher and of its students in few steps, beside each other and judged.
struct StepComparison {
  let recipe: DistillationRecipe
  let base: LearningModel
  let latents: LatentCache
  let folder: URL
  /// Pictures drawn at once.
  private static let batch = 8

  /// Who draws, in how many steps.
  private struct Entry {
    let name: String
    let components: PipelineComponents
    let sampler: SamplerName
    let guidance: Float
    let steps: Int
  }

  /// - Returns: what was found, a line each.
  func run(_ students: [(student: Student, steps: Int?)]) throws -> [String] {
    let entries = entries(students)
    let prompts = recipe.samplePrompts
    let rows = try entries.map { try images($0, prompts, seeds: prompts.indices.map { UInt64($0) }) }
    let grid = ImageGrid.make(rows.flatMap { $0 }, columns: prompts.count, padding: 2)
    try ImageFile.save(grid, to: folder.appendingPathComponent("samples.png"), text: [])
    var lines = ["samples.png, from above: " + entries.map { "\($0.name) \($0.steps)" }.joined(separator: ", ")]
    guard let settings = recipe.judge else { return lines }
    let scenes = try KnownScenes(recipe.data, size: base.components.defaultSize, cache: latents)
    let (learning, heldBack) = (0..<latents.count - recipe.heldBack, latents.count - recipe.heldBack..<latents.count)
    let learnt = try scenes.single(learning, limit: settings.learnt)
    let judge = try SceneJudge(scenes.judged(learnt) { try scenes.image(learnt[$0]) }, network: settings.network)
    let places = try scenes.single(heldBack, limit: settings.drawn)
    let real = try judge.features(scenes.judged(places) { try scenes.image(places[$0]) })
    func scores(_ features: PictureFeatures) -> String {
      let share = judge.share(features).map { String(format: "%.2f (%.2f to %.2f)", $0.value, $0.low, $0.high) }
      return "thing found in \(share ?? "unknown")"
    }
    lines.append("\(places.count) real pictures: \(scores(real))")
    for entry in entries {
      let start = ContinuousClock.now
      let drawn = try images(entry, places.map { scenes.captions[$0] }, seeds: places.map { UInt64($0) })
      let seconds = start.duration(to: .now) / .seconds(1) / Double(drawn.count)
      let features = try judge.features(scenes.judged(places) { drawn[$0] })
      let distance = KernelDistance.estimate(features.pooled, real.pooled, Resampling())
      lines.append(
        String(
          format: "%@, %d steps: %.3f s a picture, %@, kernel distance %.4f (%.4f to %.4f)", entry.name, entry.steps,
          seconds, scores(features), distance.value, distance.low, distance.high))
    }
    return lines
  }

  /// The teacher at its best, then teacher and student in the same numbers of steps.
  private func entries(_ students: [(student: Student, steps: Int?)]) -> [Entry] {
    func teacher(_ steps: Int) -> Entry {
      Entry(
        name: "teacher", components: base.components, sampler: SamplerName(base.components.scheduler) ?? .ddim,
        guidance: recipe.guidance, steps: steps)
    }
    let sampler: SamplerName = recipe.method == .consistency ? .lcm : .ddim
    return [teacher(recipe.teacherCompared)]
      + recipe.comparedSteps.flatMap { steps in
        [teacher(steps)]
          + students.filter { $0.steps == nil || $0.steps == steps }.map { student, _ in
            Entry(
              name: "student",
              components: base.with(
                student.network, name: recipe.name, scheduler: recipe.sampled(base.components.scheduler)),
              sampler: sampler, guidance: 1, steps: steps)
          }
      }
  }

  private func images(_ entry: Entry, _ prompts: [String], seeds: [UInt64]) throws -> [Image] {
    let side = base.components.defaultSize
    return try stride(from: 0, to: prompts.count, by: Self.batch).flatMap { first in
      let range = first..<min(first + Self.batch, prompts.count)
      var request = GenerationRequest(
        prompts: Array(prompts[range]), steps: entry.steps, guidance: Guidance(scale: entry.guidance),
        sampler: entry.sampler, seeds: Array(seeds[range]), width: side, height: side)
      request.emphasis = .none
      return ImageTensor.images(
        try TextToImage(entry.components, precision: recipe.precision).generate(request).pixels)
    }
  }
}
