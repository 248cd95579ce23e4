import Foundation
import Images

/// Pairs of pictures that one caption fits equally well, made of cut-out drawings.
public struct PicturePairs: Sendable {
  /// What the two pictures of a pair differ in.
  public enum Kind: String, CaseIterable, Sendable {
    /// One is the other's mirror image.
    case facing
    /// The same thing drawn by another hand.
    case hand
    case size
    case place
  }

  /// One pair; the first picture is the one that is shown.
  public struct Pair: Sendable {
    public let first, second: Image
    public let caption: String
  }

  /// A drawing's name, and the word for it.
  private static let things = [
    "cat": "cat", "dog": "dog", "horse": "horse", "fish": "fish", "rocket": "rocket", "banana": "banana",
    "tiger": "tiger", "elephant": "elephant", "duck": "duck", "snail": "snail", "house": "house",
    "automobile": "car", "pizza": "pizza", "robot": "robot", "owl": "owl", "balloon": "balloon",
  ]
  private static let order = [
    "cat", "dog", "horse", "fish", "rocket", "banana", "tiger", "elephant", "duck", "snail", "house", "automobile",
    "pizza", "robot", "owl", "balloon",
  ]
  /// The sets of drawings that are looked for.
  public static let hands = ["noto", "twemoji", "fluent3d", "fluentflat"]

  private let folder: URL
  private let side: Int
  private let shown: [String]

  /// - Parameters:
  ///   - folder: holds `SET/NAME.png`.
  ///   - side: pixels of the pictures.
  ///   - shown: hands whose drawings are the first of a pair; those of the next hand stand against them.
  public init(folder: URL, side: Int, shown: [String] = Self.hands) {
    (self.folder, self.side, self.shown) = (folder, side, shown)
  }

  /// All pairs of a kind whose drawings are there.
  /// - Throws: `noData` if there is none, or what is wrong with a drawing.
  public func pairs(_ kind: Kind) throws -> [Pair] {
    var result: [Pair] = []
    for name in Self.order {
      for (index, hand) in Self.hands.enumerated() where shown.contains(hand) {
        let other = Self.hands[(index + 1) % Self.hands.count]
        guard let first = try drawing(hand, name), let second = try drawing(other, name) else { continue }
        let word = Self.things[name] ?? name
        let images =
          switch kind {
          case .facing: (picture(first), picture(first.flippedHorizontally()))
          case .hand: (picture(first), picture(second))
          case .size: (picture(first, spaces: 9), picture(first, spaces: 12))
          case .place: (picture(first, shift: -1), picture(first, shift: 1))
          }
        let article = "aeiou".contains(word.prefix(1)) ? "an" : "a"
        result.append(Pair(first: images.0, second: images.1, caption: "\(article) \(word)"))
      }
    }
    guard !result.isEmpty else {
      throw EvaluationError.noData(
        path: folder.path,
        reason: "has no drawings by two neighbouring hands of \(Self.hands.joined(separator: ", ")); the head of "
          + "Pipelines/data/scenes-256-vocabulary.txt says where they come from")
    }
    return result
  }

  /// A drawing cut to what is not transparent; nil if there is none.
  private func drawing(_ hand: String, _ name: String) throws -> Image? {
    let url = folder.appendingPathComponent("\(hand)/\(name).png")
    guard FileManager.default.fileExists(atPath: url.path) else { return nil }
    let image = try ImageFile.load(url)
    guard let part = image.opaquePart else {
      throw EvaluationError.noData(path: url.path, reason: "has no opaque pixel")
    }
    return part
  }

  /// A drawing on light grey, at twice the size, then reduced. It lies on lines that divide the side into sixteen spaces, as
  /// things do in scenes with such a grid: a model that learnt from those has not seen them elsewhere.
  /// - Parameters:
  ///   - spaces: what its longer side spans.
  ///   - shift: spaces from the middle to the right.
  private func picture(_ drawing: Image, spaces: Int = 10, shift: Int = 0) -> Image {
    let large = 2 * side
    let space = Double(large) / 16
    let scale = Double(spaces) * space / Double(max(drawing.width, drawing.height))
    let scaled = drawing.resized(
      width: max(1, Int(Double(drawing.width) * scale)), height: max(1, Int(Double(drawing.height) * scale)),
      filter: .lanczos3)
    let ground = Image(
      width: large, height: large, channels: 3, pixels: [UInt8](repeating: 250, count: large * large * 3))
    func line(_ place: Int) -> Int { Int(((Double(place) / space).rounded()) * space) }
    let x = line((large - scaled.width) / 2) + Int(Double(shift) * space)
    let y = line((large + scaled.height) / 2) - scaled.height
    return scaled.composited(over: ground, atX: x, y: y).resized(width: side, height: side, filter: .area)
  }
}

extension Image {
  /// The smallest rectangle with everything that is not wholly transparent; nil if all is.
  var opaquePart: Image? {
    guard channels == 4 else { return self }
    let places = (0..<(width * height)).filter { pixels[4 * $0 + 3] > 0 }
    let (rows, columns) = (places.map { $0 / width }, places.map { $0 % width })
    guard let left = columns.min(), let right = columns.max(), let top = rows.first, let bottom = rows.last else {
      return nil
    }
    return cropped(x: left, y: top, width: right - left + 1, height: bottom - top + 1)
  }
}
