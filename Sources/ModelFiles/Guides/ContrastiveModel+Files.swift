import Conditioning
import Foundation
import Generation
import Models
import NN
import Tokenizers

extension ContrastiveModel {
  /// Loads what `imago train` wrote, strictly.
  /// - Parameter url: the folder, or its `guide.json`.
  public init(_ url: URL) throws {
    let folder = GuideFolder(url)
    let index = try folder.index(.contrastive, flag: "--guide")
    let (imagePart, textPart) = (folder.part("image_encoder"), folder.part("text_encoder"))
    let config = try imagePart.decode(EncoderUNet2DConfig.self)
    let textConfig = try textPart.decode(CLIPTextConfig.self)
    guard let scale = index.logitScale, textConfig.hasProjection, textConfig.projectionSize == config.projectionDim,
      config.inChannels == index.space.channels
    else {
      throw GenerationError.noModel(
        path: folder.url.path,
        reason: "needs a logit_scale, and encoders that project to one width: \(config.projectionDim) and "
          + "\(textConfig.hasProjection ? textConfig.projectionSize : 0)")
    }
    let tokenizer = try CLIPTokenizer(directory: folder.part("tokenizer").url)
    let text = try textPart.load { path, keys in
      CLIPTextModel(path, textConfig, prefixed: CLIPTextModel.isPrefixed(keys))
    }.model
    self.init(
      image: try imagePart.load { path, _ in EncoderUNet2DModel(path, config) }.model,
      text: CLIPTextEncoder(tokenizer: tokenizer, model: text), logitScale: scale, space: index.space,
      scheduler: try folder.scheduler(), name: folder.name)
  }
}
