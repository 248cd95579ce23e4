import Checkpoints
import Foundation
import Generation
import ModelFiles
import NN
import TensorCore

/// The networks features can be taken from.
public enum FeatureNetworks {
  /// Opens a network.
  /// - Parameter path: a file of EfficientNet-Lite0 or of FID's Inception-v3, in safetensors or as torch saves it, told
  ///   apart by its tensors; the folder of a contrastive model or classifier that was trained here, or the name of one that
  ///   comes along, such as `contrastive`; nil for the bundled model's encoder.
  /// - Throws: `EvaluationError.network`, or what is wrong with the file.
  public static func open(_ path: String?) throws -> any FeatureNetwork {
    guard let path else { return try bundled() }
    let url = URL(fileURLWithPath: path)
    var isFolder: ObjCBool = false
    if FileManager.default.fileExists(atPath: path, isDirectory: &isFolder), isFolder.boolValue {
      return try trained(url)
    }
    if !path.contains("/"), url.pathExtension.isEmpty, !FileManager.default.fileExists(atPath: path) {
      return try trained(ModelLocator().guide(path, flag: "`network`", model: url.deletingLastPathComponent()))
    }
    let file = try TensorFile(url)
    let keys = Set(file.keys)
    if keys.contains(EfficientNetLite.mark) { return try efficientNetLite0(CheckpointSource(file)) }
    if keys.contains(InceptionV3.mark) { return try inceptionV3(CheckpointSource(file)) }
    throw EvaluationError.network(
      path: path,
      reason: "is neither EfficientNet-Lite0 (no tensor \(EfficientNetLite.mark)) nor FID's Inception-v3 "
        + "(no \(InceptionV3.mark)); docs/evaluation.md says what the file must hold")
  }

  /// What `imago train` wrote.
  private static func trained(_ folder: URL) throws -> any FeatureNetwork {
    let index = folder.appendingPathComponent(GuideFolder.indexName)
    guard FileManager.default.fileExists(atPath: index.path) else {
      throw EvaluationError.network(
        path: folder.path,
        reason: "has no \(GuideFolder.indexName); give a network's file, or the folder of a contrastive model or "
          + "classifier that imago train wrote")
    }
    switch try ModelFolder.decode(GuideFolder.Index.self, from: index).kind {
    case .contrastive: return try ContrastiveFeatures(ContrastiveModel(folder))
    case .classifier: return try ClassifierFeatures(NoisyClassifier(folder))
    }
  }

  /// EfficientNet-Lite0 with weights from anywhere.
  /// - Throws: `ParameterError` unless they are its weights, all of them and no others.
  public static func efficientNetLite0(_ source: any ParameterSource) throws -> any FeatureNetwork {
    try build(source) { EfficientNetLite($0) }
  }

  /// FID's Inception-v3 with weights from anywhere; the classifier, `fc`, may be missing.
  /// - Throws: `ParameterError` unless they are its weights, all of them and no others.
  public static func inceptionV3(_ source: any ParameterSource) throws -> any FeatureNetwork {
    try build(source) { InceptionV3($0, hasClasses: source.keys.isEmpty || source.keys.contains("fc.weight")) }
  }

  private static func build<Network>(
    _ source: any ParameterSource, _ make: (ParameterPath) -> Network
  ) throws(ParameterError) -> Network {
    let store = ParameterStore(source)
    let network = make(store.root)
    try store.finish(ignoring: ["num_batches_tracked"])
    return network
  }

  /// The bundled model's encoder.
  private static func bundled() throws -> any FeatureNetwork {
    let components = try PipelineComponents.bundled()
    return try AutoencoderFeatures(components, model: components.name)
  }
}
