import Foundation
import Images
import TestSupport
import Testing

/// `imago data` as a person calls it.
@Suite struct DataCallTests {
  private let folder: CommandFolder

  init() throws { folder = try CommandFolder() }

  private func imago(_ arguments: String...) throws -> CommandResult {
    try BuiltCommand.imago.run(["data"] + arguments, in: folder.url)
  }

  private func object(_ result: CommandResult) throws -> [String: Any] {
    let lines = result.output.split(separator: "\n")
    #expect(lines.count == 1)
    return try #require(try JSONSerialization.jsonObject(with: Data(lines[0].utf8)) as? [String: Any])
  }

  @Test func fromParquetToASheet() throws {
    let source = fixtureURL("parquet/snappy.parquet").path
    let made = try imago(
      "import", source, "--caption", "a photo of a {name|image_alt|\"butterfly\"}", "--limit", "8", "--output", "set",
      "--json")
    #expect(made.status == 0, "\(made.errors)")
    #expect(try object(made)["pictures"] as? Int == 8 && object(made)["skipped"] as? Int == 1)
    #expect(made.complaints.count == 1 && made.complaints[0].hasPrefix("skipped row 8: "))

    let again = try imago(
      "import", source, "--caption", "a photo of a {name|image_alt|\"butterfly\"}", "--limit", "8", "--output", "set")
    #expect(again.status == 0 && again.output == "set is complete: 8 pictures\n")

    let checked = try imago("check", "set", "--json")
    #expect(checked.status == 0 && checked.errors.isEmpty, "\(checked.errors)")
    #expect(try object(checked)["pictures"] as? Int == 8)

    let sheet = try imago("sheet", "set", "--output", "sheet.png", "--columns", "4", "--side", "32")
    #expect(sheet.status == 0, "\(sheet.errors)")
    let image = try ImageFile.load(folder.file("sheet.png"))
    #expect(image.width == 4 * 34 + 2 && image.height == 2 * 34 + 2)
  }

  @Test func onlyWhatIsSaidIsOnTheLines() throws {
    let (snappy, brotli) = (fixtureURL("parquet/snappy.parquet").path, fixtureURL("parquet/brotli.parquet").path)
    let vocabulary = try vocabulary()
    let bad: [(arguments: [String], words: [String])] = [
      (["import", "nothing", "--output", "out"], ["nothing", "no such file or folder"]),
      (["import", folder.results.path, "--output", "out"], [folder.results.path, "holds no PNG or JPEG"]),
      (["import", snappy, "--caption", "{nome}", "--output", "out"], ["\"nome\""]),
      (["import", snappy, "--caption", "{name", "--output", "out"], ["never closed"]),
      (["import", brotli, "--output", "out"], ["brotli.parquet", "BROTLI"]),
      (["import", fixtureURL("parquet/expected.json").path, "--output", "out"], ["expected.json", "none of"]),
      (["check", "nothing"], ["nothing", "no such folder"]),
      (["sheet", folder.results.path, "--output", "sheet.png"], ["holds no PNG or JPEG"]),
      (["scenes", "--sprites", "nothing", "--vocabulary", vocabulary, "--output", "out"], ["imago data sprites"]),
    ]
    for (arguments, words) in bad {
      let result = try BuiltCommand.imago.run(["data"] + arguments, in: folder.url)
      #expect(result.status == 1, "\(arguments): \(result.errors)")
      #expect(result.output.isEmpty && result.complaints.count == 1, "\(arguments): \(result.errors)")
      for word in words { #expect(result.errors.contains(word), "no \(word) in \(result.errors)") }
    }
    for arguments in [
      ["import", "a", "--output", "b", "--limit", "0"], ["import", "a", "--output", "b", "--resize", "7"],
      ["import", "a"], ["sheet", "a", "--output", "b.png", "--columns", "0"],
      ["check", "a", "--size", "0"],
    ] {
      #expect(try BuiltCommand.imago.run(["data"] + arguments, in: folder.url).status == 64, "\(arguments)")
    }
    let left = try FileManager.default.contentsOfDirectory(atPath: folder.url.path).sorted()
    #expect(left == ["results", "vocabulary.txt"])
  }

  @Test func wordsAndWhatStandsForThem() throws {
    _ = try folder.write("a cat on the sea\n", to: "captions.txt")
    func words(_ lines: String) throws -> CommandResult {
      _ = try folder.write(lines, to: "others.txt")
      return try imago("words", "captions.txt", "--stand-ins", "others.txt")
    }
    let made = try words("# animals\ncat kitten Kitty # young\n\nsea ocean\n")
    #expect(made.output.hasSuffix("\nsea\nthe link\nkitten is cat\nkitty is cat\nocean is sea\n"), "\(made.errors)")
    for (lines, found) in [
      ("cat kitten\ndog puppy\n", "line 2: dog"), ("cat sea\n", "line 1: sea"),
      ("cat kitten\nsea kitten\n", "line 2: kitten"),
      ("cat sci-fi\n", "line 1: sci-fi"),
    ] {
      let result = try words(lines)
      #expect(
        result.status == 1 && result.output.isEmpty && result.errors.contains("others.txt: \(found)"),
        "\(result.errors)")
    }
  }

  private func vocabulary() throws -> String {
    try folder.write("sets noto\nthing cat\n  motion stand\n  sprites */cat\n", to: "vocabulary.txt")
  }

  @Test func whatIsWrongWithAFolder() throws {
    let file = folder.results.appendingPathComponent("a.png")
    let noise = (0..<300).map { UInt8(truncatingIfNeeded: $0 * $0 * 7) }
    try ImageFile.save(Image(width: 10, height: 10, channels: 3, pixels: noise), to: file)
    try Data(contentsOf: file).write(to: folder.results.appendingPathComponent("b.png"))
    try Data(contentsOf: file).dropLast(60).write(to: folder.results.appendingPathComponent("c.png"))
    try Data("file_name,text\na.png,one\nz.png,two\n".utf8)
      .write(to: folder.results.appendingPathComponent("metadata.csv"))
    let result = try imago("check", folder.results.path, "--size", "16")
    #expect(result.status == 1)
    #expect(result.complaints.map { $0.prefix { $0 != ":" } } == ["broken", "missing", "small", "small"])
    #expect(result.output.hasPrefix("2 pictures, 1 broken; 1 captions without a picture\n"))
    #expect(result.output.contains("a.png = b.png"))
  }
}
