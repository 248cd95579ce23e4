import Foundation
import SafeTensors
import Testing

/// Files that are right, some in unusual ways.
@Suite struct SafeTensorsFileTests {
  @Test func readsWhatTheFormatDescribes() throws {
    let folder = try TemporaryFolder()
    let header =
      "{\"__metadata__\":{\"format\":\"pt\",\"about\":\"two\\nlines\"},"
      + entry("a", "F32", "[1,2]", 0, 8) + "," + entry("b", "I16", "[]", 8, 10) + "}"
    let file = try SafeTensorsFile(url: folder.write(fileBytes(header, dataCount: 10)))
    #expect(file.names == ["a", "b"])
    #expect(file.metadata == ["format": "pt", "about": "two\nlines"])
    let a = try #require(file.entry("a"))
    let b = try #require(file.entry("b"))
    #expect(a.name == "a" && a.type == .F32 && a.shape == [1, 2])
    #expect(b.name == "b" && b.type == .I16 && b.shape == [])
    #expect(a.byteRange.upperBound == b.byteRange.lowerBound)
    #expect(b.byteRange.upperBound == file.file.count)
    #expect(file.entry("c") == nil)
    #expect(Array(file.bytes(of: a)) == [0, 1, 2, 3, 4, 5, 6, 7])
    #expect(file.withBytes(of: b) { Array($0) } == [8, 9])
    #expect(file.pointer(of: b).load(fromByteOffset: 1, as: UInt8.self) == 9)
  }

  @Test func namesAreInTheOrderOfTheData() throws {
    let folder = try TemporaryFolder()
    let header =
      "{" + entry("late", "U8", "[2]", 1, 3) + "," + entry("early", "BOOL", "[1]", 0, 1) + "}"
    let file = try SafeTensorsFile(url: folder.write(fileBytes(header, dataCount: 3)))
    #expect(file.names == ["early", "late"])
    #expect(file.metadata == [:])
  }

  @Test func emptyTensorsMayStandAnywhere() throws {
    let folder = try TemporaryFolder()
    // The empty one starts where the full one does, and the header names it second.
    let header =
      "{" + entry("full", "U8", "[2]", 0, 2) + "," + entry("none", "F64", "[3,0]", 0, 0) + ","
      + entry("end", "F16", "[0]", 2, 2) + "}"
    let file = try SafeTensorsFile(url: folder.write(fileBytes(header, dataCount: 2)))
    #expect(file.names == ["none", "full", "end"])
    let none = try #require(file.entry("none"))
    #expect(file.bytes(of: none).isEmpty)
  }

  @Test func fileWithoutTensors() throws {
    let folder = try TemporaryFolder()
    let file = try SafeTensorsFile(url: folder.write(fileBytes("{}")))
    #expect(file.names.isEmpty)
  }

  @Test func whiteSpaceAndEscapes() throws {
    let folder = try TemporaryFolder()
    let header = """
      {\t"\\u0061\\u00e9\\ud83d\\ude00\\"\\\\\\/" :\r
      { "data_offsets" : [ 0 , 1 ] , "shape" : [ ] , "\\u0064type" : "U8" } }  \n
      """
    let file = try SafeTensorsFile(url: folder.write(fileBytes(header, dataCount: 1)))
    #expect(file.names == ["aé😀\"\\/"])
  }

  /// These lengths start with the bytes of a pickle.
  @Test(arguments: [640, 896, 1152, 1408])
  func headerLengthThatLooksLikeAnotherFormat(_ length: Int) throws {
    let folder = try TemporaryFolder()
    let header = Array("{}".utf8) + [UInt8](repeating: 0x20, count: length - 2)
    let file = try SafeTensorsFile(url: folder.write(fileBytes(header: header, data: [])))
    #expect(file.names.isEmpty)
  }

  @Test(
    arguments: zip(
      ElementType.allCases, [8, 4, 2, 2, 8, 4, 2, 1, 1, 1, 1, 1]))
  func everyElementType(_ type: ElementType, _ size: Int) throws {
    #expect(type.byteSize == size)
    let folder = try TemporaryFolder()
    let header = "{" + entry("x", type.rawValue, "[3]", 0, 3 * size) + "}"
    let file = try SafeTensorsFile(url: folder.write(fileBytes(header, dataCount: 3 * size)))
    #expect(file.entry("x")?.type == type)
  }
}
