import Checkpoints
import Foundation
import TensorCore

/// Whose way of naming an adapter file follows.
public enum AdapterFormat: String, Sendable, CaseIterable, Codable {
  case kohya, diffusers, cloneofsimo
  case peft = "PEFT"
}

/// A file of adapters for the networks of one model: LoRA, LoCon, LoHa, LoKr, DoRA or full differences.
///
/// Opening it reads names and shapes; it needs no model, so it serves to look at a file, too.
public struct AdapterFile: Sendable {
  public let path: String
  public let format: AdapterFormat
  /// The file's free text.
  public let metadata: [String: String]
  /// The model it was made for.
  public let base: AdapterBase
  /// Keys of textual inversions that came with the adapter.
  public let embeddings: [String]
  /// Keys that belong to no adapter.
  public let unrecognized: [String]
  /// What a person should know about the file.
  public let notes: [String]
  let modules: [AdapterModule]
  private let tensors: AdapterTensors

  /// Opens an adapter file, or the folder PEFT or diffusers saved one in.
  /// - Throws: `CheckpointError` for a damaged file, `AdapterError` for one without adapters.
  public init(_ url: URL) throws {
    let file = Self.file(in: url) ?? url
    try self.init(try AdapterTensors(file), url: file)
  }

  /// What PEFT and diffusers call the file in a folder, without ending.
  private static let folderNames = ["adapter_model", "pytorch_lora_weights"]

  /// The adapter's file in a folder; nil if it is none, or holds none.
  private static func file(in folder: URL) -> URL? {
    folderNames.flatMap { name in ["safetensors", "bin"].map { folder.appendingPathComponent("\(name).\($0)") } }
      .first { FileManager.default.fileExists(atPath: $0.path) }
  }

  init(_ tensors: AdapterTensors, url: URL) throws {
    self.tensors = tensors
    (path, metadata) = (tensors.path, tensors.metadata)
    var config = try AdapterConfig(metadata: metadata, keys: tensors.keys, file: url)
    var modules: [String: AdapterModule] = [:]
    var order: [String] = []
    var (embeddings, unrecognized): ([String], [String]) = ([], [])
    var votes: [AdapterFormat: Int] = [:]
    for key in tensors.keys {
      if let kind = AdapterKey.unsupportedKind(key) {
        throw AdapterError.unsupported(path: path, key: key, kind: kind)
      }
      if let (name, location, part) = CloneofsimoKey.split(key) {
        votes[.cloneofsimo, default: 0] += 1
        if modules.updateValue(
          AdapterModule(
            name: name, location: location, keys: (modules[name]?.keys ?? [:]).merging([part: key]) { $1 },
            configuredAlpha: nil),
          forKey: name) == nil
        {
          order.append(name)
        }
      } else if let split = AdapterKey(key) {
        votes[Self.format(key), default: 0] += 1
        if modules[split.module] == nil {
          order.append(split.module)
          modules[split.module] = AdapterModule(
            name: split.module, location: ModuleLocation(file: split.module), keys: [:],
            configuredAlpha: try config.scale(of: split.module))
        }
        modules[split.module]?.keys[split.part] = key
      } else if Self.isEmbedding(key, metadata) {
        embeddings.append(key)
      } else {
        unrecognized.append(key)
      }
    }
    self.modules = order.compactMap { modules[$0] }
    guard !self.modules.isEmpty else {
      let shown = tensors.keys.prefix(2).map(\.oneLine).joined(separator: ", ")
      throw AdapterError.notAnAdapter(
        path: path, reason: tensors.keys.isEmpty ? "it is empty" : "its keys are \(shown) …")
    }
    self.embeddings = embeddings
    self.unrecognized = unrecognized
    try config.check(unrecognized: unrecognized)
    notes = config.notes + Self.missingConfig(config, self.modules, path: path)
    format = votes.max { ($0.value, $0.key.rawValue) < ($1.value, $1.key.rawValue) }?.key ?? .kohya
    base = AdapterBase(
      metadata: metadata, keys: tensors.keys,
      widths: Self.widths(self.modules, tensors) { $0.contains("attn2_to_k") || $0.contains("attn2_to_v") },
      textWidths: Self.widths(self.modules, tensors) { $0.contains("self_attn_") })
  }

  /// A tensor of the file, which must hold finite floating-point numbers.
  func tensor(_ key: String) throws -> Tensor {
    let tensor = try tensors.tensor(key)
    guard tensor.cast(to: .f32).firstNonFinite == nil else {
      throw AdapterError.badValue(path: path, key: key, reason: "holds NaN or infinity: the file is damaged")
    }
    return tensor
  }

  /// The only number in a tensor, of any type; nil if it holds several or none that is finite.
  func number(_ key: String) -> Float? { tensors.number(key) }

  /// PEFT keeps alphas beside the matrices; without them a strength is only a guess.
  private static func missingConfig(_ config: AdapterConfig, _ modules: [AdapterModule], path: String) -> [String] {
    guard config.path == nil,
      modules.contains(where: { $0.name.hasPrefix(AdapterConfig.wrapper) && $0.keys[.alpha] == nil })
    else { return [] }
    return ["\(path): \(AdapterConfig.fileName) is not beside it, so that alpha is taken to be the rank"]
  }

  /// All keys of the file.
  public var keys: [String] { tensors.keys }

  private static func format(_ key: String) -> AdapterFormat {
    if ["lora_A.", "lora_B.", "lora_magnitude_vector", AdapterConfig.wrapper].contains(where: key.contains) {
      return .peft
    }
    return key.hasPrefix("lora_") || key.hasPrefix("lycoris_") ? .kohya : .diffusers
  }

  /// Input widths of the modules that a rule on their names chooses.
  private static func widths(
    _ modules: [AdapterModule], _ tensors: AdapterTensors, where chosen: (String) -> Bool
  ) -> Set<Int> {
    let widths = modules.compactMap { module -> Int? in
      guard let key = module.keys[.down] ?? module.keys[.hadaW1B], let shape = tensors.shape(of: key),
        shape.count > 1
      else { return nil }
      switch module.location {
      case .named(.textEncoder2, _), .ordinal(.textEncoder, _): return nil
      case .named(_, let name): return chosen(name) ? shape[1] : nil
      // Without names, an input that is no width of the U-Net, a multiple of 320, is the text's.
      case .ordinal: return chosen("attn2_to_k") && shape[1] % 320 != 0 ? shape[1] : nil
      }
    }
    return Set(widths)
  }

  /// cloneofsimo's files carry learned words, kohya's bundles `bundle_emb.…`.
  private static func isEmbedding(_ key: String, _ metadata: [String: String]) -> Bool {
    metadata[key] == "<embed>" || key.hasPrefix("bundle_emb.")
  }
}
