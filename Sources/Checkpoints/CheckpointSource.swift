import NN
import SafeTensors
import TensorCore

/// Weights of one network in a file, under diffusers' names whatever the file calls them.
public struct CheckpointSource: ParameterSource {
  public let file: TensorFile
  /// What the network's keys start with in the file.
  public let prefix: String
  public let map: any KeyMap

  /// - Parameters:
  ///   - prefix: keys without it belong to other networks.
  ///   - map: the file's naming scheme.
  public init(_ file: TensorFile, prefix: String = "", map: any KeyMap = DiffusersKeys()) {
    self.file = file
    self.prefix = prefix
    self.map = map
  }

  public var description: String { file.path }

  /// Names of all tensors under the prefix; those that belong to no network of this kind keep the file's full name.
  public var keys: [String] {
    file.keys.flatMap { key -> [String] in
      guard key.hasPrefix(prefix) else { return [] }
      let original = String(key.dropFirst(prefix.count))
      let names = map.keys(at: original)
      if names.isEmpty { return map.isUnneeded(original) || HarmlessKeys.contains(key) ? [] : [key] }
      return names
    }
  }

  /// The file's name for a key; the key itself if the scheme has no place for it.
  public func originalName(of key: String) -> String {
    map.location(of: key).map { prefix + $0.key } ?? key
  }

  public func shape(of key: String) -> [Int]? {
    guard let location = map.location(of: key), let shape = file.shape(of: prefix + location.key) else { return nil }
    switch location.form {
    case .whole: return shape
    case .pointwise: return shape.count == 4 && shape[2...] == [1, 1] ? Array(shape[..<2]) : shape
    case .third: return shape.first.map { $0 % 3 == 0 ? [$0 / 3] + shape.dropFirst() : shape }
    case .transposed: return shape.count == 2 ? shape.reversed() : shape
    }
  }

  public func problem(of key: String) -> String? {
    guard let location = map.location(of: key), let entry = file.entry(prefix + location.key), !entry.type.isFloat
    else { return nil }
    return entry.integerProblem
  }

  /// Names of the file's tensors under the prefix that are left out on purpose, in full.
  public var unneededKeys: [String] {
    file.keys.filter { key in
      guard key.hasPrefix(prefix) else { return false }
      let original = String(key.dropFirst(prefix.count))
      return map.keys(at: original).isEmpty && map.isUnneeded(original)
    }
  }

  /// The type of a tensor's elements; nil if the file has none of that name.
  public func elementType(of key: String) -> ElementType? {
    map.location(of: key).flatMap { file.entry(prefix + $0.key)?.type }
  }

  /// The tensor as the file stores it, brought into diffusers' form; nil if the file has none of that name.
  public func raw(_ key: String) -> RawTensor? {
    guard let location = map.location(of: key), let shape = shape(of: key),
      let raw = file.raw(prefix + location.key)
    else { return nil }
    switch location.form {
    case .whole: return raw
    case .pointwise: return raw.reshaped(shape)
    case .third(let index):
      guard let rows = shape.first, raw.shape.first == 3 * rows else { return raw }
      return raw.rows((index * rows)..<((index + 1) * rows))
    case .transposed: return raw.shape.count == 2 ? raw.transposed() : raw
    }
  }

  public func tensor(_ key: String, shape: [Int], initializer: Initializer) -> Tensor? { raw(key)?.tensor() }

  /// The error with the file's names in place of diffusers' ones.
  public func translated(_ error: ParameterError) -> ParameterError {
    var error = error
    // The key comes first, then what is wrong with it.
    func renamed(_ text: String) -> String {
      let parts = text.split(separator: " ", maxSplits: 1)
      return parts.count == 2 ? "\(originalName(of: String(parts[0]))) \(parts[1])" : text
    }
    error.missing = error.missing.map(originalName)
    error.misshapen = error.misshapen.map(renamed)
    error.unusable = error.unusable.map(renamed)
    return error
  }
}
