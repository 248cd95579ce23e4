import Randomness
import TensorCore

/// Fresh weights from a seed. Each key has a random stream of its own, so the order of construction does not matter.
public struct RandomInitialization: ParameterSource {
  public let seed: UInt64
  public let description = "random initialisation"
  public let keys: [String] = []

  public init(seed: UInt64) { self.seed = seed }

  public func shape(of key: String) -> [Int]? { nil }

  public func tensor(_ key: String, shape: [Int], initializer: Initializer) -> Tensor? {
    let count = shape.reduce(1, *)
    switch initializer {
    case .zeros: return .zeros(shape)
    case .ones: return Tensor(repeating: 1, shape: shape)
    case .uniform(let bound):
      var generator = TorchGenerator(seed: streamSeed(key))
      return Tensor(generator.uniforms(count).map { (2 * $0 - 1) * bound }, shape: shape)
    case .normal(let deviation):
      var generator = TorchGenerator(seed: streamSeed(key))
      return Tensor(generator.normals(count).map { $0 * deviation }, shape: shape)
    }
  }

  /// FNV-1a of the key, mixed with the seed.
  private func streamSeed(_ key: String) -> UInt64 {
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325 ^ (seed &* 0x9e37_79b9_7f4a_7c15)
    for byte in key.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
    return hash ^ (hash >> 32)
  }
}
