import Checkpoints
import Conditioning
import Foundation
import Generation
import Models
import NN
import TensorCore
import Tokenizers

/// The two models that are trained together.
struct Trainee {
  let text: CLIPTextModel
  let unet: UNet2DConditionModel
  let textParameters, unetParameters: [Parameter]

  /// What is trained.
  var groups: [ParameterGroup] {
    [("text_encoder", textParameters), ("unet", unetParameters)].compactMap { name, parameters in
      let trained = parameters.filter(\.isTrainable)
      return trained.isEmpty ? nil : ParameterGroup(name, trained)
    }
  }

  init(_ recipe: TextToImageRecipe, tokenizer: CLIPTokenizer) throws {
    let parts = recipe.train ?? TextToImageRecipe.Part.allCases
    let (trainsText, trainsUNet) = (parts.contains(.textEncoder), parts.contains(.unet))
    if let start = recipe.startFrom {
      let folder = URL(fileURLWithPath: start)
      let textFolder = ModelFolder(folder.appendingPathComponent("text_encoder"))
      let config = try textFolder.decode(CLIPTextConfig.self)
      func makeText(_ path: ParameterPath, _ keys: [String]) -> CLIPTextModel {
        CLIPTextModel(path, config, prefixed: CLIPTextModel.isPrefixed(keys))
      }
      (text, textParameters) = try textFolder.load(isTrainable: { _ in trainsText }, makeText)
      let unetFolder = ModelFolder(folder.appendingPathComponent("unet"))
      func makeUNet(_ path: ParameterPath, _ keys: [String]) -> UNet2DConditionModel {
        UNet2DConditionModel(path, recipe.unet)
      }
      (unet, unetParameters) = try unetFolder.load(isTrainable: { _ in trainsUNet }, makeUNet)
      return
    }
    var config = recipe.textEncoder
    config.vocabularySize = tokenizer.vocabularySize
    config.endTokenID = Int(tokenizer.endID)
    let seed = recipe.loop.seed
    let textStore = ParameterStore(RandomInitialization(seed: seed), isTrainable: { _ in trainsText })
    text = CLIPTextModel(textStore.root, config)
    let unetStore = ParameterStore(RandomInitialization(seed: seed &+ 1), isTrainable: { _ in trainsUNet })
    unet = UNet2DConditionModel(unetStore.root, recipe.unet)
    if recipe.zeroEnds == true { ZeroStart.apply(unetStore.parameters) }
    (textParameters, unetParameters) = (textStore.parameters, unetStore.parameters)
  }

  /// A pipeline over the models as they are at the time of use.
  func pipeline(
    _ autoencoder: AutoencoderKL, _ tokenizer: CLIPTokenizer, _ recipe: TextToImageRecipe
  ) -> TextToImage {
    TextToImage(
      PipelineComponents(
        text: CLIPTextEncoding([CLIPTextEncoder(tokenizer: tokenizer, model: text)]), network: unet,
        autoencoder: .kl(autoencoder), scheduler: recipe.scheduler, name: recipe.name),
      precision: recipe.precision)
  }
}
