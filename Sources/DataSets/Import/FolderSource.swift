import Foundation

/// A folder of pictures with captions and other columns, in any of the forms people keep them in.
final class FolderSource: ImportSource {
  let kind = "a folder of pictures"
  let columns: [String]?
  let remarks: [String]
  private let listing: PictureListing
  private let tables: [CaptionTable]
  private let files: [RandomAccessFile]
  /// Which table a picture's row is in, and where.
  private let places: [String: (table: Int, place: CaptionTable.Place)]
  private var index = 0
  private static let largest = 1 << 30

  var count: Int? { listing.pictures.count }

  init(_ listing: PictureListing) throws {
    self.listing = listing
    let tables = try listing.tables.map { try CaptionTable($0, in: listing.folder) }
    var places: [String: (table: Int, place: CaptionTable.Place)] = [:]
    files = try tables.map { try RandomAccessFile($0.url) }
    for (index, table) in tables.enumerated() {
      try ByteStream.naming(table.url.path, format: "text") {
        try table.readRows { places[$0.name] = (index, $0.place) }
      }
    }
    self.tables = tables
    self.places = places
    // Rows of JSON are of any shape.
    let known = tables.compactMap(\.columns)
    columns = known.count == tables.count ? Array(Set(known.joined())) + ["label", "source_path"] : nil
    let there = Set(listing.pictures)
    let missing = places.keys.filter { !there.contains($0) }.sorted()
    remarks =
      missing.prefix(10).map { "\($0): named in the captions but not in the folder" }
      + (missing.count > 10 ? ["… and \(missing.count - 10) more such names"] : [])
  }

  func next() throws -> ImportRecord? {
    guard index < listing.pictures.count else { return nil }
    let name = listing.pictures[index]
    index += 1
    var record = ImportRecord(picture: .none(""), name: name)
    do {
      let file = try RandomAccessFile(listing.folder.appendingPathComponent(name))
      record.picture =
        file.count <= Self.largest
        ? .file(try file.read(upTo: file.count, at: 0)) : .none("it is larger than \(Self.largest) bytes")
    } catch {
      record.picture = .none("\(error)")
    }
    if let (table, place) = places[name] {
      record.columns = try tables[table].columns(at: place, in: files[table])
      record.caption = try tables[table].caption(at: place, in: files[table])
    }
    if record.caption == nil, let text = try CaptionFile.sidecar(of: listing.folder.appendingPathComponent(name)) {
      record.caption = text.isEmpty ? nil : text
    }
    let folder = name.split(separator: "/").dropLast().last.map(String.init)
    if let folder, record.columns["label"] == nil, !["train", "test", "validation", "images"].contains(folder) {
      record.columns["label"] = .text(folder)
      // Folders named after what they hold are the caption where there is no other.
      if record.caption == nil { record.caption = folder }
    }
    record.columns["source_path"] = .text(name)
    return record
  }

  func skip(_ count: Int) { index += count }
}
