import Foundation
import Images

/// Grey or colour pictures and their labels in IDX files, as MNIST and Fashion-MNIST are published.
///
/// Source: yann.lecun.com/exdb/mnist, "THE IDX FILE FORMAT".
final class IDXSource: ImportSource {
  let kind = "IDX"
  let count: Int?
  let columns: [String]? = ["label", "label_id"]
  let remarks: [String]
  private let pictures: ByteStream
  private let labels: ByteStream?
  private let names: [String]?
  private let (width, height, channels): (Int, Int, Int)
  private var index = 0

  /// What Fashion-MNIST's labels stand for (zalandoresearch/fashion-mnist README.md).
  static let fashion = [
    "t-shirt", "trouser", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "ankle boot",
  ]

  /// The part of a folder that is asked for, by the names such files have; nil if there are none.
  convenience init?(folder: URL, _ options: ImportOptions) throws {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path))?.sorted() ?? []
    func pictures(_ split: ImportOptions.Split) -> String? {
      let marks = split == .train ? ["train-images"] : ["t10k-images", "test-images"]
      return names.first { name in marks.contains { name.hasPrefix($0) } && name.contains("idx") }
    }
    let there = ImportOptions.Split.allCases.filter { pictures($0) != nil }
    guard let split = options.split ?? there.first else { return nil }
    guard !there.isEmpty else { return nil }
    guard let name = pictures(split) else {
      throw DataSetError.noData(path: folder.path, reason: "has no IDX file of the \(split.rawValue) pictures")
    }
    let file = folder.appendingPathComponent(name)
    let other = there.count > 1 && options.split == nil
    let head = try ByteStream.naming(file.path, format: "IDX") { try ByteStream(file).read(upTo: 512) }
    try self.init(
      file: file, head: head, options,
      remarks: other ? ["took the \(split.rawValue) pictures; `split` test takes the others"] : [])
  }

  /// A file of pictures; its labels are looked for beside it. nil if it is no such file.
  /// - Parameter head: its first bytes, unpacked.
  init?(file: URL, head: [UInt8], _ options: ImportOptions, remarks: [String] = []) throws {
    guard head.count >= 16, head[0] == 0, head[1] == 0, (1...4).contains(head[3]) else { return nil }
    let dimensions = (0..<Int(head[3])).map { d in head[(4 + 4 * d)..<(8 + 4 * d)].reduce(0) { $0 << 8 | Int($1) } }
    guard head[2] == 0x08 else {
      throw DataSetError.unsupported(path: file.path, what: "is an IDX file of other values than bytes")
    }
    guard dimensions.count >= 3 else {
      throw DataSetError.unsupported(
        path: file.path,
        what: "is an IDX file of \(dimensions.count) dimensions; pictures have 3 or 4, name their file")
    }
    (height, width, channels) = (dimensions[1], dimensions[2], dimensions.count == 4 ? dimensions[3] : 1)
    guard (1...4096).contains(width), (1...4096).contains(height), [1, 3].contains(channels) else {
      throw DataSetError.damaged(
        path: file.path, format: "IDX", reason: "it claims pictures of \(width) × \(height) × \(channels)")
    }
    count = dimensions[0]
    var remarks = remarks
    let pictures = try ByteStream(file)
    self.pictures = pictures
    try ByteStream.naming(file.path, format: "IDX") { try pictures.skip(4 + 4 * dimensions.count) }
    let labelFile = Self.labels(beside: file)
    let labels = try labelFile.map { try ByteStream($0) }
    self.labels = labels
    if let labels, let labelFile {
      let count = dimensions[0]
      try ByteStream.naming(labelFile.path, format: "IDX") {
        let head = try labels.read(exactly: 8)
        guard Array(head[0..<4]) == [0, 0, 8, 1], head[4...].reduce(0, { $0 << 8 | Int($1) }) == count else {
          throw Fault.damaged("it does not hold \(count) labels, one for each picture in \(file.lastPathComponent)")
        }
      }
    } else {
      remarks.append("found no file of labels beside \(file.lastPathComponent)")
    }
    names = options.labels ?? (file.path.lowercased().contains("fashion") ? Self.fashion : nil)
    if labels != nil, names == nil {
      remarks.append("labels are numbers; `labels` a,b,c gives them names")
    }
    self.remarks = remarks
  }

  /// `train-labels-idx1-ubyte.gz` for `train-images-idx3-ubyte.gz`, packed or not.
  private static func labels(beside file: URL) -> URL? {
    let name = file.lastPathComponent
    let plain = name.hasSuffix(".gz") ? String(name.dropLast(3)) : name
    let label = plain.replacingOccurrences(of: "images", with: "labels")
      .replacingOccurrences(of: "idx3", with: "idx1").replacingOccurrences(of: "idx4", with: "idx1")
    guard label != plain else { return nil }
    let folder = file.deletingLastPathComponent()
    return [label, "\(label).gz"].map { folder.appendingPathComponent($0) }
      .first { FileManager.default.fileExists(atPath: $0.path) }
  }

  func next() throws -> ImportRecord? {
    guard index < count ?? 0 else { return nil }
    let pixels = try ByteStream.naming(pictures.path, format: "IDX") {
      try pictures.read(exactly: width * height * channels)
    }
    var record = ImportRecord(
      picture: .image(Image(width: width, height: height, channels: channels, pixels: pixels)),
      name: "picture \(index)")
    if let labels {
      let label = try ByteStream.naming(labels.path, format: "IDX") { Int(try labels.read(exactly: 1)[0]) }
      record.label(label, names: names)
    }
    index += 1
    return record
  }

  func skip(_ count: Int) throws {
    let passed = min(count, (self.count ?? 0) - index)
    try ByteStream.naming(pictures.path, format: "IDX") { try pictures.skip(passed * width * height * channels) }
    if let labels { try ByteStream.naming(labels.path, format: "IDX") { try labels.skip(passed) } }
    index += passed
  }
}

extension ImportRecord {
  /// Says which of some classes the picture is of.
  mutating func label(_ label: Int, names: [String]?) {
    columns["label_id"] = .int(Int64(label))
    let name = names.flatMap { $0.indices.contains(label) ? $0[label] : nil } ?? String(label)
    columns["label"] = .text(name)
    caption = name
  }
}
