import Foundation
import Gallery
import Images
import Jobs
import TestSupport
import Testing

@Suite struct GalleryTests {
  private let scratch: ScratchFolder

  init() throws { scratch = try ScratchFolder() }

  private func record(_ prompt: String, seed: UInt64 = 7) -> PictureJob {
    var job = PictureJob()
    (job.prompt, job.seed, job.steps, job.sampler) = (prompt, seed, 20, "euler")
    (job.model, job.loras) = ("/a/folder/models/scenes.safetensors", ["/a/folder/loras/zkz.safetensors:0.5"])
    job.edit.input = "/tmp/upload.png"
    return job
  }

  /// A picture file that says of itself what a record says.
  private func picture(_ record: PictureJob, width: Int = 8, height: Int = 4) throws -> (data: Data, infotext: String) {
    let image = Image(
      width: width, height: height, channels: 3, pixels: (0..<(width * height * 3)).map { UInt8($0 % 251) })
    let infotext = Infotext.parameters(of: record).format()
    return (Data(try PNG.encode(image, text: [(ImageFile.parametersKey, infotext)])), infotext)
  }

  @discardableResult
  private func add(_ gallery: Gallery, _ record: PictureJob, width: Int = 8, height: Int = 4) throws -> Int64 {
    let made = try picture(record, width: width, height: height)
    return try gallery.add(
      picture: made.data, record: record, infotext: made.infotext, job: "", index: 0, madeFrom: PictureSources())
  }

