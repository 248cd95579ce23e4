import Foundation
import SafeTensors
import Testing

/// Broken files, each with the error it gives.
@Suite struct HostileFileTests {
  @Test(arguments: [
    Hostile(
      "git-LFS pointer", "version https://git-lfs.github.com/spec/v1\noid sha256:0\n",
      "git-LFS pointer"),
    Hostile("zip", bytes: [0x50, 0x4b, 3, 4, 20, 0, 0, 0, 0, 0, 33, 0], "zip archive"),
    Hostile("pickle", bytes: [0x80, 2, 0x7d, 0x71, 0, 0x28, 0x58, 1, 0, 0], "Python pickle"),
    Hostile("new pickle", bytes: [0x80, 4, 0x95, 9, 0, 0, 0, 0, 0, 0, 0], "Python pickle"),
    Hostile("GGUF", bytes: Array("GGUF".utf8) + [3, 0, 0, 0, 9, 0], "GGUF"),
    Hostile("web page", "<!DOCTYPE html><html></html>", "web page"),
    Hostile("JSON", "{\"error\":\"not found\"}", "JSON text"),
    Hostile("short", bytes: [2, 0, 0, 0, 0, 0, 0], "only 7 bytes"),
    Hostile(
      "noise", bytes: [UInt8](repeating: 0xa5, count: 64),
      "header would be 11936128518282651045 bytes"),
  ])
  func otherFormats(_ file: Hostile) throws {
    let folder = try TemporaryFolder()
    let url = try folder.write(file.bytes)
    guard case .wrongFormat(url.path, let looksLike) = openingError(url) else {
      Issue.record("\(openingError(url).map(\.description) ?? "opens")")
      return
    }
    #expect(looksLike.contains(file.message), "\(looksLike)")
  }

