import Foundation
import Images
import SceneData

/// Which things are drawn so that they are nearly their own mirror images: those a model can get right without deciding
/// which way they face.
public enum DrawingSymmetry {
  /// Share of a drawing that may change when it is mirrored.
  private static let limit = 0.25
  private static let side = 48

  /// Looks at all drawings of a vocabulary's things that are there.
  /// - Throws: `noData` if none is, or what is wrong with one.
  public static func symmetricThings(_ vocabulary: SceneVocabulary, sprites folder: URL) throws -> Set<String> {
    var (symmetric, seen) = (Set<String>(), 0)
    for thing in vocabulary.things {
      let files = Set(thing.sprites.map(\.file)).sorted().map { folder.appendingPathComponent($0) }
        .filter { FileManager.default.fileExists(atPath: $0.path) }
      let changes = try files.compactMap { try ImageFile.load($0).opaquePart.map(change) }
      guard !changes.isEmpty else { continue }
      seen += 1
      if changes.reduce(0, +) / Double(changes.count) < limit { symmetric.insert(thing.name) }
    }
    guard seen > 0 else {
      throw EvaluationError.noData(path: folder.path, reason: "holds no drawing of the vocabulary's things")
    }
    return symmetric
  }

  /// How much of a drawing changes when it is mirrored: the sum of differences by the sum of values, of colours times
  /// alpha and alpha itself.
  package static func change(_ drawing: Image) -> Double {
    let small = drawing.converted(toChannels: 4).resized(width: side, height: side, filter: .area)
    func value(_ x: Int, _ y: Int, _ channel: Int) -> Double {
      let at = (y * side + x) * 4
      let alpha = Double(small.pixels[at + 3]) / 255
      return channel == 3 ? alpha : alpha * Double(small.pixels[at + channel]) / 255
    }
    var (difference, total) = (0.0, 0.0)
    for y in 0..<side {
      for x in 0..<side {
        for channel in 0..<4 {
          total += value(x, y, channel)
          difference += abs(value(x, y, channel) - value(side - 1 - x, y, channel))
        }
      }
    }
    return total > 0 ? difference / total : 0
  }
}
