import Checkpoints
import Foundation
import Images
import TensorCore

/// How a picture was changed, for the metadata of the result; nil for what does not apply.
public struct EditParameters: Sendable, Equatable {
  public var strength: Double?
  /// What the picture showed before, for an edit by description.
  public var source: String?
  /// How closely an instruction model kept to the picture.
  public var imageGuidance: Float?
  /// The layout, if there was a mask.
  public var mask: CanvasOptions?

  public init() {}

  /// Under AUTOMATIC1111's names where it has one.
  var fields: [GenerationParameters.Field] {
    var fields: [GenerationParameters.Field] = []
    if let strength { fields.append(("Denoising strength", "\(strength)")) }
    if let imageGuidance { fields.append(("Image CFG scale", "\(imageGuidance)")) }
    if let source { fields.append(("Edit source", source)) }
    if let mask {
      fields.append(("Mask blur", "\(mask.maskBlur)"))
      if let content = mask.content { fields.append(("Masked content", content.rawValue)) }
      if mask.area == .masked {
        fields.append(("Inpaint area", "Only masked"))
        fields.append(("Masked area padding", "\(mask.padding)"))
      }
    }
    return fields
  }
}

extension PictureWriter {
  /// Writes picture `index` of a batch of changed pictures.
  public func write(
    _ batch: GeneratedBatch, index: Int, settings: Settings, edit: EditParameters, to url: URL
  ) throws {
    var parameters = settings.parameters
    // The program's version stays last.
    let at = parameters.fields.firstIndex { $0.key == "Version" } ?? parameters.fields.count
    parameters.fields.insert(contentsOf: edit.fields, at: at)
    let text = embedsParameters ? [(key: ImageFile.parametersKey, value: parameters.format())] : []
    let pixels = batch.pixels.slice(axis: 0, from: index, count: 1)
    switch format {
    case .png, .jpeg: try ImageFile.save(ImageTensor.images(pixels)[0], to: url, text: text)
    case .safetensors:
      let latents = batch.latents.slice(axis: 0, from: index, count: 1).permuted([0, 3, 1, 2])
      let unit = Tensor(ImageTensor.unitValues(pixels)[0], shape: pixels.shape)
      try TensorFile.write(
        [("image_nhwc", unit), ("latents", latents)], to: url,
        metadata: Dictionary(uniqueKeysWithValues: text.map { ($0.key, $0.value) }))
    }
  }
}
