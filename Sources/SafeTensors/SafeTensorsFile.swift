import Foundation

/// One safetensors file: 8 bytes of header length, a JSON header, data. Checked completely when opened.
public struct SafeTensorsFile: Sendable {
  /// One tensor of the file.
  public struct Entry: Sendable, Equatable {
    public let name: String
    public let type: ElementType
    public let shape: [Int]
    /// Position in the file.
    public let byteRange: Range<Int>
  }

  public let file: MappedFile
  /// In the order of their data.
  public let entries: [Entry]
  public let metadata: [String: String]
  private let byName: [String: Int]

  /// The longest header accepted, as in the reference implementation.
  static let headerLimit = 100_000_000

  public init(url: URL) throws(CheckpointError) {
    let file = try MappedFile(path: url.path)
    let header = try Self.headerBytes(file)
    var parser = HeaderParser(UnsafeRawBufferPointer(rebasing: file.bytes[8..<(8 + header)]), path: file.path)
    let (raw, metadata) = try parser.parse()
    let dataStart = 8 + header
    var entries: [Entry] = []
    for tensor in raw {
      entries.append(try Self.check(tensor, dataStart: dataStart, file: file))
    }
    entries.sort { $0.byteRange.lowerBound < $1.byteRange.lowerBound }
    var end = dataStart
    for entry in entries {
      guard entry.byteRange.lowerBound == end else {
        throw .badTensor(
          path: file.path, name: entry.name,
          reason: "its data overlaps another tensor's or leaves a gap")
      }
      end = entry.byteRange.upperBound
    }
    guard end <= file.count else {
      throw .truncated(path: file.path, missingBytes: end - file.count)
    }
    guard end == file.count else {
      throw .badHeader(
        path: file.path, reason: "\(file.count - end) bytes after the last tensor")
    }
    self.file = file
    self.entries = entries
    self.metadata = metadata
    var byName: [String: Int] = [:]
    for (i, entry) in entries.enumerated() {
      guard byName.updateValue(i, forKey: entry.name) == nil else {
        throw .badHeader(path: file.path, reason: "tensor \(entry.name) appears twice")
      }
    }
    self.byName = byName
  }

  public var names: [String] { entries.map(\.name) }

  /// The tensor of that name, or nil.
  public func entry(_ name: String) -> Entry? { byName[name].map { entries[$0] } }

  /// Bytes of a tensor; valid while `file` lives.
  public func bytes(of entry: Entry) -> UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(rebasing: file.bytes[entry.byteRange])
  }

  /// Length of the header, after looking at what kind of file this is.
  private static func headerBytes(_ file: MappedFile) throws(CheckpointError) -> Int {
    let bytes = file.bytes
    func starts(_ magic: [UInt8]) -> Bool { bytes.starts(with: magic) }
    if starts(Array("version https://git-lfs".utf8)) {
      throw .wrongFormat(
        path: file.path, looksLike: "but a git-LFS pointer; the real file was not downloaded")
    }
    if starts([0x50, 0x4b, 0x03, 0x04]) {
      throw .wrongFormat(path: file.path, looksLike: "but a zip archive (a renamed torch checkpoint?)")
    }
    if starts([0x80, 0x02]) {
      throw .wrongFormat(path: file.path, looksLike: "but a Python pickle (a renamed torch checkpoint?)")
    }
    if starts(Array("GGUF".utf8)) { throw .wrongFormat(path: file.path, looksLike: "but GGUF") }
    guard bytes.count >= 8 else {
      throw .wrongFormat(path: file.path, looksLike: "it is only \(bytes.count) bytes long")
    }
    let length = UInt64(littleEndian: bytes.loadUnaligned(as: UInt64.self))
    guard length <= UInt64(headerLimit) else {
      throw .wrongFormat(path: file.path, looksLike: "its header would be \(length) bytes long")
    }
    guard Int(length) <= bytes.count - 8 else {
      throw .truncated(path: file.path, missingBytes: Int(length) + 8 - bytes.count)
    }
    return Int(length)
  }

  private static func check(
    _ tensor: HeaderParser.RawTensor, dataStart: Int, file: MappedFile
  ) throws(CheckpointError) -> Entry {
    func fail(_ reason: String) -> CheckpointError {
      .badTensor(path: file.path, name: tensor.name, reason: reason)
    }
    guard let type = ElementType(rawValue: tensor.type) else {
      throw fail("unknown element type \"\(tensor.type)\"")
    }
    var bytes = type.byteSize
    for axis in tensor.shape {
      let (product, overflow) = bytes.multipliedReportingOverflow(by: axis)
      guard axis >= 0, !overflow else { throw fail("impossible shape \(tensor.shape)") }
      bytes = product
    }
    let (begin, end) = (tensor.begin, tensor.end)
    guard begin >= 0, begin <= end, end <= Int.max / 2 else { throw fail("impossible data offsets") }
    guard end - begin == bytes else {
      throw fail("\(end - begin) bytes of data for shape \(tensor.shape) of \(type.rawValue)")
    }
    return Entry(
      name: tensor.name, type: type, shape: tensor.shape,
      byteRange: (dataStart + begin)..<(dataStart + end))
  }
}
