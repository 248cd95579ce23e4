import DataSets
import Foundation
import Images
import TestSupport
import Testing

@Suite struct FolderDataSetTests {
  @Test func readsCaptionsAndOpensAPictureOnlyWhenItIsAskedFor() throws {
    let folder = try ScratchFolder()
    try folder.picture("a.png", 10)
    try folder.picture("b.png", 20)
    try folder.write("not a picture", "c.png")
    try folder.write(#"{"file_name": "a.png", "text": "an apple"}"# + "\n", "metadata.jsonl")
    try folder.write("a ball\n", "b.txt")
    let set = try FolderDataSet(folder.url)
    #expect(set.names == ["a.png", "b.png", "c.png"])
    #expect(set.captions == ["an apple", "a ball", ""])
    #expect(set.skipped == [])
    let example = try set.example(1, size: 2)
    #expect(example.image.width == 2 && example.image.height == 2 && example.image.pixels.allSatisfy { $0 == 20 })
    #expect(try set.size(0) == (6, 4))
    let error = #expect(throws: ImageError.self) { try set.example(2, size: 2) }
    #expect(error?.description.hasPrefix(folder.file("c.png").path) == true)
  }

  @Test func trainingGoesOnPastADamagedPicture() throws {
    let folder = try ScratchFolder()
    try folder.write("not a picture", "a.png")
    try folder.picture("b.png", 20)
    try folder.write("", "c.png")
    let set = try FolderDataSet(folder.url)
    for index in 0..<3 {
      var skipped: [String] = []
      let example = try set.usableExample(index, size: 2) { skipped.append("\($0)") }
      #expect(example.image.pixels.allSatisfy { $0 == 20 })
      #expect(skipped.count == [1, 0, 2][index])
    }
    try FileManager.default.removeItem(at: folder.file("b.png"))
    #expect(throws: ImageError.self) { try set.usableExample(1, size: 2) { _ in } }
  }

  @Test func readsQuotedTables() throws {
    let folder = try ScratchFolder()
    try folder.picture("a.png")
    try folder.picture("b.png")
    try folder.write("\u{feff}file_name,text\r\na.png,\"one, \"\"two\"\"\r\nthree\"\r\n\r\nb.png,four", "metadata.csv")
    #expect(try FolderDataSet(folder.url).captions == ["one, \"two\"\nthree", "four"])
  }

  @Test(arguments: ["file_name", "file", "filename", "image"]) func columnsGoByUsualNames(name: String) throws {
    let folder = try ScratchFolder()
    try folder.picture("a.png")
    try folder.write("source,\(name),caption\nx,a.png,a butterfly\n", "metadata.csv")
    #expect(try FolderDataSet(folder.url).captions == ["a butterfly"])
  }

  @Test func foldersBelowHaveTablesOfTheirOwnAndHiddenFilesAreNoPictures() throws {
    let folder = try ScratchFolder()
    for name in ["train/a.png", "train/b.png", "test/a.png", ".hidden.png", ".hidden/a.png"] {
      try folder.picture(name)
    }
    try folder.write("file_name,text\ntrain/b.png,one\n", "metadata.csv")
    try folder.write(#"{"file_name": "./a.png", "text": "two"}"# + "\n", "train/metadata.jsonl")
    let set = try FolderDataSet(folder.url)
    #expect(set.names == ["test/a.png", "train/a.png", "train/b.png"])
    #expect(set.captions == ["", "two", "one"])
  }

  @Test func captionsInOtherEncodingsAreRead() throws {
    let folder = try ScratchFolder()
    for name in ["a", "b", "c", "d"] { try folder.picture("\(name).png") }
    try folder.write([0x63, 0x61, 0x66, 0xe9], "a.txt")  // Latin-1
    try folder.write([0xff, 0xfe, 0x63, 0x00, 0xe9, 0x00], "b.txt")  // UTF-16
    try folder.write([0xef, 0xbb, 0xbf] + Array("café".utf8), "c.caption")
    let line = Array(#"{"file_name": "d.png", "text": "caf"#.utf8) + [0xe9] + Array(#""}"#.utf8)
    try folder.write(line, "metadata.jsonl")
    #expect(try FolderDataSet(folder.url).captions == ["café", "cé", "café", "café"])
  }

  /// A table whose text is wider than bytes is refused by name.
  @Test func wideTablesAreNamed() throws {
    let folder = try ScratchFolder()
    try folder.picture("a.png")
    let units = "file,text\na.png,b\n".utf16.flatMap { [UInt8($0 & 255), UInt8($0 >> 8)] }
    try folder.write([0xff, 0xfe] + units, "metadata.csv")
    let error = #expect(throws: DataSetError.self) { try FolderDataSet(folder.url) }
    #expect(error?.description.contains("UTF-16") == true)
  }

  /// A quotation mark inside a field is a letter.
  @Test func marksInsideFieldsAreLetters() throws {
    let folder = try ScratchFolder()
    try folder.picture("a.png")
    try folder.picture("b.png")
    try folder.write("file,text\na.png,5\" nail\nb.png,two\n", "metadata.csv")
    #expect(try FolderDataSet(folder.url).captions == ["5\" nail", "two"])
  }

  /// As a camera was held, in a PNG too.
  @Test(arguments: ["orientation6.png", "orientation6_profile.png", "orientation6.jpg"])
  func picturesAreUpright(name: String) throws {
    let folder = try ScratchFolder()
    try FileManager.default.copyItem(at: fixtureURL("images/\(name)"), to: folder.file(name))
    let image = try FolderDataSet(folder.url, fit: .stretch).example(0, size: 16).image
    // Red above blue on the left.
    #expect(
      image.pixels[0] > 200 && image.pixels[2] < 60 && image.pixels[15 * 16 * 3] < 60, "\(image.pixels.prefix(3))")
  }

  @Test func namesWithoutAPictureAreListed() throws {
    let folder = try ScratchFolder()
    try folder.picture("a.png")
    try folder.write("file_name,text\na.png,one\nz.png,two\n", "metadata.csv")
    let set = try FolderDataSet(folder.url)
    #expect(set.skipped == [.init(file: "z.png", reason: "named in the captions but not in the folder")])
  }

  @Test func transparentPicturesLieOnWhite() throws {
    let folder = try ScratchFolder()
    let clear = Image(width: 2, height: 2, channels: 4, pixels: [UInt8](repeating: 0, count: 16))
    try ImageFile.save(clear, to: folder.file("a.png"))
    let example = try FolderDataSet(folder.url).example(0, size: 2)
    #expect(example.image.channels == 3 && example.image.pixels.allSatisfy { $0 == 255 })
  }

  @Test func badTablesAndEmptyFoldersAreNamed() throws {
    let folder = try ScratchFolder()
    #expect(throws: DataSetError.noData(path: folder.url.path, reason: "holds no PNG or JPEG picture")) {
      try FolderDataSet(folder.url)
    }
    let nothing = folder.file("nothing")
    #expect(throws: DataSetError.noData(path: nothing.path, reason: "no such folder")) { try FolderDataSet(nothing) }
    let picture = try folder.picture("a.png")
    #expect(throws: DataSetError.noData(path: picture.path, reason: "is not a folder")) { try FolderDataSet(picture) }

    let lines = try folder.write("{\"file_name\": 3}\n", "metadata.jsonl")
    #expect(
      throws: DataSetError.noData(path: lines.path, reason: "line 1 is not a JSON object with a file_name")
    ) { try FolderDataSet(folder.url) }
    try FileManager.default.removeItem(at: lines)

    let table = folder.file("metadata.csv")
    for (text, reason) in [
      ("text\na\n", "its first line has no column file_name (or file, filename, image)"),
      ("file,text\na.png,b,c\n", "row 2 (line 2) has 3 fields instead of 2"),
    ] {
      try folder.write(text, "metadata.csv")
      #expect(throws: DataSetError.noData(path: table.path, reason: reason)) { try FolderDataSet(folder.url) }
    }
    try folder.write("file,text\na.png,\"b\n", "metadata.csv")
    #expect(
      throws: DataSetError.damaged(
        path: table.path, format: "CSV", reason: "line 2 opens a quotation mark that is never closed")
    ) { try FolderDataSet(folder.url) }
  }

  /// Listing costs names, not pictures: 20,000 empty files are a data set until one is asked for.
  @Test func aLargeFolderIsListedWithoutOpeningIt() throws {
    let folder = try ScratchFolder()
    var lines = ""
    for index in 0..<20_000 {
      let name = "\(index / 1000)/\(index).jpg"
      if index % 1000 == 0 { try folder.write("", name) }
      close(open(folder.file(name).path, O_CREAT | O_WRONLY, 0o644))
      lines += "{\"file_name\": \"\(name)\", \"text\": \"picture \(index)\"}\n"
    }
    try folder.write(lines, "metadata.jsonl")
    let set = try FolderDataSet(folder.url)
    #expect(set.count == 20_000 && set.skipped.isEmpty)
    #expect(try set.caption(set.names.firstIndex(of: "19/19999.jpg") ?? 0) == "picture 19999")
    #expect(throws: ImageError.self) { try set.example(7, size: 8) }
  }
}
