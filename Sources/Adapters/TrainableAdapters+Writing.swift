import Checkpoints
import Foundation
import ModelFiles
import NN
import TensorCore

extension TrainableAdapters {
  /// Writes the matrices as a file that other tools load, under a temporary name first.
  /// - Parameters:
  ///   - format: `kohya`, which all read, or `diffusers`.
  ///   - dtype: the matrices' type; alphas stay float32.
  ///   - metadata: free text; what readers need (rank, alpha, base) is added.
  ///   - predictsVelocity: whether the model it was made for does, which kohya's names of models say.
  /// - Throws: `unsupported` for another format, `CheckpointError` if the file cannot be written.
  public func write(
    to url: URL, format: AdapterFormat = .kohya, dtype: DType = .f16, metadata: [String: String] = [:],
    predictsVelocity: Bool = false
  ) throws {
    switch format {
    case .kohya: try write(to: url, dtype: dtype, metadata: metadata, predictsVelocity) { _ in true }
    case .diffusers: try writeDiffusers(url, dtype, metadata)
    case .peft, .cloneofsimo:
      throw AdapterError.badRequest(text: format.rawValue, reason: "is read only: write kohya or diffusers")
    }
  }

  /// Whether kohya's names are those for models with a second text encoder that are told sizes: encoders are numbered, and the
  /// U-Net's modules have the original code's names.
  private var hasLaterNames: Bool {
    layout[.textEncoder2] != nil || (layout[.unet] ?? []).contains { $0.name.hasPrefix("add_embedding.linear_1.") }
  }

  /// Writes some of the modules in kohya's format.
  func write(
    to url: URL, dtype: DType, metadata: [String: String], _ predictsVelocity: Bool = false,
    where isWanted: (Module) -> Bool
  ) throws {
    let unet = NetworkModules(.unet, ParameterShapes(layout[.unet] ?? []))
    var tensors: [(String, Tensor)] = []
    for module in modules where isWanted(module) {
      let path = Self.path(module)
      let name: String
      switch module.network {
      case .textEncoder: name = "\(hasLaterNames ? "lora_te1_" : "lora_te_")\(ModuleAliases.flat(path))"
      case .textEncoder2: name = "lora_te2_\(ModuleAliases.flat(path))"
      case .unet, .transformer, .vae:
        name = "lora_unet_\(ModuleAliases.flat(hasLaterNames ? unet.originalName(path) : path))"
      }
      let isConvolution = module.weight.shape.count == 4
      let up = module.adapter.up.value.reshaped(module.adapter.up.shape + (isConvolution ? [1, 1] : []))
      tensors.append(("\(name).lora_down.weight", module.adapter.down.value.cast(to: dtype)))
      tensors.append(("\(name).lora_up.weight", up.cast(to: dtype)))
      tensors.append(("\(name).alpha", Tensor([module.alpha], shape: [])))
    }
    var all = metadata
    all["ss_network_module"] = "networks.lora"
    all["ss_network_dim"] = "\(rank)"
    all["ss_network_alpha"] = "\(alpha)"
    let family = AdapterBase.of(layout.mapValues { ParameterShapes($0) }).family
    if let family, let version = family.kohyaVersion {
      all["ss_base_model_version"] = predictsVelocity && family != .sdxl ? "\(version)_v" : version
      all["ss_v2"] = family == .sd2 ? "True" : "False"
    }
    try TensorFile.write(tensors, to: url, metadata: all)
  }

  private func writeDiffusers(_ url: URL, _ dtype: DType, _ metadata: [String: String]) throws {
    var tensors: [(String, Tensor)] = []
    var config: [String: Any] = [:]
    for module in modules {
      let path = Self.path(module)
      let name = "\(module.network.rawValue).\(path)"
      let isConvolution = module.weight.shape.count == 4
      let up = module.adapter.up.value.reshaped(module.adapter.up.shape + (isConvolution ? [1, 1] : []))
      tensors.append(("\(name).lora_A.weight", module.adapter.down.value.cast(to: dtype)))
      tensors.append(("\(name).lora_B.weight", up.cast(to: dtype)))
      let prefix = module.network.rawValue
      config["\(prefix).r"] = rank
      config["\(prefix).lora_alpha"] = alpha
      // Newer libraries' text encoders have no `text_model.` in their paths, older ones do; PEFT takes the ends of paths.
      let end = path.hasPrefix(Self.textRoot) ? String(path.dropFirst(Self.textRoot.count)) : path
      if module.adapter.rank != rank {
        func pattern(_ name: String, _ value: Any) {
          config["\(prefix).\(name)"] = (config["\(prefix).\(name)"] as? [String: Any] ?? [:]).merging([end: value]) {
            $1
          }
        }
        pattern("rank_pattern", module.adapter.rank)
        pattern("alpha_pattern", module.alpha)
      }
      config["\(prefix).target_modules"] = (config["\(prefix).target_modules"] as? [String] ?? []) + [end]
    }
    // Files in this format have no alphas; this is where diffusers looks for them.
    let json = try JSONSerialization.data(withJSONObject: config, options: [.sortedKeys])
    let all = metadata.merging(["format": "pt", "lora_adapter_metadata": String(decoding: json, as: UTF8.self)]) { $1 }
    try TensorFile.write(tensors, to: url, metadata: all)
  }

  /// The module's path as published models have it: text encoders with their `text_model.` in front.
  private static func path(_ module: Module) -> String {
    let path = String(module.weight.name.dropLast(".weight".count))
    return module.network == .unet || path.hasPrefix(textRoot) ? path : "\(textRoot)\(path)"
  }

  private static let textRoot = "text_model."
}

/// The names and shapes of parameters, to look modules up in.
private struct ParameterShapes: ParameterSource {
  let description = "the model"
  private let shapes: [String: [Int]]

  init(_ parameters: [Parameter]) {
    shapes = Dictionary(parameters.map { ($0.name, $0.shape) }) { first, _ in first }
  }

  var keys: [String] { shapes.keys.sorted() }
  func shape(of key: String) -> [Int]? { shapes[key] }
  func tensor(_ key: String, shape: [Int], initializer: Initializer) -> Tensor? { nil }
}
