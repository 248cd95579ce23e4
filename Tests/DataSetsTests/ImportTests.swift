import DataSets
import Foundation
import Images
import TestSupport
import Testing

@Suite struct ImportTests {
  private let folder: ScratchFolder

  init() throws { folder = try ScratchFolder() }

  /// Imports into `out` and gives the lines of its table.
  private func rows(
    _ source: URL, _ caption: String? = nil, to name: String = "out", said: inout [String],
    change: (inout ImportOptions) -> Void = { _ in }
  ) throws -> [[String: JSONValue]] {
    var options = ImportOptions()
    options.caption = try caption.map { try CaptionTemplate($0) }
    change(&options)
    _ = try ImportRun(source, to: folder.file(name), options).run(remark: { said.append($0) })
    return try table(name)
  }

  private func table(_ name: String) throws -> [[String: JSONValue]] {
    try String(contentsOf: folder.file("\(name)/metadata.jsonl"), encoding: .utf8).split(separator: "\n").map {
      try JSONDecoder().decode([String: JSONValue].self, from: Data($0.utf8))
    }
  }

  // MARK: - Parquet

  @Test(arguments: ParquetFileTests.names) func fromParquetToAFolder(name: String) throws {
    var said: [String] = []
    let source = ParquetFileTests.file(name)
    let rows = try rows(source, "a {name|image_alt|\"butterfly\"}", said: &said)
    let expected = try ParquetFileTests.expected().rows
    let there = expected.indices.filter { expected[$0].bytes != nil }
    #expect(said.count == 2 && said.allSatisfy { $0.hasPrefix("skipped row ") })
    #expect(rows.count == there.count)
    for (row, index) in zip(rows, there) {
      let wanted = expected[index]
      #expect(row["text"] == .text("a \(wanted.name ?? wanted.imageAlt ?? "butterfly")"))
      guard case .text(let file)? = row["file_name"] else { continue }
      #expect(try Data(contentsOf: folder.file("out/\(file)")) == Data(base64Encoded: wanted.bytes ?? ""))
    }
    let set = try FolderDataSet(folder.file("out"))
    #expect(set.count == there.count && set.captions[0] == "a \(expected[0].name ?? "")")
  }

