import DataSets
import Generation
import Images
import TensorCore

/// Pictures as they are.
struct WholePictures: BatchSource {
  let data: any CaptionedImages
  let size: Int

  var count: Int { data.count }

  /// `[B, size, size, 3]` in ±1.
  func batch(_ draws: [Draw], random: inout [ExampleRandom]) throws -> Tensor {
    ImageTensor.pack(try pictures(draws))
  }

  /// Drawn ones are made on any thread; folders report what they skip on this one.
  func pictures(_ draws: [Draw]) throws -> [Image] {
    guard data is any DescribedImages else { return try draws.map { try data.example($0.index, size: size).image } }
    let (drawings, side) = (data, size)
    return try ConcurrentReading.map(draws.map(\.index)) { try drawings.example($0, size: side).image }
  }
}

/// A square window of each picture, where there is much to see.
struct PictureWindows: BatchSource {
  let whole: WholePictures
  let side: Int

  var count: Int { whole.count }

  /// `[B, side, side, 3]` in ±1.
  func batch(_ draws: [Draw], random: inout [ExampleRandom]) throws -> Tensor {
    let pictures = try whole.pictures(draws)
    return ImageTensor.pack(
      pictures.indices.map { row in
        let place = DetailWindow(in: pictures[row], side: side).place(random[row].uniform())
        return pictures[row].cropped(x: place.x, y: place.y, width: side, height: side)
      })
  }
}
