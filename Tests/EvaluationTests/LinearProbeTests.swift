import Evaluation
import Foundation
import Images
import SceneData
import TensorCore
import TestSupport
import Testing

/// A network that sees the mean colour of a picture's quarters.
struct ColourNetwork: FeatureNetwork {
  let readsTexts = true
  let name = "mean colours"
  let featureCount = 3

  func input(_ image: Image) -> Tensor {
    let small = image.converted(toChannels: 3).resized(width: 2, height: 2, filter: .area)
    return Tensor(small.pixels.map { Float($0) / 127.5 - 1 }, shape: [1, 2, 2, 3])
  }

  func features(_ images: Tensor) -> NetworkFeatures {
    let pooled = images.mean(axes: [1, 2])
    return NetworkFeatures(pooled: pooled, places: images, common: pooled, logits: pooled * 4)
  }

  func textFeatures(_ texts: [String]) -> Tensor? {
    let values = texts.flatMap { text in ["red", "green", "blue"].map { Float(text.contains($0) ? 1 : -1) } }
    return Tensor(values, shape: [texts.count, 3])
  }
}

@Suite struct LinearProbeTests {
  private static let colours: [(name: String, value: [UInt8])] = [
    ("red", [250, 10, 10]), ("green", [10, 250, 10]), ("blue", [10, 10, 250]),
  ]

  /// A picture of two halves, left and right.
  private static func picture(_ left: Int, _ right: Int, noise: Int) -> Image {
    var pixels: [UInt8] = []
    for at in 0..<64 {
      let shift = (at * 7 + noise * 13) % 21 - 10
      pixels += colours[at % 8 < 4 ? left : right].value.map { UInt8(max(0, min(255, Int($0) + shift))) }
    }
    return Image(width: 8, height: 8, channels: 3, pixels: pixels)
  }

  /// Pictures of one thing named after its colour, and of two side by side.
  private static func set(_ shown: [(left: Int, right: Int)], told: [(left: Int, right: Int)]? = nil) -> JudgedPictures
  {
    let told = told ?? shown
    return JudgedPictures(
      place: "here", names: told.indices.map { "\($0)" }, captions: told.map { "a \(colours[$0.left].name) thing" },
      truths: told.map { left, right in
        let items = (left == right ? [left] : [left, right]).map { SceneDescription.Item(thing: colours[$0].name) }
        return PictureTruth(
          SceneDescription(items: items, relation: items.count == 2 ? .leftAndRight : nil, place: .plain))
      }, load: { picture(shown[$0].left, shown[$0].right, noise: $0) })
  }

  private static let single = (0..<24).map { ($0 % 3, $0 % 3) }

  @Test func namesWhatItWasShown() throws {
    let network = ColourNetwork()
    let probe = try LinearProbe(try PictureFeatures(Self.set(Self.single), network), network: network)
    #expect(probe.questions == ["thing"] && probe.answers(to: "thing") == ["blue", "green", "red"])
    let other = try PictureFeatures(Self.set([(2, 2), (0, 0), (1, 1), (0, 0)]), network)
    #expect(probe.answer("thing", other.pooled) == ["blue", "red", "green", "red"])
    #expect(probe.answer("weather", other.pooled) == nil)
    // The same probe from its file.
    let file = FileManager.default.temporaryDirectory.appendingPathComponent("\(UUID().uuidString).safetensors")
    defer { try? FileManager.default.removeItem(at: file) }
    try probe.write(to: file)
    let read = try LinearProbe(contentsOf: file, for: network)
    #expect(read.answer("thing", other.pooled) == probe.answer("thing", other.pooled))
  }

  /// Pictures of two things teach both.
  @Test func scenesOfTwoThingsTeachBoth() throws {
    let network = ColourNetwork()
    let pairs = (0..<24).map { ($0 % 3, ($0 + 1) % 3) }
    let probe = try LinearProbe(try PictureFeatures(Self.set(pairs), network), network: network)
    #expect(probe.answers(to: "thing") == ["blue", "green", "red"])
    let single = try PictureFeatures(Self.set([(2, 2), (0, 0), (1, 1)]), network)
    #expect(probe.answer("thing", single.pooled) == ["blue", "red", "green"])
  }

  /// Things that the probe names in real pictures are judged by themselves too.
  @Test func judgesWhatItKnowsWell() throws {
    let network = ColourNetwork()
    var probe = try LinearProbe(try PictureFeatures(Self.set(Self.single), network), network: network)
    #expect(probe.knownWell == nil)
    // Two of ten green ones are blue, no red one is; of blue there are four.
    let told = (0..<24).map { $0 < 10 ? (0, 0) : $0 < 20 ? (1, 1) : (2, 2) }
    let drawn = told.indices.map { $0 == 12 || $0 == 13 ? (2, 2) : told[$0] }
    try probe.findKnownWell(in: try PictureFeatures(Self.set(drawn, told: told), network))
    #expect(probe.knownWell == ["red"])
    let asked = [(0, 0), (1, 1), (0, 0), (0, 1)]
    let generated = try PictureFeatures(
      Self.set([(0, 0), (1, 1), (1, 1), (0, 1)], told: asked), network, wantsHalves: true)
    let groups = ProbeJudgement(
      probe, generated: generated, real: nil, symmetric: nil, Resampling(draws: 50)
    ).groups
    let found = groups.first { $0.name == "single thing, known well" }
    #expect(found?.count == 2 && found?.found.value == 0.5)
    // Both of a pair must be known well.
    #expect(groups.contains { $0.name == "both things" } && !groups.contains { $0.name == "both things, known well" })
    let file = FileManager.default.temporaryDirectory.appendingPathComponent("\(UUID().uuidString).safetensors")
    defer { try? FileManager.default.removeItem(at: file) }
    try probe.write(to: file)
    #expect(try LinearProbe(contentsOf: file, for: network).knownWell == ["red"])
    // Four of each are too few to say.
    let few = try PictureFeatures(Self.set(Array(told.prefix(4))), network)
    #expect(throws: EvaluationError.self) { try probe.findKnownWell(in: few) }
  }