  /// What a picture was made from stays while the picture does, on disk once for all pictures of a job.
  @Test func sourcesAreKept() throws {
    let gallery = try Gallery(folder: scratch.file("gallery"))
    let (image, mask) = (scratch.file("image.jpg"), scratch.file("mask.png"))
    try Data("a photo".utf8).write(to: image)
    try Data("a mask".utf8).write(to: mask)
    let record = record("a dog")
    let made = try picture(record)
    let ids = try (0..<2).map { index in
      try gallery.add(
        picture: made.data, record: record, infotext: made.infotext, job: "j", index: index,
        madeFrom: PictureSources(image: image, mask: index == 0 ? mask : nil))
    }
    // The request's own files go.
    try FileManager.default.removeItem(at: image)
    try FileManager.default.removeItem(at: mask)
    #expect(try gallery.details(of: ids[0]).sources == ["image", "mask"])
    #expect(try gallery.details(of: ids[1]).sources == ["image"])
    for id in ids { #expect(try gallery.source(.image, of: id).data == Data("a photo".utf8)) }
    #expect(try gallery.source(.image, of: ids[0]).format == .jpeg)
    #expect(throws: GalleryError.noSource(id: ids[1], kind: "mask")) { _ = try gallery.source(.mask, of: ids[1]) }
    try gallery.delete(ids[0])
    #expect(try gallery.source(.image, of: ids[1]).data == Data("a photo".utf8))
    let left = try FileManager.default.subpathsOfDirectory(atPath: scratch.file("gallery/sources").path)
    #expect(left.count { $0.hasSuffix(".jpg") } == 1 && !left.contains { $0.hasSuffix(".png") }, "\(left)")
  }

  @Test func keepsBytesAndSettings() throws {
    let gallery = try Gallery(folder: scratch.file("gallery"))
    let record = record("a cat on the moon", seed: .max)
    let made = try picture(record)
    let id = try gallery.add(
      picture: made.data, record: record, infotext: made.infotext, job: "j1", index: 0, madeFrom: PictureSources())

    #expect(try gallery.image(of: id).data == made.data)
    let details = try gallery.details(of: id)
    #expect(details.infotext == made.infotext)
    #expect((details.picture.width, details.picture.height) == (8, 4))
    #expect(details.picture.seed == "18446744073709551615")
    #expect(details.picture.model == "scenes")
    // Names in place of paths, seeds as texts, and it reads back.
    #expect(!details.settings.contains("/"), "\(details.settings)")
    #expect(details.settings.contains(#""seed":"18446744073709551615""#))
    let again = try JSONDecoder().decode(PictureJob.self, from: Data(details.settings.utf8))
    #expect((again.seed, again.steps, again.sampler) == (.max, 20, "euler"))
    #expect((again.model, again.loras, again.edit.input) == ("scenes", ["zkz:0.5"], nil))
  }

  @Test func searchesWordsAndTheirBeginnings() throws {
    let gallery = try Gallery(folder: scratch.file("gallery"))
    let cat = try add(gallery, record("a cat on the moon"))
    let cafe = try add(gallery, record("a café at night", seed: 1234))
    func found(_ query: String) throws -> [Int64] { try gallery.pictures(query: query).map(\.id) }
    #expect(try found("") == [cafe, cat])
    #expect(try found("moo cat") == [cat])
    #expect(try found("cafe") == [cafe])
    #expect(try found("1234") == [cafe])
    #expect(try found("scenes") == [cafe, cat])
    #expect(try found("cat night").isEmpty)
    // Nothing is an operator of SQLite's language of searches.
    #expect(try found("\"cat\" AND (moon*)").isEmpty)
    #expect(try found("cat-moon'") == [cat])
  }

  @Test func pagesAndFavourites() throws {
    let gallery = try Gallery(folder: scratch.file("gallery"))
    let ids = try (0..<5).map { try add(gallery, record("picture \($0)")) }
    #expect(try gallery.pictures(limit: 2).map(\.id) == [ids[4], ids[3]])
    #expect(try gallery.pictures(before: ids[3], limit: 2).map(\.id) == [ids[2], ids[1]])
    try gallery.setFavourite(true, of: ids[1])
    #expect(try gallery.pictures(favourite: true).map(\.id) == [ids[1]])
    #expect(try gallery.details(of: ids[1]).picture.isFavourite)
    try gallery.setFavourite(false, of: ids[1])
    #expect(try gallery.pictures(favourite: true).isEmpty)
    expectError(["no picture \(99)"]) { try gallery.setFavourite(true, of: 99) }
  }

  @Test func deletesFileRowAndThumbnail() throws {
    let gallery = try Gallery(folder: scratch.file("gallery"))
    let (first, second) = (try add(gallery, record("first")), try add(gallery, record("second")))
    _ = try gallery.thumbnail(of: second)
    try gallery.delete(second)
    #expect(try gallery.pictures().map(\.id) == [first])
    #expect(try gallery.pictures(query: "second").isEmpty)
    expectError(["no picture \(second)"]) { _ = try gallery.image(of: second) }
    expectError(["no picture \(second)"]) { try gallery.delete(second) }
    // Its number is not given again, or an old address would show another picture.
    #expect(try add(gallery, record("third")) > second)
  }

  @Test func thumbnailsAreSmallAndKept() throws {
    let gallery = try Gallery(folder: scratch.file("gallery"))
    let id = try add(gallery, record("wide"), width: 1000, height: 250)
    let small = try JPEG.decode(try gallery.thumbnail(of: id))
    #expect((small.width, small.height) == (384, 96))
    #expect(FileManager.default.fileExists(atPath: scratch.file("gallery/thumbnails/\(id).jpg").path))
    let narrow = try add(gallery, record("tiny"), width: 8, height: 4)
    let same = try JPEG.decode(try gallery.thumbnail(of: narrow))
    #expect((same.width, same.height) == (8, 4))
  }

  @Test func takesInWhatWasLeftAndDropsWhatIsGone() throws {
    let folder = scratch.file("gallery")
    let (kept, lost): (Int64, Int64)
    do {
      let gallery = try Gallery(folder: folder)
      (kept, lost) = (try add(gallery, record("kept")), try add(gallery, record("lost", seed: 8)))
    }
    let day = folder.appendingPathComponent("pictures")
      .appendingPathComponent(
        try #require(try FileManager.default.contentsOfDirectory(atPath: folder.path + "/pictures").first))
    let files = try FileManager.default.contentsOfDirectory(atPath: day.path)
    let gone = try #require(files.first { $0.contains("-8.") })
    try FileManager.default.removeItem(at: day.appendingPathComponent(gone))
    // As a process leaves it that dies between file and row; beside it something that is no picture.
    try picture(record("orphan", seed: 9)).data.write(to: day.appendingPathComponent("000000-9.png"))
    try Data("text".utf8).write(to: day.appendingPathComponent("notes.png"))

    let gallery = try Gallery(folder: folder)
    let pictures = try gallery.pictures()
    #expect(pictures.map(\.prompt) == ["orphan", "kept"])
    #expect(pictures.first?.seed == "9")
    #expect(pictures.last?.id == kept)
    expectError(["no picture \(lost)"]) { _ = try gallery.details(of: lost) }
  }

  @Test func manyAtOnceGetNamesOfTheirOwn() async throws {
    let gallery = try Gallery(folder: scratch.file("gallery"))
    let made = try picture(record("same"))
    let record = record("same")
    let ids = try await withThrowingTaskGroup(of: Int64.self) { group in
      for number in 0..<16 {
        group.addTask {
          try gallery.add(
            picture: made.data, record: record, infotext: made.infotext, job: "j", index: number,
            madeFrom: PictureSources())
        }
      }
      return try await group.reduce(into: Set<Int64>()) { $0.insert($1) }
    }
    #expect(ids.count == 16)
    for id in ids { #expect(try gallery.image(of: id).data == made.data) }
  }

  @Test func keepsAJobsPictureOnce() throws {
    let gallery = try Gallery(folder: scratch.file("gallery"))
    let record = record("once")
    let made = try picture(record)
    func add(_ index: Int) throws -> Int64 {
      try gallery.add(
        picture: made.data, record: record, infotext: made.infotext, job: "j1", index: index, madeFrom: PictureSources()
      )
    }
    let first = try add(0)
    #expect(try add(0) == first)
    #expect(try add(1) != first)
    #expect(try gallery.count() == 2)
  }

  @Test func refusesWhatIsNoPicture() throws {
    let gallery = try Gallery(folder: scratch.file("gallery"))
    #expect(throws: GalleryError.self) {
      try gallery.add(
        picture: Data("no picture".utf8), record: record("x"), infotext: "", job: "j", index: 0,
        madeFrom: PictureSources())
    }
    #expect(try gallery.count() == 0)
    #expect(throws: GalleryError.self) { try Gallery(folder: scratch.write([1], "file").appendingPathComponent("g")) }
  }
}
