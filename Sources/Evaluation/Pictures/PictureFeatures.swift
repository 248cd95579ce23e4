import Images
import TensorCore

/// Features of a set of pictures, a row for each that could be read.
public struct PictureFeatures: Sendable {
  /// The pictures, without those that cannot be read.
  public let pictures: JudgedPictures
  /// `[n, d]`.
  public let pooled: DoubleMatrix
  /// `[n, P]`, in the space that texts share; nil for networks that do not read.
  public let common: DoubleMatrix?
  /// `[n, classes]`; nil for networks that name nothing.
  public let logits: DoubleMatrix?
  /// The same as `pooled` over the left, right, upper and lower half alone; empty unless wanted.
  public let halves: [DoubleMatrix]
  /// What is wrong with the others, a line each.
  public let skipped: [String]

  /// Pictures that go through the network together.
  private static let batch = 16

  /// Takes all pictures through a network.
  /// - Parameters:
  ///   - wantsHalves: whether features of halves are wanted, from networks that have features of places.
  ///   - progress: told how many are done; throw to stop.
  /// - Throws: `noData` if not one can be read.
  public init(
    _ pictures: JudgedPictures, _ network: any FeatureNetwork, wantsHalves: Bool = false,
    progress: (_ done: Int) throws -> Void = { _ in }
  ) throws {
    var (kept, skipped) = ([Int](), [String]())
    var (pooled, common, logits) = ([Tensor](), [Tensor](), [Tensor]())
    var halves: [[Tensor]] = Array(repeating: [], count: 4)
    for start in stride(from: 0, to: pictures.count, by: Self.batch) {
      var inputs: [Tensor] = []
      for index in start..<min(start + Self.batch, pictures.count) {
        do {
          inputs.append(network.input(try pictures.image(index)))
          kept.append(index)
        } catch let error as ImageError {
          skipped.append("\(pictures.names[index]): \(error)")
        }
      }
      if !inputs.isEmpty {
        let features = try network.features(.concatenate(inputs, axis: 0))
        pooled.append(features.pooled)
        if let found = features.common { common.append(found) }
        if let found = features.logits { logits.append(found) }
        if wantsHalves, let places = features.places {
          for (side, half) in Self.halves(places).enumerated() { halves[side].append(half) }
        }
      }
      try progress(min(start + Self.batch, pictures.count))
    }
    guard !pooled.isEmpty else {
      let first = skipped.first.map { ": \($0)" } ?? ""
      throw EvaluationError.noData(path: pictures.place, reason: "no picture in it can be read\(first)")
    }
    self.pictures = pictures.some(kept)
    func joined(_ parts: [Tensor]) -> DoubleMatrix? {
      parts.isEmpty ? nil : DoubleMatrix(.concatenate(parts, axis: 0))
    }
    self.pooled = DoubleMatrix(.concatenate(pooled, axis: 0))
    (self.common, self.logits, self.halves) = (joined(common), joined(logits), halves.compactMap(joined))
    self.skipped = skipped
    guard self.pooled.values.allSatisfy(\.isFinite) else {
      throw EvaluationError.network(path: network.name, reason: "its features hold no numbers: the file is damaged")
    }
  }

  public var count: Int { pooled.rows }

  /// Means over the left, right, upper and lower half; a middle row or column belongs to both.
  private static func halves(_ places: Tensor) -> [Tensor] {
    [2, 2, 1, 1].enumerated().map { side, axis in
      let length = places.shape[axis]
      let count = (length + 1) / 2
      return places.slice(axis: axis, from: side % 2 == 0 ? 0 : length - count, count: count).mean(axes: [1, 2])
    }
  }
}
