import Foundation
import Images
import Testing

@Suite struct PNGTests {
  /// Every colour type and depth, with and without tRNS, interlaced; pixels computed by the
  /// fixtures' script.
  @Test func decodesEveryKind() throws {
    let expected = try ImageFixtures.expected().filter { $0.key.hasPrefix("kind_") }
    #expect(expected.count == 27)
    for (name, picture) in expected {
      #expect(try PNG.decode(ImageFixtures.bytes(name)) == picture.image, "\(name)")
    }
  }

  @Test func decodesWhatPillowWrites() throws {
    let image = try PNG.decode(ImageFixtures.url("rgb.png"))
    #expect((image.width, image.height, image.channels) == (43, 31, 3))
    #expect(image.pixels == (try ImageFixtures.bytes("rgb.raw")))
    let data = try Data(contentsOf: ImageFixtures.url("grey.png"))
    #expect(try PNG.decode(data).pixels == ImageFixtures.bytes("grey.raw"))
  }

  @Test(arguments: [1, 3, 4], [1, 2, 37]) func roundTrips(_ channels: Int, _ side: Int) throws {
    let image = ImageFixtures.noise(width: side, height: side + 3, channels: channels)
    let bytes = try PNG.encode(image)
    #expect(try PNG.decode(bytes) == image)
    #expect(try PNG.encode(image) == bytes)
  }

  @Test func readsTextBeforeAndAfterThePicture() throws {
    let text = try PNG.decodeWithText(ImageFixtures.bytes("text.png")).text
    let expected: [PNG.Text] = [
      ("parameters", "a café\nSteps: 20, Sampler: Euler, Seed: 1"),
      ("Title", String(repeating: "squeezed ", count: 20)),
      ("Caption", "猫 on the moon"),
      ("zipped", String(repeating: "猫 ", count: 50)),
      ("after", "the picture"),
    ]
    #expect(text.map(\.key) == expected.map(\.key))
    #expect(text.map(\.value) == expected.map(\.value))
  }

  @Test func writesLatin1AsPlainTextAndTheRestAsUnicode() throws {
    let image = ImageFixtures.noise(width: 2, height: 2, channels: 3)
    let text: [PNG.Text] = [
      ("parameters", "café, \"x\"\nline"), ("parameters", "猫 😀"), ("empty", ""), ("nul", "a\0b"),
    ]
    let bytes = try PNG.encode(image, text: text)
    let decoded = try PNG.decodeWithText(bytes)
    #expect(decoded.text.map(\.key) == text.map(\.key))
    #expect(decoded.text.map(\.value) == ["café, \"x\"\nline", "猫 😀", "", "ab"])
    #expect(decoded["parameters"] == "café, \"x\"\nline")
    #expect(decoded["absent"] == nil)
    #expect(decoded.image == image)
    let chunks = try chunkNames(bytes)
    #expect(chunks == ["IHDR", "tEXt", "iTXt", "tEXt", "tEXt", "IDAT", "IEND"])
  }

  @Test(arguments: ["", " a", "a ", "a  b", "猫", "a\nb", String(repeating: "k", count: 80)])
  func refusesBadKeys(_ key: String) throws {
    let image = ImageFixtures.noise(width: 1, height: 1, channels: 1)
    let error = #expect(throws: ImageError.self) { try PNG.encode(image, text: [(key, "x")]) }
    guard case .unwritableText(let named, _) = error else {
      Issue.record("\(String(describing: error))")
      return
    }
    #expect(named == key)
  }

  private func chunkNames(_ bytes: [UInt8]) throws -> [String] {
    var (names, position) = ([String](), 8)
    while position + 12 <= bytes.count {
      let length = bytes[position..<(position + 4)].reduce(0) { $0 << 8 | Int($1) }
      names.append(String(decoding: bytes[(position + 4)..<(position + 8)], as: UTF8.self))
      position += 12 + length
    }
    return names
  }
}
