import Foundation
import Images

/// CIFAR-10's binary version: records of a label and 32 × 32 pixels, red, green and blue each in a block.
///
/// Read from its files, a folder of them, or the archive they are published in.
/// Source: www.cs.toronto.edu/~kriz/cifar.html, "Binary version".
final class CIFARSource: ImportSource {
  let kind = "CIFAR-10"
  let count: Int?
  let columns: [String]? = ["label", "label_id"]
  let remarks: [String]
  private let names: [String]
  private let open: () throws -> ((Int) throws -> [UInt8])?
  private let path: String
  private var reader: ((Int) throws -> [UInt8])?
  private var index = 0

  private static let side = 32
  private static let record = 1 + 3 * side * side
  /// What the labels stand for (batches.meta.txt).
  static let classes = [
    "airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck",
  ]

  private init(
    path: String, count: Int?, _ options: ImportOptions, remarks: [String],
    open: @escaping () throws -> ((Int) throws -> [UInt8])?
  ) {
    self.path = path
    self.count = count
    self.remarks = remarks
    names = options.labels ?? Self.classes
    self.open = open
  }

  private static func isWanted(_ name: String, _ split: ImportOptions.Split) -> Bool {
    let last = name.split(separator: "/").last ?? ""
    return last.hasSuffix(".bin") && last.hasPrefix(split == .train ? "data_batch_" : "test_batch")
  }

  private static func remark(_ options: ImportOptions) -> [String] {
    options.split == nil ? ["took the train pictures; `split` test takes the others"] : []
  }

  /// A folder of batches; nil if it has none.
  convenience init?(folder: URL, _ options: ImportOptions) throws {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path))?.sorted() ?? []
    guard names.contains(where: { Self.isWanted($0, .train) || Self.isWanted($0, .test) }) else { return nil }
    let wanted = names.filter { Self.isWanted($0, options.split ?? .train) }
    guard !wanted.isEmpty else {
      throw DataSetError.noData(
        path: folder.path, reason: "has no file of CIFAR-10's \((options.split ?? .train).rawValue) pictures")
    }
    try self.init(
      files: wanted.map { folder.appendingPathComponent($0) }, of: folder, options, remarks: Self.remark(options))
  }

  /// One file of records; nil if its size is not that of such a file.
  convenience init?(file: URL, _ options: ImportOptions) throws {
    guard file.pathExtension == "bin" else { return nil }
    let source = try RandomAccessFile(file)
    guard source.count > 0, source.count % Self.record == 0 else {
      throw DataSetError.damaged(
        path: file.path, format: "CIFAR-10", reason: "\(source.count) bytes are no whole number of records")
    }
    try self.init(files: [file], of: file, options, remarks: [])
  }

  private convenience init(files: [URL], of url: URL, _ options: ImportOptions, remarks: [String]) throws {
    let sizes = try files.map { try RandomAccessFile($0).count }
    var left = files[...]
    self.init(
      path: url.path, count: sizes.reduce(0) { $0 + $1 / Self.record }, options, remarks: remarks,
      open: {
        guard let next = left.popFirst() else { return nil }
        let stream = try ByteStream(next)
        return { try stream.read(upTo: $0) }
      })
  }

  /// The published archive; nil if it is another one.
  convenience init?(archive: URL, _ options: ImportOptions) throws {
    let isCIFAR = try ByteStream.naming(archive.path, format: "tar") {
      let reader = try TarReader(archive)
      for _ in 0..<4 {
        guard let entry = try reader.next() else { return false }
        if Self.isWanted(entry.name, .train) || Self.isWanted(entry.name, .test) { return true }
      }
      return false
    }
    guard isCIFAR else { return nil }
    let split = options.split ?? .train
    let reader = try TarReader(archive)
    self.init(
      path: archive.path, count: nil, options, remarks: Self.remark(options),
      open: {
        while let entry = try reader.next() {
          if Self.isWanted(entry.name, split) { return { try reader.read(upTo: $0) } }
        }
        return nil
      })
  }

  func next() throws -> ImportRecord? {
    try ByteStream.naming(path, format: "CIFAR-10") {
      while true {
        if reader == nil { reader = try open() }
        guard let read = reader else { return nil }
        let bytes = try read(Self.record)
        if bytes.isEmpty {
          reader = nil
          continue
        }
        guard bytes.count == Self.record else { throw Fault.damaged("a batch ends inside a record") }
        let plane = Self.side * Self.side
        let pixels = (0..<(3 * plane)).map { bytes[1 + ($0 % 3) * plane + $0 / 3] }
        var record = ImportRecord(
          picture: .image(Image(width: Self.side, height: Self.side, channels: 3, pixels: pixels)),
          name: "picture \(index)")
        record.label(Int(bytes[0]), names: names)
        index += 1
        return record
      }
    }
  }
}
