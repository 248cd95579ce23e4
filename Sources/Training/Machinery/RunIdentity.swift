import Foundation

/// What decides the result of a run, by dotted key: two runs of one identity end in the same bits.
public struct RunIdentity: Sendable, Equatable {
  /// Each key's value as JSON.
  public let values: [String: String]

  /// - Parameters:
  ///   - value: the recipe.
  ///   - ignoring: keys, or starts of keys, that decide nothing.
  ///   - facts: what else counts, such as the hash of the data.
  public init(of value: some Encodable, ignoring: [String] = [], facts: [String: String] = [:]) throws {
    var values = facts
    let object = try JSONSerialization.jsonObject(with: JSONEncoder().encode(value), options: .fragmentsAllowed)
    try Self.flatten(object, "", into: &values)
    for key in values.keys where ignoring.contains(where: { key == $0 || key.hasPrefix("\($0).") }) {
      values[key] = nil
    }
    self.values = values
  }

  private static func flatten(_ object: Any, _ path: String, into values: inout [String: String]) throws {
    guard let children = object as? [String: Any] else {
      let data = try JSONSerialization.data(withJSONObject: object, options: [.fragmentsAllowed, .sortedKeys])
      values[path] = String(decoding: data, as: UTF8.self)
      return
    }
    for (key, child) in children { try flatten(child, path.isEmpty ? key : "\(path).\(key)", into: &values) }
  }

  /// As text, for a state's metadata.
  public var text: String {
    values.sorted { $0.key < $1.key }.map { "\($0.key)\t\($0.value)" }.joined(separator: "\n")
  }

  /// Reads the text of another identity.
  public init(text: String) {
    let pairs = text.split(separator: "\n").map { line -> (String, String) in
      let parts = line.split(separator: "\t", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
      return (parts[0], parts.count > 1 ? parts[1] : "")
    }
    values = Dictionary(pairs) { first, _ in first }
  }

  /// What differs from another identity, the first key in order, in words; nil if nothing does.
  public func difference(from other: RunIdentity) -> String? {
    let keys = Set(values.keys).union(other.values.keys).sorted()
    guard let key = keys.first(where: { values[$0] != other.values[$0] }) else { return nil }
    let (mine, theirs) = (values[key] ?? "not set", other.values[key] ?? "not set")
    return "\(key) was \(theirs) and is now \(mine)"
  }
}