  @Test func captionsThatCannotBeMadeAreNamed() throws {
    let source = ParquetFileTests.file("snappy")
    var said: [String] = []
    let rows = try rows(source, "a {name}", said: &said)
    // Rows 4 and 8 have no name; the eighth has no picture either.
    #expect(rows.count == 9)
    #expect(said.contains { $0.hasPrefix("skipped row 4: name is empty") && $0.contains("{name|\"text\"}") })
    let error = #expect(throws: DataSetError.self) {
      try self.rows(source, "a {nome}", to: "other", said: &said)
    }
    #expect(error?.description.contains("no column \"nome\"") == true)
    #expect(error?.description.contains("image_alt, name") == true)
    #expect(try folder.contents == ["out"])
  }

  @Test(arguments: ["a {name", "a name}", "{}", "{a|}", "{\"x\"|a}"]) func badTemplates(text: String) {
    #expect(throws: DataSetError.self) { try CaptionTemplate(text) }
  }

  @Test func templates() throws {
    let row: [String: JSONValue] = ["a": .text(" x "), "b": .null, "c": .int(3), "d": .text(""), "e": .double(0.5)]
    func fill(_ text: String) throws -> String { try CaptionTemplate(text).fill(row) }
    #expect(try fill("{{{a}}} {b|d|c} {e}, {nothing|\"no\"}") == "{x} 3 0.5, no")
    #expect(throws: CaptionTemplate.Unfilled.self) { try fill("{b|d}") }
  }

  // MARK: - Going on

  @Test func whatWasStoppedGoesOnToTheSameBytes() throws {
    let source = ParquetFileTests.file("zstd-groups")
    var said: [String] = []
    _ = try rows(source, to: "whole", said: &said)
    for stop in [0, 1, 4, 8, 10] {
      let run = ImportRun(source, to: folder.file("parts"))
      var asked = 0
      let first = try run.run(
        remark: { _ in },
        shouldStop: {
          asked += 1
          return asked > stop
        })
      #expect(first.wasStopped && !FileManager.default.fileExists(atPath: folder.file("parts").path))
      // As a killed run leaves it: half a line, and a picture without one.
      let begun = folder.file(".parts.importing/metadata.jsonl")
      #expect(FileManager.default.fileExists(atPath: begun.path) == (stop > 0))
      guard stop > 0 else { continue }
      let handle = try FileHandle(forWritingTo: begun)
      try handle.seekToEnd()
      try handle.write(contentsOf: Data("{\"file_name\": \"00".utf8))
      try handle.close()
      try folder.write("half", ".parts.importing/000010.jpg")
      let second = try run.run(remark: { _ in })
      #expect(!second.wasStopped && second.pictures == 10)
      for name in try FileManager.default.contentsOfDirectory(atPath: folder.file("whole").path) {
        let pair = try ["whole", "parts"].map { try Data(contentsOf: folder.file("\($0)/\(name)")) }
        #expect(pair[0] == pair[1], "\(name), stopped after \(stop)")
      }
      try FileManager.default.removeItem(at: folder.file("parts"))
    }
  }

  @Test func aFinishedImportIsKeptAndAnotherRefused() throws {
    let source = ParquetFileTests.file("snappy")
    var said: [String] = []
    _ = try rows(source, said: &said)
    let again = try ImportRun(source, to: folder.file("out")).run(remark: { _ in })
    #expect(again.wasComplete && again.pictures == 10)
    #expect(throws: DataSetError.self) { try rows(source, "{image_alt}", said: &said) }
    #expect(throws: DataSetError.self) { try rows(source, said: &said) { $0.limit = 2 } }
    #expect(try folder.contents == ["out"])
  }

  @Test func aBeginningOfAnotherImportIsNotTouched() throws {
    let source = ParquetFileTests.file("snappy")
    var asked = 0
    _ = try ImportRun(source, to: folder.file("out")).run(
      remark: { _ in },
      shouldStop: {
        asked += 1
        return asked > 2
      })
    var said: [String] = []
    let error = #expect(throws: DataSetError.self) { try rows(source, "{image_alt}", said: &said) }
    #expect(error?.description.contains(".out.importing") == true)
    #expect(try folder.contents == [".out.importing"])
  }

  // MARK: - Folders

  @Test func fromAFolderWithTexts() throws {
    try folder.picture("in/cat/a.png", 1)
    try folder.picture("in/dog/b.png", 2)
    try folder.write("a grey cat", "in/cat/a.txt")
    try folder.write("no picture", "in/dog/c.jpg")
    var said: [String] = []
    let rows = try rows(folder.file("in"), said: &said)
    #expect(rows.map { $0["text"] } == [.text("a grey cat"), .text("dog")])
    #expect(rows.map { $0["label"] } == [.text("cat"), .text("dog")])
    #expect(said.count == 1 && said[0].hasPrefix("skipped dog/c.jpg: not a PNG or JPEG picture"))
    let labelled = try self.rows(folder.file("in"), "a photo of a {label}", to: "other", said: &said)
    #expect(labelled.map { $0["text"] } == [.text("a photo of a cat"), .text("a photo of a dog")])
  }

  @Test func fromAFolderWithATable() throws {
    try folder.picture("in/a.png", 1)
    try folder.picture("in/b.png", 2)
    try folder.write("file,colour,caption\na.png,grey,\"one, two\"\nb.png,,three\nz.png,,\n", "in/metadata.csv")
    var said: [String] = []
    let rows = try rows(folder.file("in"), "{colour|\"no\"} {caption}", said: &said)
    #expect(rows.map { $0["text"] } == [.text("grey one, two"), .text("no three")])
    #expect(said == ["z.png: named in the captions but not in the folder"])
    #expect(throws: DataSetError.self) { try self.rows(folder.file("in"), "{nothing}", to: "x", said: &said) }
  }

  @Test func picturesAreScaledOnce() throws {
    try folder.picture("in/a.png", 7, width: 40, height: 20)
    try folder.picture("in/b.jpg", 7, width: 30, height: 61)
    try folder.picture("in/c.png", 7, width: 8, height: 9)
    var said: [String] = []
    _ = try rows(folder.file("in"), said: &said) { $0.resize = 10 }
    let set = try FolderDataSet(folder.file("out"))
    #expect(set.names == ["000000.png", "000001.jpg", "000002.png"])
    #expect(try (0..<3).map { try set.size($0).width } == [20, 10, 8])
    #expect(try (0..<3).map { try set.size($0).height } == [10, 20, 9])
    #expect(throws: DataSetError.self) { try rows(folder.file("in/a.png"), to: "x", said: &said) }
    #expect(throws: DataSetError.self) { try rows(folder.file("none"), to: "x", said: &said) }
    try FileManager.default.createDirectory(at: folder.file("empty"), withIntermediateDirectories: true)
    #expect(throws: DataSetError.self) { try rows(folder.file("empty"), to: "x", said: &said) }
  }

  @Test func optionsOfOtherSourcesAreRefused() throws {
    try folder.picture("in/a.png")
    var said: [String] = []
    #expect(throws: DataSetError.self) { try rows(folder.file("in"), said: &said) { $0.imageColumn = "image" } }
    #expect(throws: DataSetError.self) { try rows(folder.file("in"), said: &said) { $0.split = .test } }
  }
}
