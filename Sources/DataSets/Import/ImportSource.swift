import Foundation
import Images

/// A picture on its way into a data set, with what is known of it.
package struct ImportRecord {
  /// The picture.
  package enum Picture {
    /// A PNG or JPEG file's content, to be looked at.
    case file([UInt8])
    /// Samples.
    case image(Image)
    /// There is none, and why.
    case none(String)
  }

  package var picture: Picture
  /// What to call the record in messages: "row 17", a path.
  package var name: String
  package var columns: [String: JSONValue] = [:]
  /// The caption the source itself gives, if any.
  package var caption: String?
  /// What of the picture counts, a file's content.
  package var mask: [UInt8]?
  /// The folder it stays in; nil for none.
  package var folder: String?
  /// What is wrong with what stands beside the picture.
  package var problem: String?
}

/// Where pictures are imported from: a sequence of records that is the same each time it is read.
package protocol ImportSource: AnyObject {
  /// What it is, in words: "Parquet", "WebDataset tar".
  var kind: String { get }
  /// Records in all, if that is known beforehand.
  var count: Int? { get }
  /// Column names, if they are known beforehand.
  var columns: [String]? { get }
  /// What the user should know of how it is read.
  var remarks: [String] { get }
  /// The next record, nil after the last.
  func next() throws -> ImportRecord?
  /// Passes over records.
  func skip(_ count: Int) throws
}

extension ImportSource {
  package var remarks: [String] { [] }

  package func skip(_ count: Int) throws {
    for _ in 0..<count where try next() == nil { return }
  }
}

/// Finds out what a source is.
package enum ImportSources {
  /// Opens a source by its content.
  package static func open(_ url: URL, _ options: ImportOptions) throws -> any ImportSource {
    var info = stat()
    guard stat(url.path, &info) == 0 else {
      throw DataSetError.unreadable(path: url.path, reason: errno == ENOENT ? "no such file or folder" : systemReason)
    }
    let source: any ImportSource
    if info.st_mode & S_IFMT == S_IFDIR {
      source = try folder(url, options)
    } else {
      source = try file(url, options)
    }
    if options.imageColumn != nil, !(source is ParquetSource) {
      throw DataSetError.badRequest("`image-column` belongs to Parquet files; \(url.path) is \(source.kind)")
    }
    if options.split != nil || options.labels != nil, !(source is IDXSource || source is CIFARSource) {
      throw DataSetError.badRequest("`split` and `labels` belong to IDX and CIFAR-10; \(url.path) is \(source.kind)")
    }
    return source
  }

  private static func folder(_ url: URL, _ options: ImportOptions) throws -> any ImportSource {
    if let source = try IDXSource(folder: url, options) { return source }
    if let source = try CIFARSource(folder: url, options) { return source }
    let listing = try PictureListing(url)
    if listing.pictures.isEmpty, !listing.archives.isEmpty {
      let archives = listing.archives.map { url.appendingPathComponent($0) }
      if archives.allSatisfy({ $0.pathExtension.lowercased() == "parquet" }) {
        return try ParquetSource(archives, options)
      }
      if archives.allSatisfy({ $0.pathExtension.lowercased() == "tar" }) { return TarSource(archives) }
      throw DataSetError.noData(path: url.path, reason: "holds Parquet and tar files; import one kind at a time")
    }
    guard !listing.pictures.isEmpty else {
      throw DataSetError.noData(
        path: url.path, reason: "holds no PNG or JPEG picture, no Parquet, tar, IDX or CIFAR-10 file")
    }
    return try FolderSource(listing)
  }

  private static func file(_ url: URL, _ options: ImportOptions) throws -> any ImportSource {
    let raw = try RandomAccessFile(url).read(upTo: 4, at: 0)
    if raw == Array("PAR1".utf8) || raw == Array("PARE".utf8) { return try ParquetSource([url], options) }
    let path = url.path
    let head = try ByteStream.naming(path, format: "gzip") { try ByteStream(url).read(upTo: 512) }
    if TarReader.isHeader(head) {
      if let source = try CIFARSource(archive: url, options) { return source }
      return TarSource([url])
    }
    if let source = try IDXSource(file: url, head: head, options) { return source }
    if let source = try CIFARSource(file: url, options) { return source }
    throw DataSetError.noData(
      path: path,
      reason: "is none of a folder, a Parquet file, a tar archive, an IDX file and CIFAR-10's binary files")
  }
}
