import Checkpoints
import Foundation
import Models

/// A pipeline on pixels, told no words: its network and noise schedule in their folders.
struct PixelPipelineFolder {
  let network: ModelFolder
  let config: any DenoisingNetworkConfig

  /// nil for a folder that holds another kind of pipeline.
  init?(_ folder: URL, _ index: ModelIndex, variant: String?) throws {
    guard let (part, type) = NetworkClass.find(in: index, among: NetworkClass.all),
      type == UNet2DModel.self || index.component("vae") == nil
    else { return nil }
    let network = ModelFolder(folder.appendingPathComponent(part.rawValue), variant: variant)
    config = try NetworkClass.config(of: type) { try network.decode($0) }
    self.network = network
    if config.contextWidth != nil { return nil }
  }
}
