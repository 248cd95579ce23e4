import Foundation
import Images
import Testing
import Training

@Suite struct FolderDataSetTests {
  private func picture(_ value: UInt8, _ folder: URL, _ name: String, width: Int = 6, height: Int = 4) throws {
    let pixels = [UInt8](repeating: value, count: width * height * 3)
    try ImageFile.save(
      Image(width: width, height: height, channels: 3, pixels: pixels), to: folder.appendingPathComponent(name),
      text: [])
  }

  @Test func readsCaptionsAndSkipsDamagedFiles() throws {
    let folder = try ScratchFolder()
    try picture(10, folder.url, "a.png")
    try picture(20, folder.url, "b.png")
    try Data("not a picture".utf8).write(to: folder.url.appendingPathComponent("c.png"))
    try Data("{\"file_name\": \"a.png\", \"text\": \"an apple\"}\n".utf8)
      .write(to: folder.url.appendingPathComponent("metadata.jsonl"))
    try Data("a ball\n".utf8).write(to: folder.url.appendingPathComponent("b.txt"))
    let set = try FolderDataSet(folder.url)
    #expect(set.captions == ["an apple", "a ball"])
    #expect(set.skipped.map(\.file) == ["c.png"])
    let example = try set.example(1, size: 2)
    #expect(example.image.width == 2 && example.image.height == 2 && example.image.pixels.allSatisfy { $0 == 20 })
  }

  @Test func readsQuotedTables() throws {
    let folder = try ScratchFolder()
    try picture(1, folder.url, "a.png")
    try Data("file_name,text\na.png,\"one, \"\"two\"\"\nthree\"\n".utf8)
      .write(to: folder.url.appendingPathComponent("metadata.csv"))
    #expect(try FolderDataSet(folder.url).captions == ["one, \"two\"\nthree"])
  }

  @Test(arguments: ["file_name", "file", "filename", "image"]) func columnsGoByUsualNames(name: String) throws {
    let folder = try ScratchFolder()
    try picture(1, folder.url, "a.png")
    try Data("source,\(name),caption\nx,a.png,a butterfly\n".utf8)
      .write(to: folder.url.appendingPathComponent("metadata.csv"))
    #expect(try FolderDataSet(folder.url).captions == ["a butterfly"])
  }

  @Test func transparentPicturesLieOnWhite() throws {
    let folder = try ScratchFolder()
    let clear = Image(width: 2, height: 2, channels: 4, pixels: [UInt8](repeating: 0, count: 16))
    try ImageFile.save(clear, to: folder.url.appendingPathComponent("a.png"), text: [])
    let example = try FolderDataSet(folder.url).example(0, size: 2)
    #expect(example.image.channels == 3 && example.image.pixels.allSatisfy { $0 == 255 })
  }

  /// Captions in other encodings are read; one that is no text leaves its picture out, by name.
  @Test func captionsInOtherEncodings() throws {
    let folder = try ScratchFolder()
    for name in ["a.png", "b.png", "c.png"] { try picture(1, folder.url, name) }
    let utf16 = Data([0xff, 0xfe]) + Data("caf\u{e9}".utf16.flatMap { [UInt8($0 & 255), UInt8($0 >> 8)] })
    try utf16.write(to: folder.url.appendingPathComponent("a.txt"))
    try Data([0xef, 0xbb, 0xbf] + Array("a ball".utf8)).write(to: folder.url.appendingPathComponent("b.txt"))
    try Data([0x63, 0x61, 0x66, 0xe9]).write(to: folder.url.appendingPathComponent("c.txt"))
    let set = try FolderDataSet(folder.url)
    #expect(set.captions == ["caf\u{e9}", "a ball"])
    #expect(set.skipped.map(\.file) == ["c.png"] && set.skipped[0].reason.contains("c.txt: line 1"), "\(set.skipped)")
  }

  /// As a camera was held, in a PNG too.
  @Test(arguments: ["orientation6.png", "orientation6_profile.png", "orientation6.jpg"]) func picturesAreUpright(
    name: String
  ) throws {
    let folder = try ScratchFolder()
    let fixtures = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    try FileManager.default.copyItem(
      at: fixtures.appendingPathComponent("Fixtures/images/\(name)"), to: folder.url.appendingPathComponent(name))
    let image = try FolderDataSet(folder.url, fit: .stretch).example(0, size: 16).image
    // Red above blue on the left.
    #expect(
      image.pixels[0] > 200 && image.pixels[2] < 60 && image.pixels[15 * 16 * 3] < 60, "\(image.pixels.prefix(3))")
  }

  @Test func badCaptionLinesAndEmptyFoldersAreNamed() throws {
    let folder = try ScratchFolder()
    #expect(throws: TrainingError.self) { try FolderDataSet(folder.url) }
    try picture(1, folder.url, "a.png")
    try Data("{\"file_name\": 3}\n".utf8).write(to: folder.url.appendingPathComponent("metadata.jsonl"))
    let file = folder.url.appendingPathComponent("metadata.jsonl").path
    #expect(
      throws: TrainingError.noData(path: file, reason: "line 1 is not a JSON object with a file_name")
    ) { try FolderDataSet(folder.url) }
  }
}
