import Checkpoints
import Foundation
import TensorCore

/// A file of plain low-rank changes as its modules' products, to be resized, added up and written again.
public struct LoRAFile {
  /// One module's change, scaled.
  struct Module {
    let name: String
    let product: LowRankProduct
    /// Shape of the file's lower matrix behind its first axis: `[in]`, `[in, 1, 1]`, `[in, 3, 3]`.
    let inputs: [Int]
    let keys: (up: String, down: String, alpha: String)
  }

  public let path: String
  let format: AdapterFormat
  public internal(set) var metadata: [String: String]
  var modules: [Module]
  let dtype: DType

  /// Opens a file of LoRA or LoCon modules.
  /// - Throws: `unsupported` for what is no product of two matrices, naming its key.
  public init(_ url: URL) throws {
    let file = try AdapterFile(url)
    (path, format, metadata) = (file.path, file.format, file.metadata)
    var dtype = DType.f32
    modules = try file.modules.map { module in
      guard let upKey = module.keys[.up], let downKey = module.keys[.down], module.keys[.mid] == nil,
        module.keys[.doraScale] == nil, module.keys[.magnitudeVector] == nil
      else {
        throw AdapterError.unsupported(
          path: file.path, key: module.keys.values.sorted()[0], kind: "anything but plain LoRA and LoCon here")
      }
      let changes = try module.changes(file)
      let (up, down) = (try file.tensor(upKey), try file.tensor(downKey))
      dtype = down.dtype
      let rank = down.shape[0]
      return Module(
        name: module.name,
        product: LowRankProduct(
          up: up.cast(to: .f32).reshaped([up.shape[0], rank]).scaled(by: changes.weight?.scale ?? 1),
          down: down.cast(to: .f32).reshaped([rank, down.count / rank])),
        inputs: Array(down.shape.dropFirst()),
        keys: (upKey, downKey, module.keys[.alpha] ?? "\(module.name).alpha"))
    }
    self.dtype = dtype
  }

  private init(path: String, format: AdapterFormat, metadata: [String: String], modules: [Module], dtype: DType) {
    (self.path, self.format, self.metadata) = (path, format, metadata)
    (self.modules, self.dtype) = (modules, dtype)
  }

  /// The ranks of its modules, ascending.
  public var ranks: [Int] { Array(Set(modules.map(\.product.rank))).sorted() }
  public var moduleCount: Int { modules.count }

  /// The same changes with at most `rank` singular values each.
  /// - Returns: the file, and the share of each module's sum of squares it keeps, on average.
  public func resized(to rank: Int) -> (file: LoRAFile, kept: Double) {
    var file = self
    var kept = 0.0
    file.modules = modules.map { module in
      guard module.product.rank > rank else {
        kept += 1
        return module
      }
      let found = module.product.truncated(to: rank)
      kept += found.kept
      return Module(name: module.name, product: found.product, inputs: module.inputs, keys: module.keys)
    }
    return (file, kept / Double(max(modules.count, 1)))
  }

  /// The weighted sum of several files, module by module, with the ranks added up; of files in kohya's and in diffusers' format
  /// in kohya's.
  /// - Parameter files: each with the factors of its U-Net's and its text encoders' changes.
  /// - Throws: `badRequest` if a module has another shape in one of them, or nobody can say which modules are the same.
  public static func merged(
    _ files: [(file: LoRAFile, request: AdapterRequest)]
  ) throws(AdapterError) -> LoRAFile {
    let files = try inOneFormat(files)
    var order: [String] = []
    var parts: [String: [(Module, Float)]] = [:]
    for (file, request) in files {
      for module in file.modules {
        let isText = ["lora_te", "text_encoder"].contains(where: module.name.hasPrefix)
        let weight = isText ? request.textWeight ?? request.weight : request.weight
        if let first = parts[module.name]?.first?.0 {
          let (a, b) = (first.product, module.product)
          guard a.up.shape[0] == b.up.shape[0], a.down.shape[1] == b.down.shape[1] else {
            throw .badRequest(
              text: file.path,
              reason: "its \(module.name) has another shape than the first file's: they are of two models")
          }
        } else {
          order.append(module.name)
        }
        parts[module.name, default: []].append((module, weight))
      }
    }
    let modules = order.compactMap { name -> Module? in
      guard let found = parts[name], let first = found.first?.0 else { return nil }
      let products = found.map { LowRankProduct(up: $0.0.product.up.scaled(by: $0.1), down: $0.0.product.down) }
      return Module(name: name, product: .sum(products), inputs: first.inputs, keys: first.keys)
    }
    guard let first = files.first?.file else { throw .badRequest(text: "merge", reason: "names no file") }
    // What is true of all of them.
    let metadata = first.metadata.filter { key, value in files.allSatisfy { $0.file.metadata[key] == value } }
    return LoRAFile(path: first.path, format: first.format, metadata: metadata, modules: modules, dtype: first.dtype)
  }

