import Conditioning
import Foundation
import Images
import Jobs
import TensorCore

/// What a fine-tuning run makes: the file, pictures on the way, and at the end how much was learnt.
struct FineTuningResult: Artifact {
  /// What was measured before the first step and after the last one.
  struct Report: Codable {
    var validationLoss: Double?
    /// Of the pictures drawn from the folder's (`StyleDistance`).
    var styleDistance: Double?

    /// What there is of them, by name.
    var values: [String: Double] {
      [CodingKeys.validationLoss.rawValue: validationLoss, CodingKeys.styleDistance.rawValue: styleDistance]
        .compactMapValues { $0 }
    }

    enum CodingKeys: String, CodingKey {
      case validationLoss = "validation_loss"
      case styleDistance = "style_distance"
    }
  }

  let recipe: FineTuningRecipe
  let learnable: any Learnable
  let drawing: SampleDrawing
  let objective: LatentObjective
  let validation: FineTuningBatches?
  let look: StyleDistance
  /// What samples show where no prompts are given.
  let sampleCaptions: [String]
  let metadata: [String: String]
  let side: Int
  let folder: URL
  let context: RunContext

  /// Four captions of the folder, each once, where no prompts are given.
  func jobs() throws -> [PictureJob] {
    let given = try drawing.jobs()
    guard given.isEmpty else { return given }
    var seen: Set<String> = []
    return sampleCaptions.filter { seen.insert($0).inserted }.prefix(4).map { caption in
      var job = PictureJob()
      (job.prompt, job.emphasis) = (caption, Emphasis.none)
      return job
    }
  }

  /// Multiply-adds of one `preview`.
  func previewWork() throws -> Double {
    let drawn = try drawing.requests(try jobs(), side: side).map { request in
      let work = PictureWork(measured: request, nil, drawing.components, isEdit: true, precision: recipe.precision)
      return work.step * Double(request.steps) + work.coding
    }
    let losses = validation.map { Double(ValidationLoss(objective, $0).evaluations) } ?? 0
    return drawn.reduce(0, +) + losses * drawing.components.products(side: side)
  }

  private func sample(_ step: Int) -> URL { folder.appendingPathComponent("samples-\(step).png") }

  func preview(step: Int) throws -> [URL] {
    // Decoder and text encoders worked in buffers of other sizes than a step's.
    defer { Processor.releaseCachedMemory() }
    let images = try drawing.draw(
      try jobs(), side: side, embeddings: learnable.embeddings, shouldStop: context.shouldStop)
    let url = try SampleGrid.save(images, columns: images.count, step: step, in: folder)
    var report = Report()
    report.validationLoss = try validation.map {
      try ValidationLoss(objective, $0).measure(shouldStop: context.shouldStop)
    }
    report.styleDistance = try look.distance(images)
    try write(report, step: step)
    context.onEvent(.measured(step: step, report.values))
    return [url]
  }

  func hasPreview(step: Int) -> Bool { FileManager.default.fileExists(atPath: reportURL(step).path) }

  private func reportURL(_ step: Int) -> URL { folder.appendingPathComponent("report-\(step).json") }

  private func write(_ report: Report, step: Int) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .prettyPrinted]
    try RunFiles.write(try encoder.encode(report), to: reportURL(step))
  }

  func write(step: Int, isLast: Bool) throws -> [URL] {
    let output = URL(fileURLWithPath: recipe.output)
    guard isLast else {
      let stem = output.deletingPathExtension().path
      let url = URL(fileURLWithPath: String(format: "%@-%06d", stem, step)).appendingPathExtension(output.pathExtension)
      try learnable.write(to: url, metadata: metadata.merging(["ss_steps": "\(step)"]) { $1 })
      return [url]
    }
    try learnable.write(to: output, metadata: metadata.merging(["ss_steps": "\(step)"]) { $1 })
    var files = [output]
    if let before = try? ImageFile.load(sample(0)), let after = try? ImageFile.load(sample(step)) {
      let grid = FineTuningOutput.grid(output)
      try ImageFile.save(ImageGrid.make([before, after], columns: 1, padding: 0), to: grid)
      files.append(grid)
    }
    tell(step)
    return files
  }

  /// Says in numbers whether the run did something.
  private func tell(_ step: Int) {
    func read(_ step: Int) -> Report? {
      (try? Data(contentsOf: reportURL(step))).flatMap { try? JSONDecoder().decode(Report.self, from: $0) }
    }
    guard let before = read(0), let after = read(step) else { return }
    if let a = before.validationLoss, let b = after.validationLoss, let validation {
      context.note(
        String(format: "validation loss %.4f before, %.4f after (%d pictures held back)", a, b, validation.count))
    }
    if let a = before.styleDistance, let b = after.styleDistance {
      context.note(
        String(
          format: "distance of its pictures from the folder's look: %.2f before, %.2f after (0 is the folder itself)",
          a, b))
    }
  }
}
