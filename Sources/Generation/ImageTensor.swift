import Images
import TensorCore

/// Pictures as tensors `[B, H, W, 3]` in ±1, and back.
public enum ImageTensor {
  /// Packs pictures of one size; grey and alpha are converted (alpha over white).
  public static func pack(_ images: [Image]) -> Tensor {
    let (width, height) = (images[0].width, images[0].height)
    return Tensor(shape: [images.count, height, width, 3]) { out in
      var position = 0
      for image in images {
        precondition(image.width == width && image.height == height, "pictures of different sizes")
        for value in image.converted(toChannels: 3).pixels {
          out[position] = Float(value) / 127.5 - 1
          position += 1
        }
      }
    }
  }

  /// Values in 0 ... 1, row-major `[H, W, 3]`, of each picture; what is no number is black.
  public static func unitValues(_ batch: Tensor) -> [[Float]] {
    let values = batch.cast(to: .f32).floats()
    let size = batch.count / max(batch.shape[0], 1)
    return (0..<batch.shape[0]).map { row in
      values[(row * size)..<((row + 1) * size)].map { value in
        let unit = value / 2 + 0.5
        return unit > 0 ? min(unit, 1) : 0
      }
    }
  }

  /// Unpacks a batch, rounding to 8 bits as diffusers does.
  public static func images(_ batch: Tensor) -> [Image] {
    unitValues(batch).map { values in
      Image(
        width: batch.shape[2], height: batch.shape[1], channels: 3,
        pixels: values.map { UInt8(($0 * 255).rounded(.toNearestOrEven)) })
    }
  }
}
