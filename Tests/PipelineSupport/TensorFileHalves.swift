import Checkpoints
import Foundation
import ModelFiles

/// TAESD's halves as the project publishes them.
package enum TensorFileHalves {
  /// Writes the decoder alone, `taesd_decoder.safetensors`.
  /// - Parameter source: diffusers' folder of both halves.
  package static func write(from source: URL, to folder: URL) throws -> URL {
    let whole = try TensorFile(source.appendingPathComponent("diffusion_pytorch_model.safetensors"))
    let url = folder.appendingPathComponent("taesd_decoder.safetensors")
    let tensors = try whole.keys.compactMap { key in
      try TinyAutoencoderKeys(.decoder).location(of: key).map { ($0.key, try whole.tensor(key)) }
    }
    try TensorFile.write(tensors.sorted { $0.0 < $1.0 }, to: url)
    return url
  }
}
