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
  public internal(set) var metadata: [String: String]
  var modules: [Module]
  let dtype: DType

  /// Opens a file of LoRA or LoCon modules.
  /// - Throws: `unsupported` for what is no product of two matrices, naming its key.
  public init(_ url: URL) throws {
    let file = try AdapterFile(url)
    (path, metadata) = (file.path, file.metadata)
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

  init(path: String, metadata: [String: String], modules: [Module], dtype: DType) {
    (self.path, self.metadata, self.modules, self.dtype) = (path, metadata, modules, dtype)
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

  /// The weighted sum of several files, module by module, with the ranks added up.
  /// - Throws: `badRequest` if a module has another shape in one of them.
  public static func merged(_ files: [(file: LoRAFile, weight: Float)]) throws(AdapterError) -> LoRAFile {
    var order: [String] = []
    var parts: [String: [(Module, Float)]] = [:]
    for (file, weight) in files {
      for module in file.modules {
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
    return LoRAFile(path: first.path, metadata: first.metadata, modules: modules, dtype: first.dtype)
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
    // The scale is in the matrices and their alphas now.
    all["lora_adapter_metadata"] = nil
    try TensorFile.write(tensors, to: url, metadata: all)
  }
}
