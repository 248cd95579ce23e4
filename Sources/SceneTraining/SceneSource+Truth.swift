import SceneData
import Training

extension SceneSource: DescribedImages {
  package func described(_ index: Int, size: Int) -> (example: CaptionedImage, truth: SceneTruth) {
    let scene = scene(index, size: size)
    return (CaptionedImage(image: scene.image, caption: scene.caption), truth(of: scene))
  }

  /// What is known of the first of the things the description names.
  func truth(of scene: Scene) -> SceneTruth {
    let named = scene.description.items.first?.thing
    guard let figure = scene.figures.first(where: { $0.name == named }) ?? scene.figures.first else {
      preconditionFailure("a scene without figures")
    }
    let facing: Int
    switch figure.facing {
    case nil: facing = 0
    case .left: facing = 1
    case .right: facing = 2
    }
    return SceneTruth(
      thing: figure.thing, hand: hands[figure.set] ?? 0, facing: facing,
      box: [figure.box.x, figure.box.y, figure.box.width, figure.box.height], figures: scene.figures.count)
  }
}

extension SceneSource: PairedImages {
  /// A single thing of the usual hand, and the same scene with it turned round; the caption speaks of no side.
  package func pair(_ number: UInt64, size: Int) -> (seen: CaptionedImage, other: CaptionedImage)? {
    let description = generator.description(seed: number)
    guard description.items.count == 1, description.style == nil, let item = description.items.first, item.count == 1,
      item.facing == nil, let seen = drawn(description, number, size),
      let facing = seen.figures.first?.facing
    else { return nil }
    var turned = description
    turned.items[0].facing = facing == .left ? .right : .left
    guard let other = drawn(turned, number, size) else { return nil }
    func captioned(_ scene: Scene) -> CaptionedImage { CaptionedImage(image: scene.image, caption: seen.caption) }
    return (captioned(seen), captioned(other))
  }

  private func drawn(_ description: SceneDescription, _ seed: UInt64, _ size: Int) -> Scene? {
    if SceneGenerator.sides.contains(size) { return generator.scene(description, seed: seed, side: size) }
    guard var scene = generator.scene(description, seed: seed) else { return nil }
    scene.image = scene.image.resized(width: size, height: size, filter: .area)
    return scene
  }
}
