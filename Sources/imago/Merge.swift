import ArgumentParser
import CommandSupport
import Foundation
import Jobs
import ModelFiles

/// Mixes models, and folds adapters in.
struct Merge: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Mixes checkpoints: a weighted sum, or the difference of two added to a third; folds adapters in.",
    discussion: """
      Folders and single files of any format mix; U-Nets and text encoders are merged in float32, the autoencoder, \
      tokenizer and configuration are the first model's. Adapters (LoRA, LoCon, LoHa, LoKr, DoRA) are added to what comes \
      out of that, as txt2img --lora adds them; one that matches nothing is an error.

      Examples:
        imago merge a.safetensors b.ckpt --weights 0.7,0.3 --output ab.safetensors
        imago merge a.safetensors --lora ink.pt:0.8 --output ink.safetensors
        imago merge inpainting.ckpt mine.ckpt v1-5.ckpt --add-difference 1 \\
          --output models/mine-inpainting/
      """)

  @Argument(help: "Models, as folders or files: two or more, or one with --lora.", completion: .file())
  var models: [String]
  @Option(help: "An adapter to fold in, PATH or PATH:WEIGHT or PATH:WEIGHT:TEXT-ENCODER-WEIGHT; again for more.")
  var lora: [String] = []
  @Option(help: "One number for each model, separated by commas (equal parts).") var weights: String?
  @Option(help: "α in W + α · (A − B), for three models.") var addDifference: Float?
  @Option(help: "What is written: FILE.safetensors, or a folder.", completion: .file()) var output: String
  @OptionGroup var target: WriteOptions
  @Option(help: "f32, f16 or bf16 (the first model's).") var precision: StoredPrecision?
  @OptionGroup var sources: ModelFileOptions

  func validate() throws {
    guard models.count >= 2 || (models.count == 1 && !lora.isEmpty) else {
      throw ValidationError("give two models or more, or one and --lora")
    }
    guard models.count >= 2 || (weights == nil && addDifference == nil) else {
      throw ValidationError("--weights and --add-difference need two models or more")
    }
    guard weights == nil || addDifference == nil else {
      throw ValidationError("--weights and --add-difference exclude each other")
    }
    if let weights {
      guard let shares = numbers(weights), shares.allSatisfy(\.isFinite) else {
        throw ValidationError("--weights \(weights): expected numbers separated by commas, as 0.7,0.3")
      }
      guard shares.count == models.count else {
        throw ValidationError("--weights \(weights): one number is needed for each of \(models.count) models")
      }
    }
    if let addDifference {
      guard addDifference.isFinite else { throw ValidationError("--add-difference \(addDifference): must be finite") }
      guard models.count == 3 else {
        throw ValidationError("--add-difference needs three models: W, A and B; there are \(models.count)")
      }
    }
    try wrongUsage { for argument in lora { try AdaptedWeights.check(argument) } }
    _ = try target.place(output)
  }

  private func numbers(_ text: String) -> [Float]? {
    let parts = text.split(separator: ",", omittingEmptySubsequences: false)
    let values = parts.compactMap { Float($0.trimmingPrefix(while: \.isWhitespace)) }
    return values.count == parts.count ? values : nil
  }

  func run() throws {
    try reportingFailures {
      let job = try WriteJob(output, target)
      let files = try models.enumerated().map { index, path in
        try PipelineFiles(
          URL(fileURLWithPath: path), options: index == 0 ? sources.options : otherOptions(path))
      }
      let mixed = try mixture(files)
      let adapted = try lora.isEmpty ? nil : AdaptedWeights(lora, of: files[0], over: mixed)
      let provide = adapted?.provide ?? mixed ?? files[0].raw
      let writer = ModelWriter(files[0], precision: precision?.dtype, provide: provide)
      try job.run(writer, notes: files[0].notes + (adapted?.notes ?? []))
    }
  }

  /// Of the models after the first only the form of the weights is asked for, where there are several.
  private func otherOptions(_ path: String) -> PipelineFileOptions {
    var options = PipelineFileOptions()
    let isFolder = (try? FileManager.default.contentsOfDirectory(atPath: path)) != nil
    options.variant = isFolder ? sources.form.variant : nil
    return options
  }

  /// The models' weights mixed; nil for one model.
  private func mixture(_ files: [PipelineFiles]) throws -> ModelWriter.Provider? {
    guard files.count > 1 else { return nil }
    let equal = [Float](repeating: 1 / Float(files.count), count: files.count)
    let rule: ModelMerger.Rule =
      addDifference.map { .addDifference($0) } ?? .weightedSum(weights.flatMap(numbers) ?? equal)
    return try ModelMerger(files, rule: rule).provide
  }
}
