import Foundation

/// A folder of pictures with captions and other columns, in any of the forms people keep them in.
final class FolderSource: ImportSource {
  let kind = "a folder of pictures"
  let columns: [String]?
  let remarks: [String]
  private let listing: PictureListing
  private let rows: PictureColumns
  private var index = 0
  private let masks: Set<String>
  private static let largest = 1 << 30

  var count: Int? { listing.pictures.count }

  init(_ listing: PictureListing) throws {
    self.listing = listing
    masks = Set(listing.masks)
    rows = try PictureColumns(listing)
    columns = rows.columns.map { $0 + ["label", "source_path"] }
    let there = Set(listing.pictures)
    let missing = rows.names.filter { !there.contains($0) }.sorted()
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
    record.columns = try rows.columns(of: name)
    record.caption = try rows.caption(of: name)
    if record.caption == nil, let text = try CaptionFile.sidecar(of: listing.folder.appendingPathComponent(name)) {
      record.caption = text.isEmpty ? nil : text
    }
    // Folders named after what they hold are the caption where there is no other.
    let place = RepeatFolder(name)
    if record.caption == nil { record.caption = place.caption ?? PictureColumns.label(ofFolder: name) }
    record.folder = place.name
    let mask = (name as NSString).deletingPathExtension + PictureListing.maskEnding
    if masks.contains(mask) { record.mask = [UInt8](try Data(contentsOf: listing.folder.appendingPathComponent(mask))) }
    record.columns["source_path"] = .text(name)
    return record
  }

  func skip(_ count: Int) { index += count }
}
