import Foundation
import Images
import SceneData
import Testing

/// A small vocabulary with sprites drawn on the spot, so that tests need no pictures of others.
enum SceneTestData {
  static let vocabulary = """
    sets one two
    thing cat        # a comment
      motion stand
      weight 2
      colours red blue grey
      sprites */cat:red
    thing apple
      size 1
      colours green
      sprites one/apple:red two/apple=green
    thing butterfly
      plural butterflies
      motion fly
      sprites one/butterfly@2 two/cat!
    thing fish
      plural fish
      motion swim
      sprites one/fish~30
    thing boat
      motion float
      sprites one/boat
    thing umbrella
      not table
      sprites one/umbrella
      stand-sprites one/umbrella~45
    thing house
      size 5
      hue 20 45
      sprites one/house
    """

  /// The same drawings with a house set, so that one caption has one meaning.
  static let housed = """
    sets one two
    house one
    style glossy two 30
    thing cat
      also kitty/kitties
      colours red blue black
      sprites one/cat:red< two/cat:red>
      face-sprites one/fish
    thing apple
      size 1
      colours green
      sprites */apple:red
    thing butterfly
      plural butterflies
      motion fly
      sprites one/butterfly
    thing house
      size 5
      is seat shelter
      sprites one/house
    thing umbrella
      size 4
      is face
      sprites one/umbrella
    """

  static let files = [
    "one/cat", "two/cat", "one/apple", "two/apple", "one/butterfly", "one/fish", "one/boat",
    "one/umbrella", "one/house",
  ].map { $0 + ".png" }

  /// Writes a red disc on nothing for every file and the vocabulary; gives the folder to `body`.
  static func withSprites<T>(
    except missing: Set<String> = [], _ body: (_ folder: URL, _ vocabulary: URL) throws -> T
  ) throws -> T {
    let folder = FileManager.default.temporaryDirectory
      .appendingPathComponent("scene-data-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: folder) }
    for set in ["one", "two"] {
      try FileManager.default.createDirectory(
        at: folder.appendingPathComponent(set), withIntermediateDirectories: true)
    }
    for file in files where !missing.contains(file) {
      try ImageFile.save(disc(), to: folder.appendingPathComponent(file))
    }
    let table = folder.appendingPathComponent("vocabulary.txt")
    try vocabulary.write(to: table, atomically: true, encoding: .utf8)
    return try body(folder, table)
  }

  /// A generator over those sprites; it keeps them in memory.
  static func generator(
    side: Int = 64, mix: SceneMix = SceneMix(), vocabulary text: String? = nil
  ) throws -> SceneGenerator {
    try withSprites { folder, table in
      try SceneGenerator(
        spriteDirectory: folder,
        vocabulary: text.map { try SceneVocabulary(text: $0, path: "v") } ?? SceneVocabulary(contentsOf: table),
        side: side, mix: mix)
    }
  }

  /// A disc of radius 14 in the middle of 40x40 transparent pixels, red if nothing else is said.
  static func disc(_ colour: [UInt8] = [220, 30, 30]) -> Image {
    var pixels = [UInt8](repeating: 0, count: 40 * 40 * 4)
    for y in 0..<40 {
      for x in 0..<40 where (x - 20) * (x - 20) + (y - 20) * (y - 20) <= 196 {
        pixels.replaceSubrange((y * 40 + x) * 4..<(y * 40 + x) * 4 + 4, with: colour + [255])
      }
    }
    return Image(width: 40, height: 40, channels: 4, pixels: pixels)
  }

  /// Mean red, green and blue of the square of `half` pixels around the picture's middle.
  static func middle(_ image: Image, half: Int = 4) -> (red: Int, green: Int, blue: Int) {
    var sum = [0, 0, 0]
    for y in image.height / 2 - half..<image.height / 2 + half {
      for x in image.width / 2 - half..<image.width / 2 + half {
        for c in 0..<3 { sum[c] += Int(image.pixels[(y * image.width + x) * 3 + c]) }
      }
    }
    let count = 4 * half * half
    return (sum[0] / count, sum[1] / count, sum[2] / count)
  }
}