  @Test(arguments: [
    Hostile(
      "cut header", bytes: fileBytes(header: Array("{}".utf8), data: [], length: 9),
      "ends after 2 of its 9 bytes"),
    Hostile("no header", bytes: fileBytes(header: [], data: []), "does not start with \"{\""),
    Hostile(
      "long header", bytes: fileBytes(header: Array("{}".utf8), data: [], length: 100_000_001),
      "100000001 bytes"),
    Hostile("leading space", header: " {}", "does not start with \"{\""),
    Hostile("list", header: "[]", "does not start with \"{\""),
    Hostile("unclosed", header: "{", "expected \"\"\" at byte 1"),
    Hostile("second object", header: "{}{}", "text after its closing brace"),
    Hostile(
      "trailing comma", header: "{" + entry("a", "U8", "[1]", 0, 1) + ",}", data: 1,
      "expected \"\"\""),
    Hostile(
      "missing comma", header: "{" + entry("a", "U8", "[1]", 0, 1) + "\"b\":{}}", data: 1,
      "expected \",\" or \"}\""),
    Hostile("missing colon", header: "{\"a\"{}}", "expected \":\" at byte 4"),
    Hostile(
      "tensor twice",
      header: "{" + entry("a", "U8", "[1]", 0, 1) + "," + entry("a", "U8", "[1]", 1, 2) + "}",
      data: 2, "tensor a appears twice"),
    Hostile(
      "tensor twice by escape",
      header: "{" + entry("a", "U8", "[1]", 0, 1) + "," + entry("\\u0061", "U8", "[1]", 1, 2) + "}",
      data: 2, "tensor a appears twice"),
    Hostile(
      "key twice", header: "{\"a\":{\"dtype\":\"U8\",\"dtype\":\"U8\"}}", "tensor a has dtype twice"
    ),
    Hostile("key unknown", header: "{\"a\":{\"stride\":[1]}}", "unknown key stride"),
    Hostile(
      "no dtype", header: "{\"a\":{\"shape\":[],\"data_offsets\":[0,1]}}", data: 1,
      "tensor a has no dtype"),
    Hostile(
      "no shape", header: "{\"a\":{\"dtype\":\"U8\",\"data_offsets\":[0,1]}}", data: 1,
      "tensor a has no shape"),
    Hostile(
      "no offsets", header: "{\"a\":{\"dtype\":\"U8\",\"shape\":[]}}",
      "tensor a has no data_offsets"),
    Hostile("empty entry", header: "{\"a\":{}}", "tensor a has no dtype"),
    Hostile(
      "three offsets", header: "{\"a\":{\"data_offsets\":[0,1,2]}}", "3 data_offsets instead of 2"),
    Hostile("no offset", header: "{\"a\":{\"data_offsets\":[]}}", "0 data_offsets instead of 2"),
    Hostile(
      "metadata twice", header: "{\"__metadata__\":{},\"__metadata__\":{}}",
      "__metadata__ appears twice"),
    Hostile(
      "metadata key twice", header: "{\"__metadata__\":{\"k\":\"\",\"k\":\"\"}}",
      "__metadata__ has k twice"),
    Hostile("metadata number", header: "{\"__metadata__\":{\"k\":1}}", "expected \"\"\""),
    Hostile("metadata list", header: "{\"__metadata__\":[]}", "expected \"{\""),
    Hostile("fraction", header: "{\"a\":{\"shape\":[1.0]}}", "no whole number"),
    Hostile("exponent", header: "{\"a\":{\"shape\":[1e3]}}", "no whole number"),
    Hostile("leading zero", header: "{\"a\":{\"shape\":[01]}}", "no whole number"),
    Hostile("minus alone", header: "{\"a\":{\"shape\":[-]}}", "no whole number"),
    Hostile("text for a number", header: "{\"a\":{\"shape\":[\"1\"]}}", "no whole number"),
    Hostile("huge number", header: "{\"a\":{\"shape\":[99999999999999999999]}}", "too large"),
    Hostile("nested list", header: "{\"a\":{\"shape\":[[1]]}}", "no whole number"),
    Hostile(
      "deep nesting", header: "{\"a\":" + String(repeating: "[", count: 100_000), "expected \"{\""),
    Hostile("null", header: "{\"a\":null}", "expected \"{\""),
    Hostile("unclosed string", header: "{\"abc", "string at byte 1 does not end"),
    Hostile("backslash at the end", header: "{\"abc\\", "string at byte 1 does not end"),
    Hostile("unknown escape", header: "{\"\\x41\":{}}", "broken escape"),
    Hostile("short escape", header: "{\"\\u12\":{}}", "broken escape"),
    Hostile("signed escape", header: "{\"\\u+041\":{}}", "broken escape"),
    Hostile("lone surrogate", header: "{\"\\ud83d\":{}}", "broken escape"),
    Hostile("control character", header: "{\"a\u{1}\":{}}", "control character at byte 3"),
    Hostile(
      "not UTF-8",
      bytes: fileBytes(header: Array("{\"".utf8) + [0xc3, 0x28] + Array("\":{}}".utf8), data: []),
      "not UTF-8"),
    Hostile(
      "overlong UTF-8",
      bytes: fileBytes(header: Array("{\"".utf8) + [0xc0, 0xaf] + Array("\":{}}".utf8), data: []),
      "not UTF-8"),
    Hostile(
      "NUL padding", bytes: fileBytes(header: Array("{}\0\0".utf8), data: []),
      "text after its closing brace"),
    Hostile(
      "surplus data", header: "{" + entry("a", "U8", "[1]", 0, 1) + "}", data: 4,
      "3 bytes after the last tensor"),
  ])
  func badHeaders(_ file: Hostile) throws {
    let folder = try TemporaryFolder()
    let url = try folder.write(file.bytes)
    guard case .badHeader(url.path, let reason) = openingError(url) else {
      Issue.record("\(openingError(url).map(\.description) ?? "opens")")
      return
    }
    #expect(reason.contains(file.message), "\(reason)")
  }

