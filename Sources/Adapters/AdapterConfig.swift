import Checkpoints
import Foundation

/// What PEFT writes beside an adapter's matrices: ranks and alphas, in `adapter_config.json` or in the metadata of
/// diffusers' files under `lora_adapter_metadata`.
struct AdapterConfig: Sendable {
  /// A module's scaling: alpha over rank, or over its root.
  struct Scale: Sendable {
    let alpha: Float
    /// The rank the configuration gives the module.
    let rank: Float
    let isRankStabilized: Bool

    /// - Parameter stored: the rank of the file's matrices; nil if they have none.
    func factor(rank stored: Int?) -> Float {
      let rank = stored.map { Float($0) } ?? rank
      return alpha / (isRankStabilized ? rank.squareRoot() : rank)
    }
  }

  /// Where it is, for messages; nil if there is none.
  private(set) var path: String?
  /// What a person should know.
  private(set) var notes: [String] = []
  /// By the prefix of the names they are for; "" for all.
  private var settings: [(prefix: String, settings: AdapterSettings)] = []
  private var steps = ModulePattern.stepLimit

  static let fileName = "adapter_config.json"
  private static let metadataKey = "lora_adapter_metadata"
  /// What PEFT puts before every name.
  static let wrapper = "base_model.model."

  /// Reads the metadata of a file, or the configuration beside it.
  /// - Parameter keys: of the file; names of PEFT's own make a configuration beside it the file's, whatever it is called.
  /// - Throws: for a configuration that cannot be read, or asks for what is not done here.
  init(metadata: [String: String], keys: [String], file: URL) throws {
    if let text = metadata[Self.metadataKey] {
      let place = "\(file.path) metadata \(Self.metadataKey)"
      path = place
      let members = try OrderedJSON(text, path: place).members ?? []
      for network in ModelPart.allCases {
        let prefix = network.rawValue + "."
        let own = members.filter { $0.key.hasPrefix(prefix) }
          .map { OrderedJSON.Member(key: String($0.key.dropFirst(prefix.count)), value: $0.value) }
        guard !own.isEmpty else { continue }
        settings.append((prefix, try AdapterSettings(.object(own), path: place)))
      }
    } else {
      let url = file.deletingLastPathComponent().appendingPathComponent(Self.fileName)
      let isPEFT =
        file.deletingPathExtension().lastPathComponent == "adapter_model"
        || keys.contains { $0.hasPrefix(Self.wrapper) }
      guard isPEFT, FileManager.default.fileExists(atPath: url.path) else { return }
      path = url.path
      let text = try RegularFile.text(url)
      settings = [("", try AdapterSettings(try OrderedJSON(text, path: url.path), path: url.path))]
    }
    notes = settings.flatMap { $0.settings.notes }
  }

  /// The scaling of a module, by the file's name for it; nil if nothing is known.
  /// - Throws: `AdapterError.badValue` for patterns that take too long.
  mutating func scale(of module: String) throws(AdapterError) -> Scale? {
    guard let (prefix, found) = settings.first(where: { module.hasPrefix($0.prefix) }) else { return nil }
    var name = module.dropFirst(prefix.count)
    if name.hasPrefix(Self.wrapper) { name = name.dropFirst(Self.wrapper.count) }
    let scalars = Array(name.unicodeScalars)
    return Scale(
      alpha: try found.alphas.value(of: scalars, steps: &steps, path: path ?? ""),
      rank: try found.ranks.value(of: scalars, steps: &steps, path: path ?? ""),
      isRankStabilized: found.isRankStabilized)
  }

  /// Throws for a file that changes more than low-rank matrices do.
  /// - Parameter keys: those that belong to no adapter.
  func check(unrecognized keys: [String]) throws(AdapterError) {
    guard let path, !keys.isEmpty, let setting = settings.lazy.compactMap({ $0.settings.wholeLayers }).first else {
      return
    }
    throw .badValue(
      path: path, key: setting,
      reason: "stands for whole layers or biases in the file (\(keys[0].oneLine)), which are not put in here")
  }
}
