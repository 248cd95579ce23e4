import Checkpoints
import Files
import Foundation
import Generation
import Images
import Jobs
import TensorCore

/// Pictures of one run that go where `--output` says, each under a name nobody else has.
struct NamedPictures {
  private let naming: OutputNaming
  private var names: NewNames

  /// - Parameters:
  ///   - output: a file, a folder or a pattern; nil for `outputs/`.
  ///   - count: pictures in all.
  ///   - seed: the first picture's.
  init(_ output: String?, count: Int, seed: UInt64) throws {
    naming = try OutputNaming(output, count: count)
    names = NewNames(naming, seed: seed, prompt: "")
    try OutputNaming.check(naming.url(index: 0, seed: seed, prompt: ""))
  }

  /// Writes a picture `[1, H, W, 3]` in about ±1.
  /// - Parameter index: its number in the run, from 0.
  mutating func write(_ pixels: Tensor, index: Int, seed: UInt64) throws -> URL {
    var url = names.url(index: index, seed: seed, prompt: "")
    try OutputNaming.prepare(url)
    while true {
      do {
        try PictureWriter.place(at: url, replacing: names.replaces) { try write(pixels, to: $0) }
        return url
      } catch is FilePlacement.Taken {
        url = names.another(index: index, seed: seed, prompt: "")
      }
    }
  }

  private func write(_ pixels: Tensor, to url: URL) throws {
    switch naming.format {
    case .png, .jpeg: try ImageFile.save(ImageTensor.images(pixels)[0], to: url, text: [])
    case .safetensors:
      try TensorFile.write(
        [("image_nhwc", Tensor(ImageTensor.unitValues(pixels)[0], shape: pixels.shape))], to: url)
    }
  }
}
