import Images
import TensorCore

/// What a network says of some pictures.
public struct NetworkFeatures: Sendable {
  /// `[B, d]`.
  public var pooled: Tensor
  /// The same before it is averaged over places, `[B, h, w, d]`; nil where there is no such thing.
  public var places: Tensor?
  /// Where each picture lies in the space that texts share, `[B, P]`; nil for networks that do not read.
  public var common: Tensor?
  /// How each picture is told apart into classes, before softmax, `[B, classes]`; nil for networks that name nothing.
  public var logits: Tensor?

  public init(pooled: Tensor, places: Tensor? = nil, common: Tensor? = nil, logits: Tensor? = nil) {
    (self.pooled, self.places, self.common, self.logits) = (pooled, places, common, logits)
  }
}

/// A network whose features pictures are compared in.
public protocol FeatureNetwork: Sendable {
  /// What reports call it.
  var name: String { get }
  /// Numbers that stand for a picture.
  var featureCount: Int { get }
  /// Whether it tells pictures apart into classes (`NetworkFeatures.logits`), and whether it reads texts.
  var namesClasses: Bool { get }
  var readsTexts: Bool { get }
  /// A picture as the network takes it, `[1, H, W, 3]` in ±1; of the same H and W for all pictures.
  func input(_ image: Image) -> Tensor
  /// - Parameter images: some inputs, `[B, H, W, 3]`.
  func features(_ images: Tensor) throws -> NetworkFeatures
  /// Where texts lie in the common space, `[n, P]`, near pictures that they fit; nil for networks that do not read.
  func textFeatures(_ texts: [String]) throws -> Tensor?
}

extension FeatureNetwork {
  public var namesClasses: Bool { false }
  public var readsTexts: Bool { false }
  public func textFeatures(_ texts: [String]) throws -> Tensor? { nil }
}

extension Image {
  /// The whole picture scaled to a square, transparent parts white.
  func square(_ side: Int) -> Image {
    let plain = channels == 4 ? composited(over: (255, 255, 255)) : self
    return plain.converted(toChannels: 3).resized(width: side, height: side, filter: .bicubic)
  }
}
