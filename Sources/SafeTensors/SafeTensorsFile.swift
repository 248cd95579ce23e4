import Foundation

/// One safetensors file: 8 bytes of header length, a JSON header, data. Checked when opened.
///
/// Opening reads the header only. Afterwards every entry's bytes are known to lie in the file, to
/// fit its shape and type, and to follow the entry before without gap or overlap.
/// Source: format description of the safetensors project.
public struct SafeTensorsFile: Sendable {
  /// One tensor of the file.
  public struct Entry: Sendable, Equatable {
    public let name: String
    public let type: ElementType
    /// Outermost dimension first; empty for a scalar.
    public let shape: [Int]
    /// Position of the data in the file. It need not be a multiple of the element size.
    public let byteRange: Range<Int>
  }

  /// The mapped file, which keeps the bytes of all tensors alive.
  public let file: MappedFile
  /// All tensors in the order of their data.
  public let entries: [Entry]
  /// The header's free text; writers put the format and training settings there.
  public let metadata: [String: String]
  private let indexByName: [String: Int]

  /// The longest header accepted, in bytes, as in the reference implementation.
  static let headerLimit = 100_000_000

  /// Maps a file and checks its header.
  public init(url: URL) throws(CheckpointError) {
    let file = try MappedFile(path: url.path)
    let dataStart = try 8 + Self.headerLength(file)
    let header = UnsafeRawBufferPointer(rebasing: file.bytes[8..<dataStart])
    var parser = HeaderParser(header, path: file.path)
    let (raw, metadata) = try parser.parse()
    var entries: [Entry] = []
    entries.reserveCapacity(raw.count)
    var indexByName = [String: Int](minimumCapacity: raw.count)
    for tensor in raw { entries.append(try Self.checked(tensor, dataStart, file)) }
    // Empty tensors share their start with the next one, and come before it.
    entries.sort {
      ($0.byteRange.lowerBound, $0.byteRange.upperBound)
        < ($1.byteRange.lowerBound, $1.byteRange.upperBound)
    }
    for (index, entry) in entries.enumerated() {
      guard indexByName.updateValue(index, forKey: entry.name) == nil else {
        throw .badHeader(path: file.path, reason: "tensor \(entry.name) appears twice")
      }
    }
    try Self.checkCoverage(entries, dataStart, file)
    self.file = file
    self.entries = entries
    self.metadata = metadata
    self.indexByName = indexByName
  }

  /// Names of all tensors in the order of their data.
  public var names: [String] { entries.map(\.name) }

  /// The tensor of that name, or nil.
  public func entry(_ name: String) -> Entry? { indexByName[name].map { entries[$0] } }

  /// Bytes of a tensor of this file; valid while `file` lives.
  public func bytes(of entry: Entry) -> UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(rebasing: file.bytes[entry.byteRange])
  }

  /// First byte of a tensor of this file; valid while `file` lives.
  public func pointer(of entry: Entry) -> UnsafeRawPointer {
    // A mapped file is never empty and thus has a base address.
    guard let base = file.bytes.baseAddress else { preconditionFailure("file is not mapped") }
    precondition(entry.byteRange.upperBound <= file.count, "entry of another file")
    return base + entry.byteRange.lowerBound
  }

  /// Calls `body` with the bytes of a tensor and keeps them alive meanwhile.
  public func withBytes<R, E: Error>(
    of entry: Entry, _ body: (UnsafeRawBufferPointer) throws(E) -> R
  ) throws(E) -> R {
    defer { withExtendedLifetime(file) {} }
    return try body(bytes(of: entry))
  }
}

// MARK: - Checks

extension SafeTensorsFile {
  /// Length of the header, after looking at what kind of file this is.
  private static func headerLength(_ file: MappedFile) throws(CheckpointError) -> Int {
    if let kind = FileKind.impostor(file.bytes, headerLimit: headerLimit) {
      throw .wrongFormat(path: file.path, looksLike: kind)
    }
    let length = Int(UInt64(littleEndian: file.bytes.loadUnaligned(as: UInt64.self)))
    guard length <= headerLimit else {
      throw .badHeader(
        path: file.path, reason: "\(length) bytes, more than the \(headerLimit) allowed")
    }
    guard length <= file.count - 8 else {
      throw .badHeader(
        path: file.path,
        reason: "the file ends after \(file.count - 8) of its \(length) bytes; fetch it again")
    }
    guard length > 0, file.bytes[8] == UInt8(ascii: "{") else {
      throw .badHeader(path: file.path, reason: "it does not start with \"{\"")
    }
    return length
  }

  /// An entry whose data has the size its shape and type ask for.
  private static func checked(
    _ tensor: HeaderParser.RawTensor, _ dataStart: Int, _ file: MappedFile
  ) throws(CheckpointError) -> Entry {
    func failure(_ reason: String) -> CheckpointError {
      .badTensor(path: file.path, name: tensor.name, reason: reason)
    }
    guard let type = ElementType(rawValue: tensor.type) else {
      throw failure("unknown dtype \"\(tensor.type)\"")
    }
    guard !tensor.shape.contains(where: { $0 < 0 }) else {
      throw failure("negative dimension in shape \(tensor.shape)")
    }
    guard let bytes = type.byteCount(shape: tensor.shape) else {
      throw failure("shape \(tensor.shape) is too large")
    }
    let (begin, end) = (tensor.begin, tensor.end)
    guard begin >= 0, begin <= end else {
      throw failure("impossible data_offsets [\(begin), \(end)]")
    }
    guard end - begin == bytes else {
      throw failure(
        "\(end - begin) bytes of data, but \(type.rawValue) \(tensor.shape) takes \(bytes)")
    }
    return Entry(
      name: tensor.name, type: type, shape: tensor.shape,
      byteRange: (dataStart + begin)..<(dataStart + end))
  }

  /// Entries sorted by position must follow one another to the very end of the file.
  private static func checkCoverage(
    _ entries: [Entry], _ dataStart: Int, _ file: MappedFile
  ) throws(CheckpointError) {
    var end = dataStart
    var previous: String?
    for entry in entries {
      let gap = entry.byteRange.lowerBound - end
      guard gap == 0 else {
        let before = previous.map { "tensor \($0)" } ?? "the header"
        throw .badTensor(
          path: file.path, name: entry.name,
          reason: gap < 0
            ? "its data overlaps that of \(before)" : "\(gap) unused bytes between it and \(before)"
        )
      }
      end = entry.byteRange.upperBound
      previous = entry.name
    }
    guard end <= file.count else {
      throw .truncated(path: file.path, missingBytes: end - file.count)
    }
    guard end == file.count else {
      throw .badHeader(
        path: file.path, reason: "\(file.count - end) bytes after the last tensor are not in it")
    }
  }
}
