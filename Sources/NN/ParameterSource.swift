import TensorCore

/// Where the values of parameters come from: a checkpoint, an initialiser, a dictionary.
public protocol ParameterSource: Sendable {
  /// What to call the source in an error, such as the file's path.
  var description: String { get }
  /// Every key the source holds; empty if it can make any.
  var keys: [String] { get }
  /// The value for a key: nil if the source has none.
  func tensor(_ key: String, shape: [Int], initializer: Initializer) -> Tensor?
  /// The shape the source has for a key, if it differs from the wanted one the load fails.
  func shape(of key: String) -> [Int]?
  /// Why the tensor of that key cannot be a weight, such as that it holds whole numbers; nil if it can.
  func problem(of key: String) -> String?
  /// Low-rank changes to put beside the weight of that key; none by default.
  func adapters(of key: String, shape: [Int]) -> [LowRankAdapter]
}

extension ParameterSource {
  public func problem(of key: String) -> String? { nil }
  public func adapters(of key: String, shape: [Int]) -> [LowRankAdapter] { [] }
}

/// How a parameter starts before training.
public enum Initializer: Sendable, Hashable {
  case zeros
  case ones
  /// Uniform in ±bound.
  case uniform(bound: Float)
  /// Normal with mean 0.
  case normal(deviation: Float)

  /// torch's default for linear layers and convolutions: uniform in ±1/√fanIn.
  public static func fanIn(_ count: Int) -> Initializer {
    .uniform(bound: 1 / Float(max(count, 1)).squareRoot())
  }
}

/// Values held in memory, by key.
public struct TensorDictionary: ParameterSource {
  public let description: String
  private let tensors: [String: Tensor]

  public init(_ tensors: [String: Tensor], description: String = "in-memory weights") {
    self.tensors = tensors
    self.description = description
  }

  public var keys: [String] { tensors.keys.sorted() }
  public func tensor(_ key: String, shape: [Int], initializer: Initializer) -> Tensor? { tensors[key] }
  public func shape(of key: String) -> [Int]? { tensors[key]?.shape }
}
