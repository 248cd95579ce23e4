import DataSets
import Generation
import Images
import TensorCore

/// Pictures for an autoencoder.
struct PictureBatch {
  /// `[B, H, W, 3]` in ±1.
  let pictures: Tensor
  /// What the decoder is to make them of, `[B, h, w, C]`; nil: what the encoder makes of them.
  var latents: Tensor?
}

/// Pictures as they are.
struct WholePictures: BatchSource {
  let data: any CaptionedImages
  let size: Int

  var count: Int { data.count }

  func batch(_ draws: [Draw], random: inout [ExampleRandom]) throws -> PictureBatch {
    PictureBatch(pictures: ImageTensor.pack(try examples(draws).map(\.image)))
  }

  /// Drawn ones are made on any thread; folders report what they skip on this one.
  func examples(_ draws: [Draw]) throws -> [CaptionedImage] {
    guard data is any DescribedImages else { return try draws.map { try data.example($0.index, size: size) } }
    let (drawings, side) = (data, size)
    return try ConcurrentReading.map(draws.map(\.index)) { try drawings.example($0, size: side) }
  }
}

/// A square window of each picture, where there is much to see.
struct PictureWindows: BatchSource {
  let whole: WholePictures
  let side: Int

  var count: Int { whole.count }

  func batch(_ draws: [Draw], random: inout [ExampleRandom]) throws -> PictureBatch {
    let pictures = try whole.examples(draws).map(\.image)
    return PictureBatch(
      pictures: ImageTensor.pack(
        pictures.indices.map { row in
          let place = DetailWindow(in: pictures[row], side: side).place(random[row].uniform())
          return pictures[row].cropped(x: place.x, y: place.y, width: side, height: side)
        }))
  }
}
