import Foundation

/// A text file as people's programs write them: UTF-8 with or without a byte-order mark, UTF-16 or UTF-32.
///
/// Bytes that are no text cost the line they stand in, not the file.
public struct TextFile: Sendable {
  /// A line, counted from 1 as editors do: at line feeds, carriage returns or both.
  public struct Line: Sendable, Equatable {
    public let number: Int
    /// What could not be read stands as U+FFFD.
    public let text: String
    /// What is wrong with the line; nil for a good one.
    public let problem: String?
  }

  /// What the file is called in messages.
  public let path: String
  public let lines: [Line]

  /// All of the text, its lines ended by line feeds.
  /// - Throws: the first line that could not be read.
  public func text() throws(TextFileError) -> String {
    if let bad = lines.first(where: { $0.problem != nil }), let problem = bad.problem {
      throw TextFileError(path: path, reason: "line \(bad.number) \(problem)")
    }
    return lines.map(\.text).joined(separator: "\n")
  }

  /// Reads a file, pipe or device.
  /// - Parameter limit: most bytes that are read.
  /// - Throws: if it cannot be opened, is longer, or is no text at all.
  public init(_ url: URL, limit: Int) throws(TextFileError) {
    guard let file = fopen(url.path, "rb") else {
      let reason = errno == ENOENT ? "there is no such file" : String(cString: strerror(errno))
      throw TextFileError(path: url.path, reason: reason)
    }
    defer { fclose(file) }
    try self.init(file, path: url.path, limit: limit)
  }

  /// Reads standard input to its end.
  public init(standardInputNamed name: String, limit: Int) throws(TextFileError) {
    guard let file = fdopen(dup(0), "rb") else {
      throw TextFileError(path: name, reason: String(cString: strerror(errno)))
    }
    defer { fclose(file) }
    try self.init(file, path: name, limit: limit)
  }

  private init(_ file: UnsafeMutablePointer<FILE>, path: String, limit: Int) throws(TextFileError) {
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let count = fread(&buffer, 1, buffer.count, file)
      bytes += buffer[..<count]
      guard bytes.count <= limit else {
        throw TextFileError(path: path, reason: "has more than \(limit) bytes, which are read at most")
      }
      if count < buffer.count { break }
    }
    guard ferror(file) == 0 else {
      throw TextFileError(path: path, reason: errno == EISDIR ? "it is a folder" : String(cString: strerror(errno)))
    }
    try self.init(bytes, path: path)
  }

  /// Reads a file's content.
  public init(_ bytes: [UInt8], path: String) throws(TextFileError) {
    self.path = path
    let encoding = TextEncoding(of: bytes)
    let body = bytes[encoding.mark...]
    guard body.count % encoding.width == 0 else {
      throw TextFileError(path: path, reason: "is \(encoding.name) text that ends in the middle of a character")
    }
    func unit<Unit: FixedWidthInteger>(_ at: Int, _: Unit.Type) -> Unit {
      let parts = body[at..<(at + encoding.width)]
      return (encoding.isBigEndian ? Array(parts) : parts.reversed()).reduce(0) { $0 << 8 | Unit($1) }
    }
    let starts = stride(from: body.startIndex, to: body.endIndex, by: encoding.width)
    switch encoding.width {
    case 2: lines = Self.lines(starts.map { unit($0, UInt16.self) }, UTF16.self, encoding.name)
    case 4: lines = Self.lines(starts.map { unit($0, UInt32.self) }, UTF32.self, encoding.name)
    default: lines = Self.lines(Array(body), UTF8.self, encoding.name)
    }
  }

  /// A text that is there already.
  public init(text: String, path: String) {
    self.path = path
    // As a code point: comparing characters takes time by the square of their marks.
    let scalars = text.unicodeScalars
    let body = scalars.first == "\u{FEFF}" ? scalars.dropFirst() : scalars[...]
    lines = Self.lines(Array(String(body).utf8), UTF8.self, "UTF-8")
  }

  private static func lines<Codec: Unicode.Encoding>(
    _ units: [Codec.CodeUnit], _ codec: Codec.Type, _ name: String
  ) -> [Line] {
    var lines: [Line] = []
    var start = 0
    func end(at place: Int) {
      let part = units[start..<place]
      let known = String(validating: part, as: codec)
      let problem =
        known == nil
        ? "has bytes that are not \(name)" : known?.unicodeScalars.contains("\0") == true ? "holds a NUL byte" : nil
      lines.append(
        Line(number: lines.count + 1, text: known ?? String(decoding: part, as: codec), problem: problem))
    }
    while start < units.count {
      let place = units[start...].firstIndex { $0 == 0x0a || $0 == 0x0d } ?? units.count
      end(at: place)
      start = place + 1
      if place < units.count, units[place] == 0x0d, start < units.count, units[start] == 0x0a { start += 1 }
    }
    return lines
  }
}

/// Why a text file cannot be read.
public struct TextFileError: Error, Equatable, CustomStringConvertible {
  public let path, reason: String

  public init(path: String, reason: String) { (self.path, self.reason) = (path, reason) }

  public var description: String { "\(path): \(reason)" }
}
