import Checkpoints
import Generation

/// Names of TAESD in its own files: the layers of one half, counted from 0; the decoder's first one only clamps.
/// Source: madebyollin/taesd, taesd.py.
public struct TinyAutoencoderKeys: KeyMap {
  public typealias Half = TinyAutoencoder.Half

  let half: Half

  public init(_ half: Half) { self.half = half }

  /// The clamping layer is not numbered in diffusers' model.
  private var offset: Int { half == .decoder ? 1 : 0 }

  public func location(of key: String) -> TensorLocation? {
    var parts = KeyParts(key)
    guard parts.take(half.rawValue), parts.take("layers"), let layer = parts.number() else { return nil }
    return TensorLocation("\(layer + offset).\(parts.rest)")
  }

  public func keys(at original: String) -> [String] {
    var parts = KeyParts(original)
    guard let layer = parts.number(), layer >= offset else { return [] }
    return ["\(half.rawValue).layers.\(layer - offset).\(parts.rest)"]
  }
}
