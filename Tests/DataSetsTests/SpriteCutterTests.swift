import DataSets
import Foundation
import Images
import SceneData
import Testing

@Suite struct SpriteCutterTests {
  /// A font of two glyphs and their ligature, each a picture of another grey.
  private func font(_ pictures: [[UInt8]]) -> [UInt8] {
    func u16(_ values: Int...) -> [UInt8] { values.flatMap { [UInt8($0 >> 8), UInt8($0 & 255)] } }
    func u32(_ values: Int...) -> [UInt8] {
      values.flatMap { v in [24, 16, 8, 0].map { UInt8(v >> $0 & 255) } }
    }
    // Characters 1F408 and 2B1B and the joiner are glyphs 1, 2 and 3; 1 + 3 + 2 become glyph 4.
    let cmap =
      u16(0, 1, 3, 10) + u32(12) + u16(12, 0) + u32(16 + 36, 0, 3) + u32(0x200d, 0x200d, 3)
      + u32(0x2b1b, 0x2b1b, 2) + u32(0x1f408, 0x1f408, 1)
    // One lookup with one table of ligatures: its set and ligature take 20 bytes, then comes what it covers.
    let gsub =
      u16(1, 0, 0, 0, 10) + u16(1, 4) + u16(4, 0, 1, 8) + u16(1, 20, 1, 8) + u16(1, 4) + u16(4, 3, 3, 2) + u16(1, 1, 1)
    var data = u16(3, 0)
    var offsets: [Int] = []
    for picture in pictures {
      offsets.append(data.count)
      data += [0, 0, 0, 0, 0] + u32(picture.count) + picture
    }
    offsets.append(data.count)
    // Glyphs 1 and 2 stand in a table of 32-bit offsets, glyph 4 in one of 16 bits.
    let one = u16(1, 17) + u32(offsets[0]) + u32(0, offsets[1] - offsets[0], offsets[2] - offsets[0])
    let two = u16(3, 17) + u32(offsets[2]) + u16(0, offsets[3] - offsets[2])
    let arrays = u16(1, 2) + u32(16) + u16(4, 4) + u32(16 + one.count)
    var strike = u32(56, arrays.count + one.count + two.count, 2, 0)
    strike += [UInt8](repeating: 0, count: 48 - strike.count)
    strike[45] = 109
    let cblc = u16(3, 0) + u32(1) + strike + arrays + one + two
    let tables = [("CBDT", data), ("CBLC", cblc), ("GSUB", gsub), ("cmap", cmap)]
    var head = u32(0x10000) + u16(tables.count, 0, 0, 0)
    var body: [UInt8] = []
    for (tag, bytes) in tables {
      head += Array(tag.utf8) + u32(0, 12 + 16 * tables.count + body.count, bytes.count)
      body += bytes
    }
    return head + body
  }

  private func picture(_ value: UInt8) throws -> [UInt8] {
    let pixels = (0..<24).map { $0 % 4 == 3 ? 255 : value }
    return try PNG.encode(Image(width: 3, height: 2, channels: 4, pixels: pixels))
  }

  private func files(_ folder: ScratchFolder) throws -> SpriteCutter.Files {
    var files = SpriteCutter.Files()
    files.font = try folder.write(font([try picture(10), try picture(20), try picture(30)]), "font.ttf")
    files.names = try folder.write(
      """
      # group: Animals & Nature
      # subgroup: animal-mammal
      1F408 ; fully-qualified # 🐈 E0.7 cat
      1F408 200D 2B1B ; fully-qualified # 🐈‍⬛ E13.0 black cat
      1F98B ; fully-qualified # 🦋 E3.0 butterfly
      # group: Symbols
      # subgroup: geometric
      2B1B ; fully-qualified # ⬛ E0.6 black large square
      """, "names.txt")
    files.annotations = [
      try folder.write(
        """
        <annotation cp="🐈">cat | pet</annotation>
        <annotation cp="🐈" type="tts">cat</annotation>
        <annotation cp="🐈‍⬛">black | cat, unlucky</annotation> <!-- 1F408 200D 2B1B -->
        """, "en.xml")
    ]
    return files
  }

  @Test func drawingsHaveTheirNames() throws {
    let folder = try ScratchFolder()
    let cut = try SpriteCutter(try files(folder)).write(to: folder.file("out"))
    #expect(cut.count == 2 && cut.missing == ["butterfly"])
    let table = try String(contentsOf: folder.file("out/sprites.csv"), encoding: .utf8)
    #expect(
      table == """
        file,name,group,subgroup,keywords,set,licence
        noto/cat.png,cat,Animals & Nature,animal-mammal,cat|pet,noto,Apache-2.0/OFL-1.1
        noto/black-cat.png,black cat,Animals & Nature,animal-mammal,"black|cat, unlucky",noto,Apache-2.0/OFL-1.1

        """)
    #expect(try ImageFile.load(folder.file("out/noto/cat.png")).pixels[0] == 10)
    #expect(try ImageFile.load(folder.file("out/noto/black-cat.png")).pixels[0] == 30)
    #expect(throws: DataSetError.self) { try SpriteCutter(try files(folder)).write(to: folder.file("out")) }

    let vocabulary = try SceneVocabulary(
      text: "sets noto twemoji\nthing cat\n  motion stand\n  sprites */cat noto/black-cat\n", path: "v")
    let generator = try SceneGenerator(spriteDirectory: folder.file("out"), vocabulary: vocabulary, side: 64)
    #expect(generator.absentSets == ["twemoji"])
    #expect(generator.absence?.contains("twemoji") == true)
    #expect(generator.scene(seed: 1).image.width == 64)
  }

  @Test func missingPackagesAreNamedInOneLine() throws {
    let folder = try ScratchFolder()
    var files = try files(folder)
    files.font = folder.file("none.ttf")
    files.annotations.append(folder.file("none.xml"))
    let error = #expect(throws: DataSetError.self) { try SpriteCutter(files).write(to: folder.file("out")) }
    #expect(error?.description.hasSuffix("apt-get install fonts-noto-color-emoji unicode-cldr-core") == true)
    #expect(!FileManager.default.fileExists(atPath: folder.file("out").path))
  }

  @Test func damagedFontsAreRefused() throws {
    let folder = try ScratchFolder()
    let files = try files(folder)
    let intact = try Array(Data(contentsOf: files.font))
    for place in 0..<min(intact.count, 420) {
      var bytes = intact
      bytes[place] = 0xff
      try folder.write(bytes, "font.ttf")
      do {
        let font = try EmojiFont(files.font)
        _ = try font.picture([0x1f408, 0x200d, 0x2b1b])
      } catch { #expect("\(error)".hasPrefix(files.font.path)) }
    }
    try folder.write(intact.prefix(60), "font.ttf")
    #expect(throws: DataSetError.self) { try EmojiFont(files.font) }
  }
}
