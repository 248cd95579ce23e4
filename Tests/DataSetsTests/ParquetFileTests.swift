import DataSets
import Foundation
import TestSupport
import Testing

/// Files written by pyarrow: `Fixtures/parquet/make_parquet.py`.
@Suite struct ParquetFileTests {
  struct Expected: Decodable {
    struct Row: Decodable {
      let name, imageAlt, bytes, path: String?
      let stage: String
      let simScore: Double?
      let hybrid: Bool
    }
    let rows: [Row]
    let numbers: [String: [String]]
    let numbersRows: [Int]
  }

  static let names = ["snappy", "zstd-groups", "gzip-v2", "none-plain", "snappy-v2-pages", "zstd-plain-large"]

  static func file(_ name: String) -> URL { fixtureURL("parquet/\(name).parquet") }

  static func expected() throws -> Expected {
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    return try decoder.decode(Expected.self, from: Data(contentsOf: fixtureURL("parquet/expected.json")))
  }

  @Test(arguments: names) func everyRowIsWhatTheWriterPutIn(name: String) throws {
    let rows = try Self.expected().rows
    let source = try ImportSources.open(Self.file(name), ImportOptions())
    #expect(source.count == rows.count)
    #expect(source.columns?.sorted() == ["hybrid", "image_alt", "name", "sim_score", "source_path", "stage"])
    for (index, row) in rows.enumerated() {
      let record = try #require(try source.next())
      #expect(record.columns["name"] == row.name.map { .text($0) } ?? .null, "row \(index)")
      #expect(record.columns["image_alt"] == row.imageAlt.map { .text($0) } ?? .null, "row \(index)")
      #expect(record.columns["stage"] == .text(row.stage), "row \(index)")
      #expect(record.columns["sim_score"] == row.simScore.map { .double($0) } ?? .null, "row \(index)")
      #expect(record.columns["hybrid"] == .bool(row.hybrid), "row \(index)")
      #expect(record.columns["source_path"] == row.path.map { .text($0) }, "row \(index)")
      if let bytes = row.bytes {
        guard case .file(let found) = record.picture else {
          Issue.record("row \(index) has no picture")
          continue
        }
        #expect(Data(found) == Data(base64Encoded: bytes), "row \(index)")
      } else if case .none(let reason) = record.picture {
        #expect(reason.contains(row.path ?? "null"), "row \(index)")
      } else {
        Issue.record("row \(index) has a picture")
      }
    }
    #expect(try source.next() == nil)
  }

  @Test(arguments: names, [0, 1, 4, 5, 6, 11, 12]) func rowsCanBePassedOver(name: String, skipped: Int) throws {
    let rows = try Self.expected().rows
    let folder = try ScratchFolder()
    try folder.write(Data(contentsOf: Self.file(name)), "set/a.parquet")
    try folder.write(Data(contentsOf: Self.file("snappy")), "set/b.parquet")
    let source = try ImportSources.open(folder.file("set"), ImportOptions())
    try source.skip(skipped)
    let record = try #require(try source.next())
    #expect(record.columns["image_alt"] == rows[skipped % rows.count].imageAlt.map { .text($0) } ?? .null)
    #expect(record.name == "row \(skipped + 1)")
    try source.skip(2 * rows.count - skipped - 2)
    #expect(try source.next()?.columns["image_alt"] == rows[11].imageAlt.map { .text($0) })
    #expect(try source.next() == nil)
  }

  @Test(arguments: ["numbers", "numbers-v2"]) func columnsOfEveryType(name: String) throws {
    let expected = try Self.expected()
    let file = try ParquetFile(Self.file(name))
    #expect(file.columns.count == expected.numbers.count)
    var rows = try file.rows(of: Array(file.columns.indices))
    var number = 0
    while let row = try rows.next() {
      if let place = expected.numbersRows.firstIndex(of: number) {
        for (column, value) in zip(file.columns, row) {
          let json = try #require(value.json(of: column))
          let found = json == .null ? "null" : json.words
          #expect(found == expected.numbers[column.name]?[place], "\(column.name), row \(number)")
        }
      }
      number += 1
    }
    #expect(number == file.rows)
  }

  @Test(arguments: [("brotli", "BROTLI"), ("delta", "DELTA_BINARY_PACKED")])
  func whatIsNotReadIsNamed(name: String, word: String) throws {
    let url = Self.file(name)
    let error = #expect(throws: DataSetError.self) {
      let source = try ImportSources.open(url, ImportOptions())
      while try source.next() != nil {}
    }
    #expect("\(error.map(String.init(describing:)) ?? "")".contains(word))
    #expect("\(error.map(String.init(describing:)) ?? "")".hasPrefix(url.path))
  }

  @Test func theColumnOfPicturesIsAskedForOrFound() throws {
    func message(_ column: String) -> String {
      var options = ImportOptions()
      options.imageColumn = column
      do {
        _ = try ImportSources.open(Self.file("snappy"), options)
        return "accepted"
      } catch { return "\(error)" }
    }
    #expect(message("image") == "accepted" && message("image.bytes") == "accepted")
    #expect(message("picture").contains("no column \"picture\"") && message("picture").contains("image.bytes"))
    #expect(message("stage").contains("\"stage\" holds no bytes"))
    #expect(throws: DataSetError.self) { try ImportSources.open(Self.file("numbers"), ImportOptions()) }
  }

  @Test func otherFilesAreNotTakenForOne() throws {
    let folder = try ScratchFolder()
    for bytes in ["", "PAR1", "PAR1aaaaPARE", "PAR1\u{1}\u{0}\u{0}\u{0}PAR1", "PAR1\u{7f}\u{7f}\u{7f}\u{7f}PAR1"] {
      let url = try folder.write(bytes, "a.parquet")
      let error = #expect(throws: DataSetError.self) { try ParquetFile(url) }
      #expect(error?.description.hasPrefix(url.path) == true)
    }
    #expect(throws: DataSetError.unreadable(path: folder.file("b").path, reason: "no such file")) {
      try ParquetFile(folder.file("b"))
    }
  }
}