  @Test func judgesScenesByGroups() throws {
    let network = ColourNetwork()
    let probe = try LinearProbe(try PictureFeatures(Self.set(Self.single), network), network: network)
    let asked = [(0, 0), (1, 1), (2, 2), (1, 1), (0, 1), (1, 2), (2, 0)]
    // The second of the single ones, and the order of the first pair, come out wrong.
    let drawn = [(0, 0), (2, 2), (2, 2), (1, 1), (1, 0), (1, 2), (2, 0)]
    let real = try PictureFeatures(Self.set(asked), network, wantsHalves: true)
    let generated = try PictureFeatures(Self.set(drawn, told: asked), network, wantsHalves: true)
    let groups = ProbeJudgement(
      probe, generated: generated, real: real, symmetric: ["red", "blue"], Resampling(draws: 50)
    ).groups
    func group(_ name: String) throws -> ProbeJudgement.Group { try #require(groups.first { $0.name == name }) }
    #expect(try group("single thing").count == 4)
    #expect(try group("single thing").found.value == 0.75 && group("single thing").real?.value == 1)
    #expect(try group("single thing").ratio?.value == 0.75)
    #expect(try group("symmetric thing").found.value == 1 && group("asymmetric thing").found.value == 0.5)
    #expect(try group("both things").found.value == 1 && group("both things").count == 3)
    let related = try group("standing as told")
    #expect(abs(related.found.value - 2.0 / 3) < 1e-12 && related.real?.value == 1)
    // What is not even found in real pictures gives no quotient, and is no trouble for JSON.
    let blind = try PictureFeatures(Self.set([(1, 1), (2, 2), (0, 0)], told: [(0, 0), (1, 1), (2, 2)]), network)
    let none = ProbeJudgement(probe, generated: blind, real: blind, symmetric: nil, Resampling(draws: 50)).groups
    #expect(none.first?.real?.value == 0 && none.first?.ratio == nil)
    _ = try JSONEncoder().encode(none)
  }

  @Test func measuresEverythingAtOnce() throws {
    var evaluation = PictureEvaluation(ColourNetwork())
    evaluation.resampling = Resampling(draws: 50)
    let real = try PictureFeatures(Self.set(Self.single), evaluation.network)
    let other = try PictureFeatures(Self.set([(0, 0), (1, 1), (2, 2), (0, 1), (1, 2)]), evaluation.network)
    let report = try evaluation.report(other, reference: real)
    #expect(
      report.measures.map(\.name) == [
        "fid", "kid", "precision", "recall", "is", "agreement", "agreement with others' texts",
      ])
    #expect(report.measures.allSatisfy { $0.estimate.value.isFinite })
    // Too few pictures for a covariance of three features: the kernel distance stands in.
    evaluation.metrics = [.fid]
    let few = try PictureFeatures(Self.set([(0, 0), (1, 1), (2, 2)]), evaluation.network)
    #expect(throws: EvaluationError.self) { try evaluation.report(few, reference: real) }
    let four = try PictureFeatures(Self.set([(0, 0), (1, 1), (2, 2), (2, 2)]), FourFeatures())
    let wide = try PictureFeatures(Self.set(Self.single), FourFeatures())
    evaluation.network = FourFeatures()
    let substitute = try evaluation.report(four, reference: wide)
    #expect(substitute.measures.map(\.name) == ["kid"])
    #expect(substitute.notes.contains { $0.contains("4 pictures are too few") })
  }

  @Test func drawingsThatAreTheirOwnMirrorImages() {
    func drawing(_ isOpaque: (Int, Int) -> Bool) -> Image {
      Image(
        width: 20, height: 20, channels: 4,
        pixels: (0..<400).flatMap { [200, 100, 50, isOpaque($0 % 20, $0 / 20) ? 255 : 0] as [UInt8] })
    }
    #expect(DrawingSymmetry.change(drawing { x, y in (x - 10) * (x - 9) + y * y < 300 }) < 0.05)
    #expect(DrawingSymmetry.change(drawing { x, y in x < 5 || y > 15 }) > 0.5)
  }
}

/// As many features as pictures.
private struct FourFeatures: FeatureNetwork {
  let name = "four numbers"
  let featureCount = 4
  func input(_ image: Image) -> Tensor { ColourNetwork().input(image) }
  func features(_ images: Tensor) -> NetworkFeatures {
    let mean = images.mean(axes: [1, 2])
    return NetworkFeatures(pooled: .concatenate([mean, mean.slice(axis: 1, from: 0, count: 1)], axis: 1))
  }
}
