import Checkpoints
import Diffusion
import Files
import Foundation
import Generation
import Images
import Models
import SafeTensors
import TensorCore

/// Writes finished pictures with the settings that made them.
public struct PictureWriter: Sendable {
  public let format: OutputNaming.Format
  public let embedsParameters: Bool

  public init(format: OutputNaming.Format, embedsParameters: Bool) {
    self.format = format
    self.embedsParameters = embedsParameters
  }

  /// Why a file of that name cannot hold the settings, which are then left out of it; nil if it can.
  public func problem(storing parameters: String, in url: URL) -> String? {
    embedsParameters ? ImageFile.problem(storing: parameters, in: url) : nil
  }

  /// Writes picture `index` of a batch.
  /// - Parameters:
  ///   - parameters: its settings as metadata has them.
  ///   - replacing: whether it may take the place of a file of that name.
  ///   - finish: what is done to the 8-bit picture before; not to floats.
  /// - Throws: `FilePlacement.Taken` if the name is taken.
  public func write(
    _ batch: GeneratedBatch, index: Int, parameters: String, to url: URL, replacing: Bool = true,
    finish: (Image) -> Image = { $0 }
  ) throws {
    try Self.place(at: url, replacing: replacing) {
      try write(batch.pixels, batch.latents, index: index, parameters: parameters, to: $0, finish)
    }
  }

  /// Lets a file be written under another name and gives it its own once it is complete.
  /// - Parameters:
  ///   - replacing: whether it may take the place of a file of that name.
  ///   - write: writes to the place it is given, which has the same ending.
  /// - Throws: what `write` throws; `FilePlacement.Taken` if the name is taken.
  public static func place(at url: URL, replacing: Bool, _ write: (URL) throws -> Void) throws {
    do {
      try FilePlacement.place(at: url.path, replacing: replacing) { try write(URL(fileURLWithPath: $0)) }
    } catch {
      // Messages name the file a person asked for.
      switch error {
      case let error as PartialError: throw ImageError.unwritable(path: url.path, reason: error.description)
      case ImageError.unwritable(_, let reason), CheckpointError.unwritable(_, let reason):
        throw ImageError.unwritable(path: url.path, reason: reason)
      case ImageError.inFile(_, let inner): throw ImageError.inFile(path: url.path, inner)
      default: throw error
      }
    }
  }

  private func write(
    _ pixels: Tensor, _ latents: Tensor, index: Int, parameters: String, to url: URL, _ finish: (Image) -> Image
  ) throws {
    let pixels = pixels.slice(axis: 0, from: index, count: 1)
    switch format {
    case .png, .jpeg:
      let fits = embedsParameters && problem(storing: parameters, in: url) == nil
      let text = fits ? [(key: ImageFile.parametersKey, value: parameters)] : []
      try ImageFile.save(finish(ImageTensor.images(pixels)[0]), to: url, text: text)
    case .safetensors:
      let unit = ImageTensor.unitValues(pixels)[0]
      let latents = latents.slice(axis: 0, from: index, count: 1)
      let channelsFirst = latents.permuted([0, 3, 1, 2])
      try TensorFile.write(
        [("image_nhwc", Tensor(unit, shape: pixels.shape)), ("latents", channelsFirst)], to: url,
        metadata: embedsParameters ? [ImageFile.parametersKey: parameters] : [:])
    }
  }
}
