import Files
import Foundation
import Testing

@Suite struct TextFileTests {
  private static let text = "a cat\n\u{e9} \u{732b}\r\n\rend"
  private static let lines = ["a cat", "\u{e9} \u{732b}", "", "end"]

  private static func utf16(_ text: String, big: Bool) -> [UInt8] {
    text.utf16.flatMap { unit -> [UInt8] in
      let pair = [UInt8(unit >> 8), UInt8(unit & 255)]
      return big ? pair : pair.reversed()
    }
  }

  private static func utf32(_ text: String, big: Bool) -> [UInt8] {
    text.unicodeScalars.flatMap { scalar -> [UInt8] in
      let bytes = (0..<4).map { UInt8(truncatingIfNeeded: scalar.value >> (24 - 8 * $0)) }
      return big ? bytes : bytes.reversed()
    }
  }

  static let encodings: [[UInt8]] = [
    Array(text.utf8), [0xef, 0xbb, 0xbf] + Array(text.utf8), [0xff, 0xfe] + utf16(text, big: false),
    [0xfe, 0xff] + utf16(text, big: true), utf16(text, big: false), utf16(text, big: true),
    [0xff, 0xfe, 0, 0] + utf32(text, big: false), [0, 0, 0xfe, 0xff] + utf32(text, big: true),
  ]

  @Test(arguments: encodings.indices) func everyEncoding(index: Int) throws {
    let file = try TextFile(Self.encodings[index], path: "t")
    #expect(file.lines.map(\.text) == Self.lines && file.lines.map(\.number) == [1, 2, 3, 4])
    #expect(file.lines.allSatisfy { $0.problem == nil })
    #expect(try file.text() == Self.lines.joined(separator: "\n"))
  }

  /// Bytes that are no text cost their line.
  @Test(arguments: [
    Array("one\ncaf".utf8) + [0xe9] + Array("\nthree".utf8), Array("one\ntw\0o\nthree and more".utf8),
    Array("one\n".utf8) + [0xc3] + Array("\nthree".utf8),
    [0xff, 0xfe] + utf16("one\n", big: false) + [0x00, 0xd8] + utf16("\nthree", big: false),
  ])
  func damagedLines(bytes: [UInt8]) throws {
    let file = try TextFile(bytes, path: "t")
    #expect(file.lines.map { $0.problem == nil } == [true, false, true], "\(file.lines)")
    let error = #expect(throws: TextFileError.self) { try file.text() }
    #expect(error?.description.hasPrefix("t: line 2 ") == true)
  }

  @Test func whatCannotBeRead() throws {
    #expect(throws: TextFileError.self) { try TextFile([0xff, 0xfe, 0x61], path: "t") }
    #expect(try TextFile([], path: "t").lines.isEmpty)
    let folder = FileManager.default.temporaryDirectory
    #expect(throws: TextFileError(path: folder.path, reason: "it is a folder")) { try TextFile(folder, limit: 9) }
    let none = folder.appendingPathComponent("none-\(UUID().uuidString)")
    #expect(throws: TextFileError(path: none.path, reason: "there is no such file")) { try TextFile(none, limit: 9) }
    try Data("0123456789".utf8).write(to: none)
    defer { try? FileManager.default.removeItem(at: none) }
    #expect(throws: TextFileError.self) { try TextFile(none, limit: 9) }
    #expect(try TextFile(none, limit: 10).lines.map(\.text) == ["0123456789"])
  }
}
