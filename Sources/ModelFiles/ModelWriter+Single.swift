import Checkpoints
import Conditioning
import Diffusion
import Files
import Foundation
import Models
import SafeTensors
import TensorCore

extension ModelWriter {
  /// A tensor of a single file and what it is made of: several where queries, keys and values go into one.
  private struct Target {
    let name: String
    let part: ModelPart
    var keys: [String]
    let form: TensorLocation.Form
  }

  /// Metadata under which the parts whose keys have no `text_model.` in front are listed.
  static let bareKey = "imago.bare_text_keys"

  func writeSingle(_ place: ModelPlace, _ progress: (Int, Int) throws -> Void) throws -> Report {
    var report = Report()
    let targets = try targets()
    let marks = try traits().marks(files.configurations)
    var entries: [SafeTensorsWriter.Declaration] = []
    for target in targets { entries.append((target.name, try type(of: target), shape(of: target))) }
    entries += marks.map { ($0.key, .F32, [$0.values.count]) }
    let tokenizers = try tokenizerFolders(place)
    let writer = try SafeTensorsWriter(url: place.url, entries: entries, metadata: try metadata())
    for target in targets {
      try append(try assembled(target, &report), to: writer, &report)
      try progress(report.tensors, targets.count)
    }
    for mark in marks { try write(mark.values, to: writer) }
    for (index, folder) in tokenizers.enumerated() {
      try copyTokenizer(index, to: folder.url, &report)
    }
    try writer.finish()
    for folder in tokenizers { try Self.finish(folder, place) }
    noteMissingTokenizers(place.tokenizerStem.lastPathComponent, &report)
    return report
  }

  /// The folders beside the file for the tokenizers that were found.
  private func tokenizerFolders(_ place: ModelPlace) throws -> [PartialFolder] {
    let stem = place.tokenizerStem
    let urls = tokenizerNames(stem.lastPathComponent).map {
      stem.deletingLastPathComponent().appendingPathComponent($0)
    }
    for url in urls { try place.checkTokenizer(url) }
    return try urls.map { try Self.folder($0) }
  }

  private func write(_ values: [Float], to writer: SafeTensorsWriter) throws {
    let raw = RawTensor(Tensor(values, shape: [values.count]))
    try raw.withBytes { (bytes) throws(CheckpointError) in try writer.append(bytes) }
  }

  /// What is known of single files of the family.
  private func traits() throws -> any StableDiffusionTraits {
    guard let traits = files.configurations.family.traits as? any StableDiffusionTraits else {
      throw GenerationError.unsupported(
        what: "\(files.url.path): \(files.configurations.family.rawValue) models have no single files: convert to a "
          + "folder")
    }
    return traits
  }

  /// Where each part goes, under which scheme.
  private func scheme(_ part: ModelPart) throws -> (prefix: String, map: any KeyMap) {
    let settings = files.configurations
    switch part {
    case .unet, .transformer:
      guard let unet = settings.unet, case .one(let layers) = unet.layersPerBlock else {
        throw GenerationError.unsupported(
          what: "\(files.url.path): levels with different numbers of blocks have no names in a single file")
      }
      let attention = unet.downBlockTypes.map { $0.hasPrefix("CrossAttn") }
      return ("model.diffusion_model.", UNetKeys(layersPerBlock: layers, attention: attention))
    case .vae: return ("first_stage_model.", AutoencoderKeys(levels: settings.autoencoder.blockOutChannels.count))
    case .textEncoder: return try traits().textPlace(0, settings.textEncoders[0])
    case .textEncoder2: return try traits().textPlace(1, settings.textEncoders[1])
    }
  }

  /// All tensors of the file, sorted by name.
  private func targets() throws -> [Target] {
    var byName: [String: Target] = [:]
    for part in files.parts {
      let (prefix, map) = try scheme(part)
      for key in files.keys(part) {
        guard let location = map.location(of: key) else {
          throw GenerationError.unsupported(
            what: "\(files.url.path): \(part.rawValue) \(key) has no name in a single file")
        }
        let name = prefix + location.key
        byName[name, default: Target(name: name, part: part, keys: [], form: location.form)].keys.append(key)
        // Thirds come in the order of their rows.
        if case .third = location.form {
          byName[name]?.keys.sort { Self.third(map, $0) < Self.third(map, $1) }
        }
      }
    }
    return byName.values.sorted { $0.name < $1.name }
  }

  private static func third(_ map: any KeyMap, _ key: String) -> Int {
    if case .third(let index)? = map.location(of: key)?.form { index } else { 0 }
  }

  private func type(of target: Target) throws -> ElementType { try storedType(target.part, target.keys[0]) }

  private func shape(of target: Target) -> [Int] {
    let shape = shape(target.part, target.keys[0])
    switch target.form {
    case .whole: return shape
    case .pointwise: return shape.count == 2 ? shape + [1, 1] : shape
    case .third: return shape.isEmpty ? shape : [3 * shape[0]] + shape.dropFirst()
    case .transposed: return shape.reversed()
    }
  }

  private func assembled(_ target: Target, _ report: inout Report) throws -> RawTensor {
    var parts: [RawTensor] = []
    for key in target.keys { parts.append(try converted(target.part, key, &report)) }
    switch target.form {
    case .whole: return parts[0]
    case .pointwise: return parts[0].shape.count == 2 ? parts[0].reshaped(parts[0].shape + [1, 1]) : parts[0]
    case .transposed: return parts[0].transposed()
    case .third:
      guard parts.count == 3, let all = RawTensor.stacked(parts) else {
        throw CheckpointError.badTensor(
          path: files.url.path, name: target.keys.joined(separator: ", "),
          reason: "queries, keys and values must be three tensors of one type and shape")
      }
      return all
    }
  }

  /// What other tools read of a model, and the folder's own configurations.
  private func metadata() throws -> [String: String] {
    let settings = files.configurations
    var metadata = ["format": "pt"]
    metadata["modelspec.prediction_type"] = settings.scheduler.predictionType == .velocity ? "v" : "epsilon"
    if settings.scheduler.predictionType == .sample { metadata["modelspec.prediction_type"] = nil }
    if !settings.texts.isEmpty {
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
      metadata[PipelineFiles.textsKey] = String(decoding: try encoder.encode(settings.completeTexts()), as: UTF8.self)
    }
    if !settings.bareTextParts.isEmpty {
      metadata[Self.bareKey] = settings.bareTextParts.map(\.rawValue).sorted().joined(separator: ",")
    }
    return metadata
  }
}
