import Checkpoints
import Conditioning
import Foundation
import Generation
import Models
import NN
import TensorCore

/// The project publishes encoder and decoder apart (`taesd_encoder`, `taesd_decoder`); diffusers puts both into one folder or
/// file.
extension TinyAutoencoder {
  /// Opens a folder, a file of both halves, or a file of one half and the other one beside it.
  /// - Parameter variant: which of several forms of a folder's weights to take.
  public init(_ url: URL, variant: String? = nil) throws {
    var isFolder: ObjCBool = false
    _ = FileManager.default.fileExists(atPath: url.path, isDirectory: &isFolder)
    if isFolder.boolValue {
      let folder = ModelFolder(url, variant: variant)
      let config = try folder.decode(AutoencoderTinyConfig.self)
      let model = try folder.load { root, _ in AutoencoderTiny(root, config) }.model
      self.init(model, halves: [.encoder, .decoder], path: url.path)
      return
    }
    let file = try TensorFile(url)
    if file.shape(of: "decoder.layers.0.weight") != nil {
      let source = CheckpointSource(file)
      let model = try Self.build([source], config: try Self.config(source, source, path: url.path))
      self.init(model, halves: [.encoder, .decoder], path: url.path)
      return
    }
    guard let half = Self.half(of: file) else {
      throw GenerationError.noModel(path: url.path, reason: "is not TAESD: no layers 1.conv.0 or 3.conv.0")
    }
    let other = try Self.partner(of: url, half).map { try TensorFile($0) }
    let (encoder, decoder) = half == .encoder ? (file, other) : (other, file)
    let sources = (
      encoder.map { CheckpointSource($0, map: TinyAutoencoderKeys(.encoder)) },
      decoder.map { CheckpointSource($0, map: TinyAutoencoderKeys(.decoder)) }
    )
    let model = try Self.build(
      [sources.0, sources.1].compactMap { $0 }, config: try Self.config(sources.0, sources.1, path: url.path))
    let halves: [Half?] = [encoder.map { _ in .encoder }, decoder.map { _ in .decoder }]
    self.init(model, halves: Set(halves.compactMap { $0 }), path: url.path)
  }

  /// Whether a folder or file holds TAESD: told by its content. What cannot be read is not.
  public static func isTiny(_ url: URL) -> Bool {
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: url.path, isDirectory: &isFolder) else { return false }
    if isFolder.boolValue {
      let file = url.appendingPathComponent("config.json")
      guard let data = try? Data(contentsOf: file),
        let object = try? JSONSerialization.jsonObject(with: data) as? [String: Any]
      else { return false }
      return object["_class_name"] as? String == "AutoencoderTiny" || object["encoder_block_out_channels"] != nil
    }
    guard let file = try? TensorFile(url) else { return false }
    return isNative(file) || file.shape(of: "decoder.layers.0.weight") != nil
  }

  /// Whether a file has TAESD's own key names.
  static func isNative(_ file: TensorFile) -> Bool { half(of: file) != nil }

  /// The decoder's first block comes after clamp, convolution and activation; the encoder's after one convolution.
  static func half(of file: TensorFile) -> Half? {
    if file.shape(of: "3.conv.0.weight") != nil && file.shape(of: "1.weight") != nil { return .decoder }
    return file.shape(of: "1.conv.0.weight") != nil && file.shape(of: "0.weight") != nil ? .encoder : nil
  }

  /// The other half, of the same name but for the word.
  private static func partner(of url: URL, _ half: Half) -> URL? {
    let other: Half = half == .encoder ? .decoder : .encoder
    let name = url.lastPathComponent.replacingOccurrences(of: half.rawValue, with: other.rawValue)
    let partner = url.deletingLastPathComponent().appendingPathComponent(name)
    return name != url.lastPathComponent && FileManager.default.fileExists(atPath: partner.path) ? partner : nil
  }

  /// The published shape with the file's widths.
  private static func config(
    _ encoder: CheckpointSource?, _ decoder: CheckpointSource?, path: String
  ) throws -> AutoencoderTinyConfig {
    var config = AutoencoderTinyConfig()
    if let shape = decoder?.shape(of: "decoder.layers.0.weight"), shape.count == 4 {
      config.latentChannels = shape[1]
      config.decoderBlockOutChannels = config.decoderBlockOutChannels.map { _ in shape[0] }
    }
    if let shape = encoder?.shape(of: "encoder.layers.0.weight"), shape.count == 4 {
      config.encoderBlockOutChannels = config.encoderBlockOutChannels.map { _ in shape[0] }
      let last = "encoder.layers.\(config.numEncoderBlocks.reduce(0, +) + config.numEncoderBlocks.count).weight"
      guard let latents = encoder?.shape(of: last)?.first else {
        throw GenerationError.noModel(path: path, reason: "is no TAESD encoder of the published depth")
      }
      config.latentChannels = latents
    }
    return config
  }

  private static func build(
    _ sources: [CheckpointSource], config: AutoencoderTinyConfig
  ) throws -> AutoencoderTiny {
    let store = ParameterStore(HalfSource(sources: sources))
    let model = AutoencoderTiny(store.root, config)
    do {
      try store.finish()
    } catch {
      throw sources.reduce(error) { $1.translated($0) }
    }
    return model
  }

  /// The halves that are there, and zeros for one that is not.
  private struct HalfSource: ParameterSource {
    let sources: [CheckpointSource]

    var description: String { sources.map(\.description).joined(separator: ", ") }
    var keys: [String] { sources.flatMap(\.keys) }

    private func source(of key: String) -> CheckpointSource? { sources.first { $0.shape(of: key) != nil } }

    func shape(of key: String) -> [Int]? { source(of: key)?.shape(of: key) }
    func problem(of key: String) -> String? { source(of: key)?.problem(of: key) }

    func tensor(_ key: String, shape: [Int], initializer: Initializer) -> Tensor? {
      if let source = source(of: key) { return source.tensor(key, shape: shape, initializer: initializer) }
      let half = key.prefix { $0 != "." }
      return keys.contains { $0.hasPrefix("\(half).") } ? nil : .zeros(shape)
    }
  }
}
