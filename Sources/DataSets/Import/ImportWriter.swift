import Files
import Foundation
import Glibc

/// A data set while it grows: pictures, and a line in `metadata.jsonl` for each once it lies there.
///
/// The line is what counts. A picture without one, as a killed run leaves it, is written again.
final class ImportWriter {
  private let folder: URL
  private let request: JSONValue
  private let lines: UnsafeMutablePointer<FILE>
  /// Pictures that are there.
  private(set) var pictures = 0
  /// The first record that is not.
  private(set) var nextRecord = 0

  private static let table = "metadata.jsonl"
  private static let digits = 6

  /// Starts a data set, or opens one that was begun.
  /// - Parameter request: how it is made; one that was begun otherwise is an error.
  init(_ folder: URL, request: JSONValue) throws {
    self.folder = folder
    self.request = request
    let state = folder.appendingPathComponent(ImportRun.stateName)
    let table = folder.appendingPathComponent(Self.table)
    let isBegun = FileManager.default.fileExists(atPath: state.path)
    if isBegun {
      let begun = try? JSONDecoder().decode([String: JSONValue].self, from: Data(contentsOf: state))
      guard begun?["request"] == request else {
        throw DataSetError.unwritable(
          path: folder.path, reason: "another import was stopped there; finish that one, or remove the folder")
      }
    } else {
      do {
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
      } catch {
        throw DataSetError.unwritable(path: folder.path, reason: "\((error as NSError).localizedDescription)")
      }
      try Self.writeState(["request": request], in: folder)
    }
    var kept = 0
    if isBegun, FileManager.default.fileExists(atPath: table.path) {
      var reader = try LineReader(table)
      while let line = try reader.next() {
        guard let row = CaptionTable.object(line.bytes), case .text(let path)? = row["file_name"],
          let name = path.split(separator: "/").last, let record = Int(name.prefix { $0 != "." })
        else { break }
        kept = line.offset + line.bytes.count + 1
        pictures += 1
        nextRecord = record + 1
      }
    }
    guard let file = fopen(table.path, "ab") else {
      throw DataSetError.unwritable(path: table.path, reason: systemReason)
    }
    lines = file
    // A line that was cut short goes; one that only lacks its end is written again.
    var info = stat()
    if fstat(fileno(file), &info) == 0, Int(info.st_size) < kept {
      pictures -= 1
      nextRecord -= 1
      kept = try Self.lastLineStart(table)
    }
    guard ftruncate(fileno(file), off_t(kept)) == 0 else {
      throw DataSetError.unwritable(path: table.path, reason: systemReason)
    }
  }

  deinit { fclose(lines) }

  private static func lastLineStart(_ table: URL) throws -> Int {
    var reader = try LineReader(table)
    var start = 0
    while let line = try reader.next() { start = line.offset }
    return start
  }

  /// Adds a picture.
  /// - Parameters:
  ///   - mask: what of it counts, a PNG file's content, which is written beside it.
  ///   - inner: the folder it lies in there; nil for none.
  ///   - record: its place in the source, which names it.
  ///   - row: what is known of it.
  func append(
    _ bytes: [UInt8], ending: String, mask: [UInt8]? = nil, folder inner: String? = nil, record: Int,
    row: [String: JSONValue]
  ) throws {
    let stem = (inner.map { "\($0)/" } ?? "") + NumberedName.padded(record, digits: Self.digits)
    let name = "\(stem).\(ending)"
    if let inner {
      let place = folder.appendingPathComponent(inner)
      guard mkdir(place.path, 0o777) == 0 || errno == EEXIST else {
        throw DataSetError.unwritable(path: place.path, reason: "\(systemReason); run again to go on")
      }
    }
    if let mask { try Self.write(mask, to: folder.appendingPathComponent(stem + PictureListing.maskEnding)) }
    try Self.write(bytes, to: folder.appendingPathComponent(name))
    var row = row
    row["file_name"] = .text(name)
    let line = Array((try JSONValue.object(row).line() + "\n").utf8)
    guard fwrite(line, 1, line.count, lines) == line.count, fflush(lines) == 0 else {
      throw DataSetError.unwritable(
        path: folder.appendingPathComponent(Self.table).path, reason: "\(systemReason); run again to go on")
    }
    pictures += 1
  }

  /// Gives the data set its name.
  func finish(as output: URL) throws {
    try Self.writeState(["request": request, "pictures": .int(Int64(pictures))], in: folder)
    guard rename(folder.path, output.path) == 0 else {
      throw DataSetError.unwritable(path: output.path, reason: systemReason)
    }
  }

  /// Replaces the file that says how the data set is made.
  private static func writeState(_ state: [String: JSONValue], in folder: URL) throws {
    let part = folder.appendingPathComponent(".state.partial")
    let url = folder.appendingPathComponent(ImportRun.stateName)
    try write(Array(try JSONValue.object(state).line().utf8), to: part)
    guard rename(part.path, url.path) == 0 else {
      throw DataSetError.unwritable(path: url.path, reason: systemReason)
    }
  }

  private static func write(_ bytes: [UInt8], to url: URL) throws {
    guard let file = fopen(url.path, "wb") else {
      throw DataSetError.unwritable(path: url.path, reason: "\(systemReason); run again to go on")
    }
    let isWritten = fwrite(bytes, 1, bytes.count, file) == bytes.count
    let code = errno
    // A full disk may show only when the last buffer is written out.
    guard fclose(file) == 0, isWritten else {
      let reason = String(cString: strerror(isWritten ? errno : code))
      unlink(url.path)
      throw DataSetError.unwritable(path: url.path, reason: "\(reason); run again to go on")
    }
  }
}