  /// The files as they are if they have one format, else all with kohya's names.
  private static func inOneFormat(
    _ files: [(file: LoRAFile, request: AdapterRequest)]
  ) throws(AdapterError) -> [(file: LoRAFile, request: AdapterRequest)] {
    guard let first = files.first?.file, let other = files.first(where: { $0.file.format != first.format })?.file else {
      return files
    }
    guard files.allSatisfy({ $0.file.hasPathsInItsNames }) else {
      throw .badRequest(
        text: other.path,
        reason:
          "is in \(other.format.rawValue) format, \(first.path) in \(first.format.rawValue) format, and which of their "
          + "layers are the same cannot be told; merge files of one format")
    }
    return files.map { ($0.file.withKohyaNames(), $0.request) }
  }

  /// Whether modules are named by their paths in diffusers' networks. kohya's files for SDXL have the original code's names, which
  /// only a model could tell.
  private var hasPathsInItsNames: Bool {
    let originals = ["input_blocks", "middle_block", "output_blocks", "lora_te1", "lora_te2"]
    return modules.allSatisfy { module in
      format == .kohya
        ? !originals.contains(where: module.name.contains)
        : ["unet.", "text_encoder."].contains(where: module.name.hasPrefix)
    }
  }

  private func withKohyaNames() -> LoRAFile {
    guard format != .kohya else { return self }
    var file = LoRAFile(path: path, format: .kohya, metadata: metadata, modules: modules, dtype: dtype)
    file.modules = modules.map { module in
      let path =
        module.name.hasPrefix("unet.")
        ? module.name.dropFirst("unet.".count) : module.name.dropFirst("text_encoder.".count)
      let name = (module.name.hasPrefix("unet.") ? "lora_unet_" : "lora_te_") + ModuleAliases.flat(String(path))
      return Module(
        name: name, product: module.product, inputs: module.inputs,
        keys: ("\(name).lora_up.weight", "\(name).lora_down.weight", "\(name).alpha"))
    }
    return file
  }

  /// Writes the file under a temporary name first; every alpha is the module's rank.
  public func write(to url: URL) throws {
    var tensors: [(String, Tensor)] = []
    var all = metadata
    for module in modules {
      let rank = module.product.rank
      let upShape = [module.product.up.shape[0], rank] + (module.inputs.count > 1 ? [1, 1] : [])
      tensors.append((module.keys.down, module.product.down.reshaped([rank] + module.inputs).cast(to: dtype)))
      tensors.append((module.keys.up, module.product.up.reshaped(upShape).cast(to: dtype)))
      tensors.append((module.keys.alpha, Tensor([Float(rank)], shape: [])))
    }
    let ranks = self.ranks
    all["ss_network_dim"] = ranks.count == 1 ? "\(ranks[0])" : "Dynamic"
    all["ss_network_alpha"] = all["ss_network_dim"]
    all["ss_output_name"] = url.deletingPathExtension().lastPathComponent
    // The scale is in the matrices and their alphas now, and hashes were those of another file.
    for key in [
      "lora_adapter_metadata", "ss_network_args", "sshs_model_hash", "sshs_legacy_hash", "modelspec.hash_sha256",
    ] {
      all[key] = nil
    }
    try TensorFile.write(tensors, to: url, metadata: all)
  }
}