  /// The tensor at fault is always called b.
  @Test(arguments: [
    Hostile(
      "unknown dtype", header: "{" + entry("b", "F4", "[2]", 0, 1) + "}", data: 1,
      "unknown dtype \"F4\""),
    Hostile(
      "lower-case dtype", header: "{" + entry("b", "f32", "[1]", 0, 4) + "}", data: 4,
      "unknown dtype \"f32\""),
    Hostile(
      "negative dimension", header: "{" + entry("b", "U8", "[-1,-1]", 0, 1) + "}", data: 1,
      "negative dimension in shape [-1, -1]"),
    Hostile(
      "product overflow", header: "{" + entry("b", "U8", "[4294967296,4294967296]", 0, 0) + "}",
      "too large"),
    Hostile(
      "byte size overflow", header: "{" + entry("b", "F64", "[4611686018427387,1024]", 0, 0) + "}",
      "too large"),
    Hostile(
      "offsets reversed", header: "{" + entry("b", "U8", "[1]", 1, 0) + "}", data: 1,
      "impossible data_offsets [1, 0]"),
    Hostile(
      "negative offset", header: "{" + entry("b", "U8", "[1]", -1, 0) + "}", data: 1,
      "impossible data_offsets [-1, 0]"),
    Hostile(
      "too few bytes", header: "{" + entry("b", "F32", "[2]", 0, 4) + "}", data: 4,
      "4 bytes of data, but F32 [2] takes 8"),
    Hostile(
      "too many bytes", header: "{" + entry("b", "F32", "[]", 0, 8) + "}", data: 8,
      "8 bytes of data, but F32 [] takes 4"),
    Hostile(
      "bytes for an empty shape", header: "{" + entry("b", "F32", "[0]", 0, 4) + "}", data: 4,
      "4 bytes of data, but F32 [0] takes 0"),
    Hostile(
      "overlap",
      header: "{" + entry("a", "U8", "[4]", 0, 4) + "," + entry("b", "U8", "[4]", 2, 6) + "}",
      data: 6, "overlaps that of tensor a"),
    Hostile(
      "shared data",
      header: "{" + entry("a", "U8", "[4]", 0, 4) + "," + entry("b", "U8", "[4]", 0, 4) + "}",
      data: 4, "overlaps that of tensor a"),
    Hostile(
      "gap",
      header: "{" + entry("a", "U8", "[1]", 0, 1) + "," + entry("b", "U8", "[1]", 3, 4) + "}",
      data: 4, "2 unused bytes between it and tensor a"),
    Hostile(
      "gap after the header", header: "{" + entry("b", "U8", "[1]", 3, 4) + "}", data: 4,
      "3 unused bytes between it and the header"),
    Hostile(
      "empty tensor far out",
      header: "{" + entry("a", "U8", "[1]", 0, 1) + "," + entry("b", "U8", "[0]", 9, 9) + "}",
      data: 1, "8 unused bytes"),
  ])
  func badTensors(_ file: Hostile) throws {
    let folder = try TemporaryFolder()
    let url = try folder.write(file.bytes)
    guard case .badTensor(url.path, "b", let reason) = openingError(url) else {
      Issue.record("\(openingError(url).map(\.description) ?? "opens")")
      return
    }
    #expect(reason.contains(file.message), "\(reason)")
  }

  @Test(arguments: [1, 7, 399, 400])
  func truncatedDownload(_ missing: Int) throws {
    let folder = try TemporaryFolder()
    let header = "{" + entry("a", "F32", "[100]", 0, 400) + "}"
    let url = try folder.write(fileBytes(header, dataCount: 400 - missing))
    let error = CheckpointError.truncated(path: url.path, missingBytes: missing)
    #expect(openingError(url) == error)
    #expect(
      error.description
        == "\(url.path): truncated download, \(missing) bytes are missing; fetch it again")
  }

  @Test func missingFile() throws {
    let url = try TemporaryFolder().file("none.safetensors")
    #expect(openingError(url) == .unreadable(path: url.path, reason: "not found"))
  }

  /// A name made to fill the terminal stays on one line of bounded length.
  @Test func messagesAreOneLine() {
    let name = "\u{1b}[2J\n\r\u{2028}" + String(repeating: "x", count: 100_000)
    let errors: [CheckpointError] = [
      .badHeader(path: "f", reason: name), .badTensor(path: "f", name: name, reason: name),
      .missingTensor(path: "f", name: name), .badIndex(path: "f", reason: name),
      .wrongShape(path: "f", name: name, expected: [1], found: [2]),
    ]
    for error in errors {
      let line = error.description
      #expect(line.hasPrefix("f: ") && line.count < 1000)
      #expect(!line.unicodeScalars.contains { $0.value < 0x20 || $0.value == 0x2028 })
    }
  }
}

/// A broken file and a part of its error message.
struct Hostile: Sendable, CustomTestStringConvertible {
  let testDescription: String
  let bytes: [UInt8]
  let message: String

  init(_ name: String, bytes: [UInt8], _ message: String) {
    (testDescription, self.bytes, self.message) = (name, bytes, message)
  }

  init(_ name: String, _ text: String, _ message: String) {
    self.init(name, bytes: Array(text.utf8), message)
  }

  init(_ name: String, header: String, data: Int = 0, _ message: String) {
    self.init(name, bytes: fileBytes(header, dataCount: data), message)
  }
}
