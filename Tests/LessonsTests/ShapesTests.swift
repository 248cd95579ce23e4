import DataSets
import Foundation
import Images
import Lessons
import TestSupport
import Testing
import Training

@Suite struct ShapesTests {
  private let scenes = ShapeScenes(count: 400, seed: 5)

  @Test func aNumberIsOneSceneAndCaption() throws {
    let (first, again) = (scenes.example(7, size: 32), scenes.example(7, size: 32))
    #expect(first.image.pixels == again.image.pixels && first.caption == again.caption)
    #expect(scenes.example(8, size: 32).image.pixels != first.image.pixels)
    #expect(ShapeScenes(count: 400, seed: 6).example(7, size: 32).image.pixels != first.image.pixels)
  }

  @Test func captionsSayWhatIsDrawn() {
    var (forms, colours) = (Set<String>(), Set<String>())
    for index in 0..<400 {
      let scene = scenes.scene(index)
      let words = scene.caption.split(separator: " ").map(String.init)
      for figure in scene.figures {
        let (form, colour) = (figure.form.rawValue, figure.colour.rawValue)
        #expect(words.contains { $0 == form || $0 == form + "s" || $0 == form + "es" }, "\(scene.caption)")
        #expect(words.contains(colour) && colour != scene.ground.rawValue, "\(scene.caption)")
        forms.insert(form)
        colours.insert(colour)
      }
      #expect(words.suffix(2) == [scene.ground.rawValue, "ground"] && words.contains("on"))
      #expect(!scene.caption.contains("a orange") && !scene.caption.contains("an red"))
      #expect((scene.pattern == .plain) == !words.contains { $0 == "striped" || $0 == "dotted" })
      #expect(words.contains("two") == (scene.figures.count == 2 && scene.figures[0].form == scene.figures[1].form))
    }
    #expect(forms.count == ShapeScene.Form.allCases.count && colours.count == ShapeScene.Colour.allCases.count)
  }

  /// A point of each form that is surely inside, the middle of a ring and the corners of the picture, which are not.
  @Test(arguments: ShapeScene.Form.allCases) func formsAreWhereTheyShouldBe(form: ShapeScene.Form) throws {
    let scene = try #require(
      (0..<400).map(scenes.scene).first { $0.figures.count == 1 && $0.figures[0].form == form && $0.pattern == .plain })
    let (figure, side) = (scene.figures[0], 128)
    let image = scene.image(side: side)
    func colour(_ x: Float, _ y: Float) -> [Float] {
      let at = (Int(y * Float(side)) * side + Int(x * Float(side))) * 3
      return image.pixels[at..<(at + 3)].map(Float.init)
    }
    func isNear(_ a: [Float], _ tint: SIMD3<Float>) -> Bool { (0..<3).allSatisfy { abs(a[$0] - tint[$0]) <= 16 } }
    let inside: Float = form == .ring ? 0.74 : form == .moon ? -0.7 : 0
    let (x, y) = (figure.centre.x, figure.centre.y)
    let place = (
      x + inside * figure.radius * Float(cos(Double(figure.angle))),
      y + inside * figure.radius * Float(sin(Double(figure.angle)))
    )
    #expect(isNear(colour(place.0, place.1), figure.colour.tint), "\(scene.caption)")
    #expect(isNear(colour(0.01, 0.01), scene.ground.tint) && isNear(colour(0.99, 0.99), scene.ground.tint))
    if form == .ring { #expect(isNear(colour(x, y), scene.ground.tint)) }
  }

  @Test func smallDrawingsAreTheLargeOnesMadeSmall() {
    var sum = 0.0
    for index in 0..<40 {
      let (small, large) = (scenes.example(index, size: 32).image, scenes.example(index, size: 128).image)
      let made = large.resized(width: 32, height: 32, filter: .area)
      let away = zip(small.pixels, made.pixels).reduce(0) { $0 + abs(Int($1.0) - Int($1.1)) }
      sum += Double(away) / Double(small.pixels.count)
    }
    #expect(sum / 40 < 1.5, "\(sum / 40) of 255 on average")
  }

  @Test(arguments: [
    ("{kind: shapes}", "data.count must be"), ("{kind: shapes, count: 0}", "data.count must be"),
    ("{kind: shapes, count: 9, path: x}", "data.path has nothing to say"),
    ("{kind: shapes, count: 9, fit: center-crop}", "data.fit"),
    ("{kind: shapes, count: 9, split: test}", "data.split is"),
    ("{kind: folder}", "path"),
  ])
  func dataThatCannotBe(data: String, reason: String) throws {
    LessonKinds.register()
    let folder = try ScratchFolder()
    let text = """
      kind: contrastive
      name: tiny
      data: \(data)
      size: 8
      encoder: {block_out_channels: [8], down_block_types: [DownBlock2D], attention_head_dim: 8, norm_num_groups: 4,
        projection_dim: 8}
      text_encoder: {hidden_size: 8, intermediate_size: 16, num_hidden_layers: 1, num_attention_heads: 2,
        max_position_embeddings: 20, hidden_act: gelu}
      tokenizer: nowhere
      precision: f32
      validation: 8
      recall_limit: 0
      loop: {steps: 1, batch: 2, learning_rate: 0.01}
      """
    let file = try folder.write(Array(text.utf8), "r.yaml")
    expectError([reason, "r.yaml"]) { _ = try Recipes.read(file) }
  }
}
