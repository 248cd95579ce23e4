import Checkpoints
import Foundation

/// One network's settings in a PEFT configuration.
struct AdapterSettings: Sendable {
  /// A number for every module, or another one for those a pattern fits: the first in the order of the file.
  struct Values: Sendable {
    let plain: Float
    let name: String
    let patterns: [(pattern: ModulePattern, value: Float)]

    /// The value of a module.
    /// - Parameter steps: counted down; none left is an error.
    func value(of module: [Unicode.Scalar], steps: inout Int, path: String) throws(AdapterError) -> Float {
      for (pattern, value) in patterns {
        do throws(ModulePattern.Problem) {
          if try pattern.matches(module, steps: &steps) { return value }
        } catch {
          throw .badValue(path: path, key: name, reason: "\(error.reason): the file is no adapter anybody made")
        }
      }
      return plain
    }
  }

  let alphas, ranks: Values
  let isRankStabilized: Bool
  /// The setting by which the file holds more than low-rank matrices.
  let wholeLayers: String?
  let notes: [String]

  /// PEFT's default of rank and alpha.
  private static let defaultNumber: Float = 8

  /// Kinds whose matrices are read here; the last one is what old files leave out.
  private static let kinds = ["LORA", "LOHA", "LOKR"]

  /// Settings whose effect is in the matrices, or which only matter in training.
  private static let known: Set<String> = [
    "alpha", "alpha_pattern", "arrow_config", "auto_mapping", "base_model_class", "base_model_name_or_path", "bias",
    "corda_config", "decompose_both", "decompose_factor", "ensure_weight_tying", "eva_config", "exclude_modules",
    "fan_in_fan_out", "inference_mode", "init_lora_weights", "init_weights", "layers_pattern", "layers_to_transform",
    "loftq_config", "lora_alpha", "lora_bias", "lora_dropout", "lora_ga_config", "megatron_config", "megatron_core",
    "module_dropout", "modules_to_save", "parent_library", "peft_type", "peft_version", "qalora_group_size", "r",
    "rank_dropout", "rank_dropout_scale", "rank_pattern", "revision", "runtime_config", "target_modules", "task_type",
    "use_dora", "use_effective_conv2d", "use_rslora",
  ]

  /// Settings that change what a model computes, and are not done here.
  private static let unsupported = [
    "alora_invocation_tokens", "kasa_config", "layer_replication", "monteclora_config", "target_parameters",
    "trainable_token_indices",
    "use_bdlora", "use_qalora", "velora_config",
  ]

  /// How matrices may start; the other ways change the model's own weights, too.
  private static let harmlessStarts = ["eva", "gaussian", "lycoris", "orthogonal"]

  /// - Throws: `AdapterError` for values that cannot be, and for settings that change what the matrices mean.
  init(_ object: OrderedJSON, path: String) throws(AdapterError) {
    guard let members = object.members else {
      throw .badValue(path: path, key: AdapterConfig.fileName, reason: "is no JSON object")
    }
    if let kind = object["peft_type"]?.text, !Self.kinds.contains(kind.uppercased()) {
      throw .unsupported(path: path, key: "peft_type", kind: kind.oneLine)
    }
    for key in ["init_lora_weights", "init_weights"] {
      guard let start = object[key]?.text, !Self.harmlessStarts.contains(start.lowercased()) else { continue }
      throw .badValue(
        path: path, key: key,
        reason: "\"\(start.oneLine)\" changes the model's own weights: save the adapter converted to a plain LoRA")
    }
    for key in Self.unsupported where object[key].map({ !$0.isUnset }) ?? false {
      throw .badValue(path: path, key: key, reason: "is not supported")
    }
    let alphaKey = object["lora_alpha"] == nil ? "alpha" : "lora_alpha"
    alphas = try Self.values(object, alphaKey, "alpha_pattern", path) { $0.isFinite }
    ranks = try Self.values(object, "r", "rank_pattern", path) { (1...65536).contains($0) }
    isRankStabilized = object["use_rslora"] == .bool(true)
    let hasBiases = object["bias"]?.text.map { $0 != "none" } ?? false
    let hasLayers = object["modules_to_save"].map { !$0.isUnset } ?? false
    wholeLayers = hasBiases ? "bias" : hasLayers ? "modules_to_save" : nil
    let others = members.filter {
      !Self.known.contains($0.key) && !$0.value.isUnset && !Self.unsupported.contains($0.key)
    }
    notes = others.isEmpty ? [] : ["\(path): settings not known here are left out: \(Self.list(others.map(\.key)))"]
  }

  private static func list(_ keys: [String]) -> String {
    keys.prefix(4).map(\.oneLine).joined(separator: ", ") + (keys.count > 4 ? " and \(keys.count - 4) more" : "")
  }

  private static func values(
    _ object: OrderedJSON, _ key: String, _ patternKey: String, _ path: String, isFitting: (Double) -> Bool
  ) throws(AdapterError) -> Values {
    func checked(_ value: OrderedJSON?, _ key: String) throws(AdapterError) -> Float? {
      guard let value, value != .null else { return nil }
      guard let number = value.number, isFitting(number), Float(number).isFinite else {
        throw .badValue(path: path, key: key, reason: "is no number that can be")
      }
      return Float(number)
    }
    let plain = try checked(object[key], key) ?? defaultNumber
    guard let table = object[patternKey], table != .null else { return Values(plain: plain, name: key, patterns: []) }
    guard let members = table.members else {
      throw .badValue(path: path, key: patternKey, reason: "is no object of patterns and numbers")
    }
    var patterns: [(ModulePattern, Float)] = []
    var seen: Set<String> = []
    let last = Dictionary(members.map { ($0.key, $0.value) }) { $1 }
    // As in Python, of two members of one name the place is the first's and the value the last's.
    for member in members where seen.insert(member.key).inserted {
      let name = "\(patternKey) \(member.key)"
      guard let value = try checked(last[member.key], name) else {
        throw .badValue(path: path, key: name, reason: "is no number that can be")
      }
      do throws(ModulePattern.Problem) {
        patterns.append((try ModulePattern(member.key), value))
      } catch {
        throw .badValue(path: path, key: name, reason: "\(error.reason): it is no pattern for names of modules")
      }
    }
    return Values(plain: plain, name: patternKey, patterns: patterns)
  }
}
