import Checkpoints
import Foundation

/// What PEFT writes beside an adapter's matrices: ranks and alphas, in `adapter_config.json` or in the metadata of
/// diffusers' files under `lora_adapter_metadata`.
struct AdapterConfig: Sendable {
  /// A module's scaling: alpha over rank, or over its root.
  struct Scale: Sendable {
    let alpha: Float
    let isRankStabilized: Bool

    func factor(rank: Int) -> Float {
      alpha / (isRankStabilized ? Float(rank).squareRoot() : Float(rank))
    }
  }

  /// One network's settings.
  private struct Settings: Sendable {
    let alpha: Float?
    let patterns: [String: Float]
    let isRankStabilized: Bool
  }

  /// By the prefix of the names they are for; "" for all.
  private var settings: [String: Settings] = [:]

  /// Reads the metadata of a file, or the configuration beside it.
  init(metadata: [String: String], file: URL) {
    if let text = metadata["lora_adapter_metadata"], let object = Self.object(Data(text.utf8)) {
      for network in ModelPart.allCases {
        let prefix = network.rawValue + "."
        let own = object.filter { $0.key.hasPrefix(prefix) }
        guard !own.isEmpty else { continue }
        settings[prefix] = Self.settings(
          Dictionary(uniqueKeysWithValues: own.map { (String($0.key.dropFirst(prefix.count)), $0.value) }))
      }
    } else if file.deletingPathExtension().lastPathComponent == "adapter_model",
      let data = try? Data(contentsOf: file.deletingLastPathComponent().appendingPathComponent("adapter_config.json")),
      let object = Self.object(data)
    {
      settings[""] = Self.settings(object)
    }
  }

  /// The scaling of a module, by the file's name for it; nil if nothing is known.
  func scale(of module: String) -> Scale? {
    guard let (prefix, found) = settings.first(where: { module.hasPrefix($0.key) }) else { return nil }
    let name = module.dropFirst(prefix.count)
    let pattern = found.patterns.first { name == $0.key || name.hasSuffix("." + $0.key) }
    guard let alpha = pattern?.value ?? found.alpha else { return nil }
    return Scale(alpha: alpha, isRankStabilized: found.isRankStabilized)
  }

  private static func settings(_ object: [String: Any]) -> Settings {
    let patterns = (object["alpha_pattern"] as? [String: Any] ?? [:]).compactMapValues { number($0) }
    return Settings(
      alpha: number(object["lora_alpha"]), patterns: patterns,
      isRankStabilized: object["use_rslora"] as? Bool ?? false)
  }

  private static func number(_ value: Any?) -> Float? {
    guard let value = (value as? NSNumber)?.floatValue, value.isFinite else { return nil }
    return value
  }

  private static func object(_ data: Data) -> [String: Any]? {
    (try? JSONSerialization.jsonObject(with: data)) as? [String: Any]
  }
}
