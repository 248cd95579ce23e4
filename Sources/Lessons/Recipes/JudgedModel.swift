import Evaluation
import Files
import Foundation
import Images
import TensorCore
import Training

/// A generative model in a run's folder, measured and drawn when it is finished; its weights are those of the state.
final class JudgedModel: Artifact {
  private let recipe: GenerativeRecipe
  private let model: any GenerativeModel
  private let source: VectorSource
  private let folder: URL
  private(set) var found: LessonResult?
  private static let drawnSeed: UInt64 = 1

  init(recipe: GenerativeRecipe, model: any GenerativeModel, source: VectorSource, folder: URL) {
    (self.recipe, self.model, self.source, self.folder) = (recipe, model, source, folder)
  }

  func preview(step: Int) throws -> [URL] { [] }

  func write(step: Int, isLast: Bool) throws -> [URL] {
    guard isLast else { return [] }
    let real = try source.heldBackVectors()
    let start = ContinuousClock.now
    let drawn = model.sample(recipe.samples, seed: Self.drawnSeed)
    let seconds = start.duration(to: .now) / .seconds(1)
    let result = try judged(drawn, real, samplingSeconds: seconds)
    found = result
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
    let file = folder.appendingPathComponent(LessonResult.file)
    try RunFiles.write(try encoder.encode(result), to: file)
    let picture = folder.appendingPathComponent("samples.png")
    try ImageFile.save(try image(drawn, real), to: picture, text: [])
    return [file, picture]
  }

  private func judged(_ drawn: Tensor, _ real: Tensor, samplingSeconds: Double) throws -> LessonResult {
    let likelihood = model.logLikelihood(real, seed: Self.drawnSeed).map { $0.reduce(0, +) / Double($0.count) }
    var ownLikelihood: Double?
    var others = real
    switch source.data {
    case .moons(let moons):
      let points = Self.points(real)
      ownLikelihood = points.map(moons.logDensity).reduce(0, +) / Double(points.count)
      others = try source.heldBackVectors(stream: 1)
    case .pictures:
      var random = (0..<real.shape[0]).map { ExampleRandom(seed: 5, example: $0, epoch: 0) }
      others = try source.batch((0..<real.shape[0]).map { Draw(index: $0, epoch: 0) }, random: &random)
    }
    // What was logged holds the whole run, stopped or not.
    let log = try LossCurve.read(folder)
    let steps = zip(log, [0] + log.map(\.step)).map { Double($0.step - $1) / $0.samplesPerSecond }
    return LessonResult(
      name: recipe.name, model: recipe.model.rawValue, parameters: model.groups.reduce(0) { $0 + $1.size },
      distance: EnergyDistance.between(drawn, real), distanceOfReal: EnergyDistance.between(others, real),
      trainingSeconds: steps.reduce(0, +) * Double(recipe.loop.batch * recipe.loop.accumulate),
      samplingSeconds: samplingSeconds * 1000 / Double(recipe.samples), likelihood: likelihood,
      likelihoodOfData: ownLikelihood, likelihoodKind: model.likelihoodKind, width: source.data.width)
  }

  // MARK: - Pictures

  /// Vectors of two numbers as points.
  static func points(_ vectors: Tensor) -> [SIMD2<Float>] {
    let values = vectors.floats()
    return (0..<vectors.shape[0]).map { SIMD2(values[2 * $0], values[2 * $0 + 1]) }
  }

  private func image(_ drawn: Tensor, _ real: Tensor) throws -> Image {
    switch source.data {
    case .pictures(_, let side): return Self.pictures(drawn, side: side)
    case .moons(let moons):
      var panels = [PlanePlot("points held back", reach: Self.reach), PlanePlot("samples", reach: Self.reach)]
      panels[0].dots(Self.points(real))
      panels[1].dots(Self.points(drawn))
      panels.append(densityPanel(moons))
      if let scores = model as? ScoreModel { panels.append(pathsPanel(scores)) }
      return ImageGrid.make(panels.map { $0.image() }, columns: panels.count, padding: 4)
    }
  }

  private static let reach: Float = 2.2
  private static let (cells, arrowCells) = (90, 18)

  /// The model's density where it has one, the data's otherwise, and scores where it has those.
  private func densityPanel(_ moons: TwoMoons) -> PlanePlot {
    var panel = PlanePlot(
      model.likelihoodKind == .none ? "the data's density" : "the model's density", reach: Self.reach)
    let places = panel.grid(Self.cells)
    let logs =
      model.logLikelihood(Self.tensor(places), seed: Self.drawnSeed) ?? places.map(moons.logDensity)
    panel.shade(logs.map { Float(exp($0)) })
    if let scores = model as? ScoreModel {
      let starts = panel.grid(Self.arrowCells)
      // At a level at which the two moons can still be told apart.
      let ends = Self.points(scores.score(Self.tensor(starts), Self.arrowLevel))
      panel.arrows(zip(starts, ends).map { (from: $0, along: $1) }, length: 0.3)
    }
    return panel
  }

  private static let arrowLevel = 0.2
  private static let followed = 40

  /// Ways from noise to samples.
  private func pathsPanel(_ scores: ScoreModel) -> PlanePlot {
    var panel = PlanePlot("\(Self.followed) paths from noise", reach: Self.reach)
    var stations: [[SIMD2<Float>]] = []
    let ends = Self.points(
      scores.path(Self.followed, seed: Self.drawnSeed) { stations.append(Self.points($0)) })
    for point in 0..<Self.followed { panel.path(stations.map { $0[point] }, PlanePlot.blue) }
    panel.dots(ends, radius: 3, PlanePlot.orange)
    return panel
  }

  private static func tensor(_ points: [SIMD2<Float>]) -> Tensor {
    Tensor(points.flatMap { [$0.x, $0.y] }, shape: [points.count, 2])
  }

  /// The first 64 vectors as grey pictures, each number three pixels wide.
  private static func pictures(_ vectors: Tensor, side: Int) -> Image {
    let values = vectors.floats()
    let images = (0..<min(64, vectors.shape[0])).map { index in
      Image(
        width: side, height: side, channels: 1,
        pixels: (0..<(side * side)).map { UInt8(min(max((values[index * side * side + $0] + 1) * 127.5, 0), 255)) }
      ).resized(width: 3 * side, height: 3 * side, filter: .nearest)
    }
    return ImageGrid.make(images, columns: 16, padding: 4)
  }
}
