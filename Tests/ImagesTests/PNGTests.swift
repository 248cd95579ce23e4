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

  /// Quarters red, green, blue, white from the top left, whatever way the camera was held: by the eXIf chunk, by the text
  /// that ImageMagick writes, by XMP.
  @Test(
    arguments: (1...8).flatMap { ["orientation\($0).png", "orientation\($0)_profile.png"] } + ["orientation6_xmp.png"])
  func appliesTheOrientation(_ name: String) throws {
    let image = try ImageFile.load(ImageFixtures.url(name))
    #expect((image.width, image.height) == (32, 16))
    let colours = [(4, 4), (28, 4), (4, 12), (28, 12)].map { x, y in
      Array(image.pixels[((y * 32 + x) * 3)..<((y * 32 + x) * 3 + 3)])
    }
    #expect(colours == [[230, 20, 20], [20, 200, 20], [20, 20, 230], [240, 240, 240]])
  }

  /// A profile that is none turns nothing and stops nothing.
  @Test(arguments: [
    "", "\nexif\n 8\n4d4d002a", "\nexif\n -1\n00", "\nexif\n 99999999999999999999\n00",
    "\nexif\n 9223372036854775807\n00", "\nexif\n 4\nzzzzzzzz",
    "\nexif\n 12\n4d4d002affffffffffffffff",
  ])
  func brokenProfiles(_ text: String) throws {
    let image = ImageFixtures.noise(width: 3, height: 2, channels: 3)
    let bytes = try PNG.encode(
      image, text: [("Raw profile type exif", text), ("XML:com.adobe.xmp", "tiff:Orientation=9")])
    #expect(try PNG.decode(bytes) == image)
  }

  /// UTF-8 in a chunk whose standard says Latin-1, as several programs write it, and Latin-1 that is no UTF-8.
  @Test(
    arguments: [
      (Array("a cat \u{732b}, caf\u{e9}".utf8), "a cat \u{732b}, caf\u{e9}"), ([0x63, 0x61, 0x66, 0xe9], "caf\u{e9}"),
      ([0x61, 0xc3, 0x28], "a\u{c3}("), ([0x61, 0x7f], "a\u{7f}"), ([0xf0, 0x9f, 0x98, 0x80], "\u{1f600}"),
    ] as [([UInt8], String)])
  func plainTextInEitherEncoding(_ bytes: [UInt8], _ text: String) throws {
    var file = try PNG.encode(ImageFixtures.noise(width: 2, height: 2, channels: 1))
    // After the header, which takes 8 + 25 bytes.
    file.insert(contentsOf: chunk("tEXt", Array("parameters\0".utf8) + bytes), at: 33)
    #expect(try PNG.decodeWithText(file)["parameters"] == text)
  }

  /// Text that would be taken for UTF-8 is written so that it comes back.
  @Test(arguments: ["\u{c3}\u{a9}", "\u{e9}", "\u{f0}\u{9f}\u{98}\u{80}", "a\u{c2}\u{a0}b"]) func misleadingLatin1(
    _ text: String
  ) throws {
    let image = ImageFixtures.noise(width: 1, height: 1, channels: 1)
    #expect(try PNG.decodeWithText(PNG.encode(image, text: [("parameters", text)]))["parameters"] == text)
  }

  private func chunk(_ name: String, _ data: [UInt8]) -> [UInt8] {
    func long(_ value: UInt32) -> [UInt8] { (0..<4).map { UInt8(truncatingIfNeeded: value >> (24 - 8 * $0)) } }
    let body = Array(name.utf8) + data
    var sum: UInt32 = 0xffff_ffff
    for byte in body {
      sum ^= UInt32(byte)
      for _ in 0..<8 { sum = sum & 1 == 1 ? sum >> 1 ^ 0xedb8_8320 : sum >> 1 }
    }
    return long(UInt32(data.count)) + body + long(~sum)
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
