/// The names of one network's tensors in a file that uses another scheme than diffusers.
///
/// Both directions are functions of the key alone; no list of names is kept. Keys are relative to the network's prefix.
public protocol KeyMap: Sendable {
  /// Where the file keeps the tensor of a diffusers name; nil if the scheme has no place for it.
  func location(of key: String) -> TensorLocation?
  /// The diffusers names whose tensors are in one of the file, none if it belongs to no network of this kind.
  func keys(at original: String) -> [String]
  /// Whether a tensor of the file is left out on purpose.
  func isUnneeded(_ original: String) -> Bool
}

extension KeyMap {
  public func isUnneeded(_ original: String) -> Bool { false }
}

/// A tensor of a file, and what to do with it to get the one asked for.
public struct TensorLocation: Sendable, Equatable {
  public enum Form: Sendable, Equatable {
    /// As it is.
    case whole
    /// A 1 × 1 convolution that stands for a matrix.
    case pointwise
    /// The first, second or third part of the rows: queries, keys and values in one.
    case third(Int)
    /// A matrix with its axes exchanged.
    case transposed
  }

  public let key: String
  public let form: Form

  public init(_ key: String, _ form: Form = .whole) {
    self.key = key
    self.form = form
  }
}

/// diffusers' own names, with `text_model.` in front or not as the file has it.
public struct DiffusersKeys: KeyMap {
  public init() {}
  public func location(of key: String) -> TensorLocation? { TensorLocation(key) }
  public func keys(at original: String) -> [String] { [original] }
  public func isUnneeded(_ original: String) -> Bool { original.hasSuffix("position_ids") }
}

extension Substring {
  /// The text as a level or layer number; a sign or a leading zero is none.
  package var blockNumber: Int? {
    guard allSatisfy({ $0.isASCII && $0.isNumber }), count == 1 || first != "0", count < 6 else { return nil }
    return Int(self)
  }
}

/// A key as its parts between dots, with a position from which to read on.
package struct KeyParts {
  private let parts: [Substring]
  package private(set) var position = 0

  package init(_ key: String) { parts = key.split(separator: ".", omittingEmptySubsequences: false) }

  /// The next part, or nil at the end.
  package mutating func next() -> Substring? {
    guard position < parts.count else { return nil }
    defer { position += 1 }
    return parts[position]
  }

  /// The next part if it is this one.
  package mutating func take(_ text: String) -> Bool {
    guard position < parts.count, parts[position] == text else { return false }
    position += 1
    return true
  }

  /// The next part as a number.
  package mutating func number() -> Int? { next()?.blockNumber }

  /// All that is left, joined.
  package var rest: String { parts[position...].joined(separator: ".") }

  /// All that is left with its beginning exchanged by the first pair that fits; nil if none does.
  package func renamed(_ pairs: [(from: String, to: String)]) -> String? {
    let rest = rest
    for (from, to) in pairs {
      if rest == from { return to }
      if rest.hasPrefix(from + ".") { return to + rest.dropFirst(from.count) }
    }
    return nil
  }
}

extension [(from: String, to: String)] {
  /// The pairs the other way round.
  package var swapped: Self { map { (from: $0.to, to: $0.from) } }
}
