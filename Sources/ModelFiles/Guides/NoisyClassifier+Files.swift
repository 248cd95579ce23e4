import Conditioning
import Foundation
import Generation
import Models
import NN

extension NoisyClassifier {
  /// Loads what `imago train` wrote, strictly.
  /// - Parameter url: the folder, or its `guide.json`.
  public init(_ url: URL) throws {
    let folder = GuideFolder(url)
    let index = try folder.index(.classifier, flag: "`classifier`")
    let part = folder.part("encoder")
    let config = try part.decode(EncoderUNet2DConfig.self)
    guard let classes = index.classes, classes.count == config.projectionDim, config.inChannels == index.space.channels
    else {
      throw GenerationError.noModel(
        path: folder.url.path,
        reason: "names \(index.classes?.count ?? 0) classes of \(index.space.channels) channels, its network has "
          + "\(config.projectionDim) of \(config.inChannels)")
    }
    self.init(
      network: try part.load { path, _ in EncoderUNet2DModel(path, config) }.model, classes: classes,
      space: index.space, scheduler: try folder.scheduler(), name: folder.name)
  }
}
