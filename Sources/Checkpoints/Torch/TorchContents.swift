import SafeTensors

/// The tensors of a torch file by name, and the plain values beside them.
///
/// Names are the keys that lead to a tensor, joined by dots; list positions count from 0. If the root has a
/// `state_dict`, names start there and all else is only metadata, as loaders of checkpoints take it.
struct TorchContents {
  private(set) var names: [String] = []
  private(set) var tensors: [String: TorchTensor] = [:]
  /// Numbers that stand where other trainers put tensors of one element: alphas.
  private(set) var numbers: [String: Double] = [:]
  /// Texts and numbers at the root and one level down: `step`, `name`, `global_step`.
  private(set) var metadata: [String: String] = [:]
  /// Every storage of the pickle, whether a named tensor uses it or not.
  let allStorages: [TorchStorage]
  private let arena: [[PickleValue]]
  private let path: String
  private var visited = 0
  private var problem: String?

  /// Deeper structures are no checkpoints, and would exhaust the stack.
  private static let depthLimit = 32
  /// Containers met on the way; a memo that nests a list in itself ten times over leads to billions.
  private static let visitLimit = 500_000
  /// Bytes of a name; real ones have about 100.
  private static let nameLimit = 4096

  init(_ root: PickleValue, _ arena: [[PickleValue]], path: String) {
    self.arena = arena
    self.path = path
    var storages: [String: TorchStorage] = [:]
    for value in arena.joined() {
      // Every storage and every tensor's storage stands in the arguments of a call.
      guard case .storage(let storage) = value else { continue }
      // Bounds are checked against the size a pickle claims, so it must claim one size only.
      if let other = storages.updateValue(storage, forKey: storage.key), other != storage {
        problem = "describes storage \(storage.key) in two ways"
      }
    }
    allStorages = storages.values.sorted { $0.key < $1.key }
    let weights = Self.item("state_dict", of: root, arena)
    collectMetadata(root, prefix: "", depth: 0)
    collect(weights ?? root, name: "", depth: 0)
  }

  /// This value, unless something is wrong with it.
  func checked() throws(CheckpointError) -> TorchContents {
    if let problem { throw .refusedPickle(path: path, what: problem) }
    return self
  }

  /// The storages of named tensors.
  var storages: [TorchStorage] {
    Dictionary(tensors.values.map { ($0.storage.key, $0.storage) }) { first, _ in first }.values
      .sorted { $0.key < $1.key }
  }

  private static func item(_ key: String, of value: PickleValue, _ arena: [[PickleValue]]) -> PickleValue? {
    guard case .dictionary(let index) = value else { return nil }
    let items = arena[index]
    let position = stride(from: 0, to: items.count, by: 2).first { items[$0].textValue == key }
    guard let position, case .dictionary = items[position + 1] else { return nil }
    return items[position + 1]
  }

  private mutating func collect(_ value: PickleValue, name: String, depth: Int) {
    visited += 1
    guard problem == nil else { return }
    guard depth <= Self.depthLimit, visited <= Self.visitLimit else {
      problem = "nests values without end"
      return
    }
    guard name.utf8.count <= Self.nameLimit else {
      problem = "names a tensor in \(name.utf8.count) bytes"
      return
    }
    func child(_ key: String) -> String { name.isEmpty ? key : "\(name).\(key)" }
    switch value {
    case .tensor(let tensor):
      let name = name.isEmpty ? "tensor" : name
      if tensors.updateValue(tensor, forKey: name) == nil, numbers.removeValue(forKey: name) == nil {
        names.append(name)
      }
    case .integer(let number) where Self.isAlpha(name): note(Double(number), name)
    case .real(let number) where Self.isAlpha(name): note(number, name)
    case .dictionary(let index), .module(let index):
      let items = arena[index]
      for position in stride(from: 0, to: items.count, by: 2) {
        let key: String
        switch items[position] {
        case .text(let text): key = text
        case .integer(let number): key = String(number)
        default: continue
        }
        collect(items[position + 1], name: child(key), depth: depth + 1)
      }
    case .list(let index), .tuple(let index):
      for (position, item) in arena[index].enumerated() {
        collect(item, name: child(String(position)), depth: depth + 1)
      }
    default: break
    }
  }

  private static func isAlpha(_ name: String) -> Bool { name.hasSuffix(".alpha") }

  private mutating func note(_ number: Double, _ name: String) {
    if tensors[name] == nil, numbers.updateValue(number, forKey: name) == nil { names.append(name) }
  }

  private mutating func collectMetadata(_ value: PickleValue, prefix: String, depth: Int) {
    guard depth <= 1, case .dictionary(let index) = value else { return }
    let items = arena[index]
    for position in stride(from: 0, to: items.count, by: 2) {
      guard metadata.count < 1000, let key = items[position].textValue else { continue }
      let name = prefix + key
      if Self.isAlpha(name) { continue }
      switch items[position + 1] {
      case .text(let text): metadata[name] = text
      case .integer(let number): metadata[name] = String(number)
      case .real(let number): metadata[name] = String(number)
      case .bool(let flag): metadata[name] = flag ? "true" : "false"
      case .dictionary where key != "state_dict":
        collectMetadata(items[position + 1], prefix: "\(name).", depth: depth + 1)
      default: break
      }
    }
  }
}
