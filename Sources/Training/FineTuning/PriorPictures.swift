import Foundation
import Images
import Jobs

/// Pictures of a class drawn by the model before it is taught, so that it keeps what the class was (Ruiz et al. 2023, §3.2).
struct PriorPictures {
  let recipe: FineTuningRecipe
  let drawing: SampleDrawing
  let folder: URL
  let context: RunContext

  /// - Parameter model: the hash of the model's files.
  init(_ recipe: FineTuningRecipe, _ drawing: SampleDrawing, model: String, folder: URL, _ context: RunContext) {
    (self.recipe, self.drawing, self.context) = (recipe, drawing, context)
    // Whatever decides how they look: pictures of another class or model are never taken for these.
    let (pictures, samples) = (recipe.pictures, recipe.samples)
    let key = ContentHash.hex([
      model, pictures.className ?? "", "\(recipe.loop.seed)", "\(pictures.resolution ?? drawing.side)",
      "\(samples.steps) \(samples.guidance.map { "\($0)" } ?? "")", samples.negative ?? "",
      "\(recipe.precision)",
    ])
    self.folder = folder.appendingPathComponent("prior/\(key.prefix(12))")
  }

  /// Draws those that are not there yet.
  /// - Returns: their folder; nil if none are wanted, or the run was stopped.
  func draw() throws -> URL? {
    let (count, settings) = (recipe.pictures.priorPictures, recipe.pictures)
    guard count > 0, let className = settings.className else { return nil }
    try RunFiles.makeFolder(folder)
    let side = settings.resolution ?? drawing.side
    for index in 0..<count {
      let url = folder.appendingPathComponent("\(index + 1).png")
      if FileManager.default.fileExists(atPath: url.path) { continue }
      if context.shouldStop() { return nil }
      var job = PictureJob()
      (job.prompt, job.seed) = (className, recipe.loop.seed &+ UInt64(index))
      do {
        let image = try drawing.draw([job], side: side, shouldStop: context.shouldStop)[0]
        try ImageFile.save(image, to: url)
      } catch is RunStopped { return nil }
      if (index + 1) % 10 == 0 || index + 1 == count {
        context.note("drew \(index + 1) of \(count) pictures of \(className)")
      }
    }
    return folder
  }
}
