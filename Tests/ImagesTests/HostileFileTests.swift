import Foundation
import Images
import Testing

@Suite struct HostileFileTests {
  private func expectCorrupt(
    _ format: ImageError.Format, _ note: String, _ body: () throws -> Image
  ) {
    let error = #expect(throws: ImageError.self, "\(note)") { try body() }
    guard case .corrupt(format, let reason)? = error else {
      Issue.record("\(note): \(String(describing: error))")
      return
    }
    #expect(!reason.isEmpty && !reason.contains("\n"), "\(note)")
  }

  @Test(arguments: ["rgb.png", "kind_interlaced.png", "kind_palette4_trns.png", "text.png"])
  func everyCutOfAPNGIsAnError(_ name: String) throws {
    let whole = try ImageFixtures.bytes(name)
    for count in Array(stride(from: 8, to: whole.count, by: 3)) + [whole.count - 1] {
      expectCorrupt(.png, "\(name) cut to \(count)") { try PNG.decode(Array(whole[..<count])) }
    }
    #expect(throws: ImageError.unknownFormat(found: "is empty")) { try PNG.decode([UInt8]()) }
    for count in 1..<8 {
      #expect(throws: ImageError.self) { try PNG.decode(Array(whole[..<count])) }
    }
  }

  /// Any flipped bit is either found out or leaves a picture; nothing crashes.
  @Test(arguments: ["kind_interlaced.png", "kind_palette2_trns.png", "text.png"])
  func flippedBitsDoNotCrash(_ name: String) throws {
    let whole = try ImageFixtures.bytes(name)
    for index in whole.indices {
      var bytes = whole
      bytes[index] ^= 1 << UInt8(index % 8)
      _ = try? PNG.decode(bytes)
    }
  }

  @Test func findsABadChecksumInThePixels() throws {
    var bytes = try ImageFixtures.bytes("rgb.png")
    let data = try #require(
      bytes.indices.dropLast(4).first { bytes[$0...].starts(with: Array("IDAT".utf8)) })
    bytes[data + 20] ^= 1
    expectCorrupt(.png, "changed byte") { try PNG.decode(bytes) }
  }

  @Test(arguments: [
    (UInt32(16_384), UInt32(16_385)), (0x7fff_ffff, 0x7fff_ffff), (0x7fff_ffff, 1),
    (16_000, 16_000),
    (0, 5), (0x8000_0000, 1),
  ])
  func refusesPicturesThatClaimToBeHuge(_ width: UInt32, _ height: UInt32) throws {
    var header: [UInt8] = Array("IHDR".utf8)
    header += bigEndian(width) + bigEndian(height)
    header += [8, 6, 0, 0, 0]
    var bytes = try ImageFixtures.bytes("rgba.png")
    bytes.replaceSubrange(12..<33, with: header + bigEndian(checksum(header)))
    let error = #expect(throws: ImageError.self) { try PNG.decode(bytes) }
    switch error {
    case .tooLarge(let w, let h, let limit)?:
      #expect(w == Int(width) && h == Int(height) && limit == 1 << 28 && w * h > limit)
    case .corrupt(.png, _)?:
      #expect(Int(width) * Int(height) <= 1 << 28 || width > 0x7fff_ffff)
    default:
      Issue.record("\(String(describing: error))")
    }
  }

  @Test(arguments: ["rgb.jpg", "progressive.jpg", "grey.jpg", "cmyk.jpg"])
  func everyCutOfAJPEGIsAnError(_ name: String) throws {
    let whole = try ImageFixtures.bytes(name)
    for count in Array(stride(from: 3, to: whole.count, by: 5)) + [whole.count - 1] {
      expectCorrupt(.jpeg, "\(name) cut to \(count)") { try JPEG.decode(Array(whole[..<count])) }
    }
  }

  @Test(arguments: ["progressive.jpg", "cmyk.jpg", "comment_utf16le_ii.jpg", "orientation6.jpg"])
  func flippedBitsInAJPEGDoNotCrash(_ name: String) throws {
    let whole = try ImageFixtures.bytes(name)
    for index in whole.indices {
      var bytes = whole
      bytes[index] ^= 1 << UInt8(index % 8)
      _ = try? JPEG.decodeWithText(bytes)
    }
  }

  @Test(arguments: [
    ("", "is empty"), ("hello, I am no picture", "is a text file"),
    ("GIF89a..", "is a GIF picture"),
    ("RIFF1234WEBPVP8 ", "is a WebP picture"),
    ("version https://git-lfs.github.com/spec/v1\n", "git lfs pull"),
    ("\u{7f}\u{1}\u{2}\u{3}", "no known signature"),
  ])
  func saysWhatAFileIs(_ content: String, _ found: String) throws {
    try ImageFixtures.withFolder { folder in
      let url = folder.appendingPathComponent("renamed.png")
      try Data(content.utf8).write(to: url)
      let error = #expect(throws: ImageError.self) { try ImageFile.load(url) }
      guard case .inFile(url.path, .unknownFormat(let what))? = error else {
        Issue.record("\(String(describing: error))")
        return
      }
      #expect(what.contains(found))
      #expect(error?.description.contains("\n") == false)
    }
  }

  private func bigEndian(_ value: UInt32) -> [UInt8] {
    withUnsafeBytes(of: value.bigEndian) { Array($0) }
  }

  /// CRC-32 of ISO 3309, bit by bit.
  private func checksum(_ bytes: [UInt8]) -> UInt32 {
    ~bytes.reduce(UInt32.max) { crc, byte in
      (0..<8).reduce(crc ^ UInt32(byte)) { crc, _ in crc >> 1 ^ (crc & 1) * 0xedb8_8320 }
    }
  }
}
