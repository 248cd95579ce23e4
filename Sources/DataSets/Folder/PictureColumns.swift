import Foundation

/// What the tables of a folder, and its sub-folders, say of its pictures besides their captions.
public struct PictureColumns: Sendable {
  /// Columns known beforehand; nil where rows are JSON, of any shape.
  let columns: [String]?
  private let tables: [CaptionTable]
  private let files: [RandomAccessFile]
  /// Which table a picture's row is in, and where.
  private let places: [String: (table: Int, place: CaptionTable.Place)]

  /// Reads which rows there are; each is read again when it is asked for.
  public init(_ listing: PictureListing) throws {
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
    let known = tables.compactMap(\.columns)
    columns = known.count == tables.count ? Array(Set(known.joined())) : nil
  }

  /// Pictures that have a row, whether they are there or not.
  var names: some Collection<String> { places.keys }

  /// All columns of a picture's row but its name; `label` is the folder it lies in where no column says it.
  public func columns(of name: String) throws -> [String: JSONValue] {
    var columns: [String: JSONValue] = [:]
    if let (table, place) = places[name] { columns = try tables[table].columns(at: place, in: files[table]) }
    if columns["label"] == nil, let folder = Self.label(ofFolder: name) { columns["label"] = .text(folder) }
    return columns
  }

  /// The caption in a picture's row.
  func caption(of name: String) throws -> String? {
    guard let (table, place) = places[name] else { return nil }
    return try tables[table].caption(at: place, in: files[table])
  }

  /// The sub-folder a picture lies in, unless its name says only what part of a data set it is.
  static func label(ofFolder name: String) -> String? {
    let folder = name.split(separator: "/").dropLast().last.map(String.init)
    return folder.flatMap { ["train", "test", "validation", "images"].contains($0) ? nil : $0 }
  }
}
