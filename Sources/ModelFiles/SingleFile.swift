import Checkpoints
import Conditioning
import Diffusion
import Foundation
import Models

// Checkpoints that are one file under the original key names.
extension PipelineFiles {
  /// The key of a file's metadata under which this program keeps a pipeline's JSON files, for models that are none of
  /// the published sizes.
  static let textsKey = "imago.configurations"

  init(single url: URL, _ options: PipelineFileOptions) throws {
    let file = try TensorFile(url)
    let layout = try SingleFileLayout(file)
    if let variant = options.variant {
      throw GenerationError.badValue(
        name: "--variant", value: variant, reason: "\(url.path) is one file; variants are files of a diffusers folder")
    }
    if options.usesAverage && !layout.hasAverage {
      throw GenerationError.noModel(path: url.path, reason: "has no averaged weights (model_ema): leave --ema out")
    }
    guard !layout.textEncoders.isEmpty else {
      throw GenerationError.noModel(
        path: url.path, reason: "is a U-Net without its text encoder: this version needs a whole checkpoint")
    }
    let needed = layout.traits.encoderCount
    guard layout.textEncoders.count == needed else {
      throw GenerationError.noModel(
        path: url.path,
        reason: "an \(layout.family.rawValue) checkpoint with \(layout.textEncoders.count) text encoders, not \(needed)"
      )
    }
    let stray = layout.strayKeys
    guard stray.isEmpty else {
      let shown = stray.prefix(4).joined(separator: ", ") + (stray.count > 4 ? " and \(stray.count - 4) more" : "")
      throw GenerationError.noModel(path: url.path, reason: "has tensors no part of the model uses: \(shown)")
    }
    var sources: [ModelPart: CheckpointSource] = [:]
    for part in ModelPart.allCases {
      sources[part] = layout.source(part, averaged: part == .unet && options.usesAverage)
    }
    let prediction = try SingleFilePrediction(layout, url: url)
    let kept = try Self.keptConfigurations(file)
    var configurations = kept ?? PipelineConfigurations(layout, prediction: prediction)
    if kept == nil, prediction.contradictsItself {
      guard let told = options.predictionType else {
        throw GenerationError.noModel(
          path: url.path,
          reason: "says that its noise schedule leaves nothing of the picture at the end (key ztsnr) and not that it "
            + "predicts velocities (key v_pred), and predicted noise says nothing there: give --prediction "
            + "v_prediction, or epsilon to take the schedule without that")
      }
      if told == .epsilon { configurations.changeScheduler { $0 = $0.withSignal } }
    }
    if prediction.isToldBeside { configurations.changeScheduler { $0.predictionType = prediction.type } }
    self.init(
      url: url, layout: layout, sources: sources, configurations: configurations,
      tokenizers: try Self.tokenizers(url, configurations, layout, options, isKept: kept != nil),
      notes: (kept == nil && options.predictionType == nil ? prediction.notes : [])
        + [layout.surplusNote(averaged: options.usesAverage)].compactMap { $0 })
  }

  /// What a conversion from a folder kept of its JSON files; nil if the file came from elsewhere.
  private static func keptConfigurations(_ file: TensorFile) throws -> PipelineConfigurations? {
    guard let text = file.metadata[textsKey] else { return nil }
    let place = "\(file.path) metadata \(textsKey) "
    guard let texts = try? JSONDecoder().decode([String: String].self, from: Data(text.utf8)),
      let index = try? ModelIndex.parse(texts["model_index.json"] ?? "", path: place)
    else { throw ModelFolder.Failure.badConfiguration(path: place, reason: "is not what imago convert writes") }
    let known = texts.filter { PipelineConfigurations.paths.contains($0.key) }
    var configurations = try PipelineConfigurations(texts: known, index: index, place: place, needsVAE: true)
    let bare = file.metadata[ModelWriter.bareKey]?.split(separator: ",") ?? []
    configurations.bareTextParts = Set(bare.compactMap { ModelPart(rawValue: String($0)) })
    return configurations
  }

  /// The tokenizers of a single file: asked for, else beside it, else the shared ones.
  private static func tokenizers(
    _ url: URL, _ configurations: PipelineConfigurations, _ layout: SingleFileLayout,
    _ options: PipelineFileOptions, isKept: Bool
  ) throws -> [TokenizerPlace] {
    let stem = url.deletingPathExtension()
    let folder = url.deletingLastPathComponent()
    return try layout.textEncoders.indices.compactMap { index -> TokenizerPlace? in
      let suffix = index == 0 ? "" : "_2"
      let beside = [
        URL(fileURLWithPath: "\(stem.path).tokenizer\(suffix)"), URL(fileURLWithPath: "\(stem.path).tokenizer"),
        folder, folder.appendingPathComponent("tokenizer\(suffix)"), folder.appendingPathComponent("tokenizer"),
      ]
      let places = (try askedTokenizer(options).map { [$0] } ?? []) + beside + [options.sharedTokenizer]
      guard let found = places.first(where: holdsTokenizer) else { return nil }
      // A converted folder brings its own settings; published files rely on these. OpenCLIP's encoders learned with
      // texts filled up by token 0.
      let ownSettings = isKept && beside.prefix(2).contains(found)
      let isOpenCLIP = layout.traits.isOpenCLIP(layout.textEncoders[index], index: index)
      return TokenizerPlace(found, padToken: ownSettings ? nil : padToken(isOpenCLIP: isOpenCLIP))
    }
  }

  /// The folder of `--tokenizer`.
  static func askedTokenizer(_ options: PipelineFileOptions) throws(GenerationError) -> URL? {
    guard let asked = options.tokenizer else { return nil }
    guard holdsTokenizer(asked) else {
      throw .badValue(name: "--tokenizer", value: asked.path, reason: "no folder with vocab.json and merges.txt")
    }
    return asked
  }

  /// What fills texts up, where the tokenizer's own settings do not say.
  static func padToken(isOpenCLIP: Bool) -> String { isOpenCLIP ? "!" : "<|endoftext|>" }

  private static func holdsTokenizer(_ folder: URL) -> Bool {
    func has(_ name: String) -> Bool {
      FileManager.default.fileExists(atPath: folder.appendingPathComponent(name).path)
    }
    return has("vocab.json") && has("merges.txt") || has("tokenizer.json")
  }
}
