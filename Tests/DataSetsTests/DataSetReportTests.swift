import DataSets
import Foundation
import Images
import TestSupport
import Testing

@Suite struct DataSetReportTests {
  /// A picture with some structure.
  private func drawn(_ seed: UInt64, side: Int = 64) -> Image {
    var random = TestRandom(seed: seed)
    let small = (0..<48).map { _ in UInt8(truncatingIfNeeded: random.next() >> 8) }
    return Image(width: 4, height: 4, channels: 3, pixels: small).resized(width: side, height: side, filter: .lanczos3)
  }

  @Test func whatIsWrongAndWhatLooksTheSame() throws {
    let folder = try ScratchFolder()
    let picture = drawn(1)
    try ImageFile.save(picture, to: folder.file("a.png"))
    try ImageFile.save(picture.resized(width: 48, height: 48, filter: .area), to: folder.file("b.jpg"))
    try ImageFile.save(picture.flippedHorizontally(), to: folder.file("c.png"))
    try ImageFile.save(drawn(2), to: folder.file("d.png"))
    try folder.write(try PNG.encode(drawn(3)), "e.jpg")
    try folder.write(try PNG.encode(drawn(4)).dropLast(200), "f.png")
    try folder.write("", "g.png")
    try folder.write("file,text\na.png,one two\nb.jpg,one two\nc.png,three\nz.png,four\n", "metadata.csv")
    let report = DataSetReport(try FolderDataSet(folder.url), side: 50)
    #expect(report.pictures == 5 && report.isDamaged)
    #expect(report.broken.map(\.file) == ["f.png", "g.png"])
    #expect(report.broken.allSatisfy { !$0.reason.contains(folder.url.path) })
    #expect(report.missing == ["z.png"])
    #expect(report.misnamed.map(\.file) == ["e.jpg"])
    #expect(report.small == ["b.jpg"])
    #expect(report.duplicates == [["a.png", "b.jpg"]])
    #expect(report.width?.least == 48 && report.width?.median == 64 && report.sizes[0].count == 4)
    #expect(report.captions.empty == 2 && report.captions.different == 2 && report.captions.common[0].count == 2)
    #expect(report.captions.words?.least == 1 && report.captions.words?.greatest == 2)
  }

  /// Texts that no picture beside them belongs to; where a table holds the captions, texts are something else.
  @Test func captionsOfNoPictureAreNamed() throws {
    let folder = try ScratchFolder()
    try folder.picture("a.png", 3, width: 8, height: 8)
    try folder.picture("b/a.png", 4, width: 8, height: 8)
    for name in ["a.txt", "b/a.caption", "b/c.txt", "A.txt", "notes.md"] { try folder.write("words", name) }
    func stray() throws -> [String] { DataSetReport(try FolderDataSet(folder.url)).stray }
    #expect(try stray() == ["A.txt", "b/c.txt"])
    try folder.write("file,text\na.png,one\n", "metadata.csv")
    #expect(try stray().isEmpty)
  }

  /// Masks belong to pictures, and a folder's number says how often its pictures count: for all who read it, and through an import.
  @Test func masksAndRepeatsAreReadAlike() throws {
    let folder = try ScratchFolder()
    try folder.picture("in/10_zkz dog/a.png", 3, width: 8, height: 16)
    try folder.picture("in/10_zkz dog/a.mask.png", 200, width: 8, height: 16)
    try folder.picture("in/lonely.mask.png", 9, width: 8, height: 8)
    try folder.write("", "in/empty.png")
    let set = try FolderDataSet(folder.file("in"))
    #expect(set.names == ["10_zkz dog/a.png", "empty.png", "lonely.mask.png"] && set.captions == ["zkz dog", "", ""])
    let report = DataSetReport(set)
    #expect(report.pictures == 2 && report.duplicates.isEmpty)
    #expect(report.broken.map(\.file) == ["empty.png"] && report.broken[0].reason.contains("empty"))
    var options = ImportOptions()
    options.resize = 4
    _ = try ImportRun(folder.file("in"), to: folder.file("out"), options).run(remark: { _ in })
    let out = try PictureListing(folder.file("out"))
    #expect(out.pictures == ["000002.png", "10_zkz dog/000000.png"] && out.masks == ["10_zkz dog/000000.mask.png"])
    for name in out.masks + ["10_zkz dog/000000.png"] {
      let image = try ImageFile.load(folder.file("out/\(name)"))
      #expect(image.width == 4 && image.height == 8)
    }
    #expect(try FolderDataSet(folder.file("out")).captions.last == "zkz dog")
  }

  /// Numbers of the Python package ImageHash (`phash`), `Fixtures/images/perceptual/make_hashes.py`.
  @Test func hashesAreThoseOfAnotherImplementation() throws {
    struct Expected: Decodable { let file, hash: String }
    let list = try JSONDecoder().decode(
      [Expected].self, from: Data(contentsOf: fixtureURL("images/perceptual/expected.json")))
    #expect(list.count == 6)
    for expected in list {
      let hash = PerceptualHash(try ImageFile.load(fixtureURL("images/perceptual/\(expected.file)")))
      let bits = try #require(UInt64(expected.hash, radix: 16))
      // A level of rounding may turn a coefficient that lies at the median.
      #expect((hash.bits ^ bits).nonzeroBitCount <= 2, "\(expected.file)")
    }
  }

  @Test func sheetsShowPicturesFromAllOver() throws {
    let folder = try ScratchFolder()
    for index in 0..<10 { try folder.picture("\(index).png", UInt8(index * 20), width: 8, height: 4) }
    try folder.write("broken", "5.png")
    let set = try FolderDataSet(folder.url)
    let all = try ContactSheet.make(set, count: 100, columns: 4, side: 16)
    #expect(all.width == 4 * 18 + 2 && all.height == 3 * 18 + 2)
    var skipped: [String] = []
    let some = try ContactSheet.make(set, count: 4, columns: 2, side: 8) { skipped.append($0.file) }
    // Pictures 0, 2, 5 and 7; the third is broken.
    #expect(some.width == 22 && some.height == 22 && skipped == ["5.png"])
    #expect(some.pixels[(4 * 22 + 2 + 10) * 3] == 40)
  }

  @Test func theSampleThatComesWithTheProgramIsWhole() throws {
    let folder = fixtureURL("").deletingLastPathComponent().deletingLastPathComponent()
      .appendingPathComponent("Pipelines/data/butterflies")
    let report = DataSetReport(try FolderDataSet(folder))
    #expect(report.pictures == 100 && !report.isDamaged && report.misnamed.isEmpty && report.duplicates.isEmpty)
    #expect(report.captions.empty == 0 && report.captions.different == 26)
    #expect(report.width?.least == 128 && report.height?.greatest == 128)
    let licence = try String(contentsOf: folder.appendingPathComponent("LICENCE.txt"), encoding: .utf8)
    #expect(licence.contains("CC BY 4.0"))
  }
}
