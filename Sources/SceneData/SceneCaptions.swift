/// Captions of generated scenes without their drawings: those `SceneGenerator` gives where all sets of drawings are there.
public struct SceneCaptions: Sendable {
  private let composer: SceneComposer
  private let captions: SceneCaption

  public init(vocabulary: SceneVocabulary, mix: SceneMix = SceneMix()) {
    composer = SceneComposer(vocabulary: vocabulary, mix: mix)
    captions = SceneCaption(vocabulary: vocabulary)
  }

  /// The caption of the scene of a seed.
  public func caption(seed: UInt64) -> String {
    var random = SceneRandom(seed: seed, stream: 1)
    let description = composer.description(&random)
    random = SceneRandom(seed: seed, stream: 2)
    return captions.caption(description, &random)
  }
}
