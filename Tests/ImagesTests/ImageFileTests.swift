import Foundation
import Images
import Testing

@Suite struct ImageFileTests {
  @Test func theContentDecidesNotTheName() throws {
    try ImageFixtures.withFolder { folder in
      let image = ImageFixtures.noise(width: 5, height: 4, channels: 3)
      let (png, jpeg) = (
        folder.appendingPathComponent("a.jpg"), folder.appendingPathComponent("b.png")
      )
      try Data(try PNG.encode(image)).write(to: png)
      try Data(try JPEG.encode(image)).write(to: jpeg)
      #expect(try ImageFile.load(png) == image)
      #expect(try ImageFile.load(jpeg) == JPEG.decode(JPEG.encode(image)))
    }
  }

  @Test(arguments: ["a.png", "b.jpg", "c.JPEG"]) func savesWithText(_ name: String) throws {
    try ImageFixtures.withFolder { folder in
      let url = folder.appendingPathComponent(name)
      try Data("old".utf8).write(to: url)
      let image = ImageFixtures.noise(width: 5, height: 4, channels: 3)
      try ImageFile.save(image, to: url, text: [("Software", "x"), ("parameters", "猫\nSteps: 1")])
      let loaded = try ImageFile.loadWithText(url)
      #expect(loaded.text.first { $0.key == ImageFile.parametersKey }?.value == "猫\nSteps: 1")
      #expect((loaded.image == image) == (name == "a.png"))
      // Nothing but the file is left behind.
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == [name])
    }
  }

  @Test func saysWhyAPlaceCannotBeWritten() throws {
    let image = ImageFixtures.noise(width: 1, height: 1, channels: 3)
    try ImageFixtures.withFolder { folder in
      let missing = folder.appendingPathComponent("none/a.png")
      #expect(
        throws: ImageError.unwritable(
          path: missing.path,
          reason: "the folder \(folder.appendingPathComponent("none").path) does not exist")
      ) { try ImageFile.save(image, to: missing) }

      let file = folder.appendingPathComponent("file")
      try Data().write(to: file)
      #expect(
        throws: ImageError.unwritable(
          path: file.path + "/a.png", reason: "\(file.path) is not a folder")
      ) { try ImageFile.save(image, to: file.appendingPathComponent("a.png")) }

      for name in ["a", "a.webp", "a.png.txt"] {
        let url = folder.appendingPathComponent(name)
        #expect(throws: ImageError.unknownEnding(path: url.path)) {
          try ImageFile.save(image, to: url)
        }
      }

      let taken = folder.appendingPathComponent("folder.png")
      try FileManager.default.createDirectory(
        at: taken.appendingPathComponent("x"), withIntermediateDirectories: true)
      let error = #expect(throws: ImageError.self) { try ImageFile.save(image, to: taken) }
      guard case .unwritable(taken.path, _)? = error else {
        Issue.record("\(String(describing: error))")
        return
      }
      #expect(
        try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
          == ["file", "folder.png"])
    }
  }

  @Test func aFolderThatCannotBeWrittenIsNamed() throws {
    let url = URL(fileURLWithPath: "/proc/a.png")  // refuses new files even to root
    let image = ImageFixtures.noise(width: 1, height: 1, channels: 1)
    let error = #expect(throws: ImageError.self) { try ImageFile.save(image, to: url) }
    guard case .unwritable("/proc/a.png", let reason)? = error else {
      Issue.record("\(String(describing: error))")
      return
    }
    #expect(!reason.isEmpty)
  }

  @Test func badTextIsReportedWithThePath() throws {
    try ImageFixtures.withFolder { folder in
      let url = folder.appendingPathComponent("a.png")
      let image = ImageFixtures.noise(width: 1, height: 1, channels: 1)
      let error = #expect(throws: ImageError.self) {
        try ImageFile.save(image, to: url, text: [("", "x")])
      }
      guard case .inFile(url.path, .unwritableText("", _))? = error else {
        Issue.record("\(String(describing: error))")
        return
      }
    }
  }

  @Test func saysWhyAFileCannotBeRead() throws {
    try ImageFixtures.withFolder { folder in
      let missing = folder.appendingPathComponent("a.png")
      #expect(throws: ImageError.unreadable(path: missing.path, reason: "there is no such file")) {
        try ImageFile.load(missing)
      }
      #expect(throws: ImageError.unreadable(path: folder.path, reason: "it is a folder")) {
        try ImageFile.load(folder)
      }
      let cut = folder.appendingPathComponent("cut.png")
      try Data(try ImageFixtures.bytes("rgb.png").dropLast(30)).write(to: cut)
      #expect(
        throws: ImageError.inFile(
          path: cut.path, .corrupt(.png, reason: "the data ends early"))
      ) { try ImageFile.load(cut) }
    }
  }
}
