import Foundation

/// A body of `multipart/form-data` (RFC 7578).
package struct MultipartForm: Sendable {
  /// Values by their fields' names; of several the last.
  package private(set) var texts: [String: String] = [:]
  /// Contents of files by their fields' names.
  package private(set) var files: [String: [Data]] = [:]

  private static let partLimit = 64

  /// - Parameter type: the request's `Content-Type`, which names the boundary.
  /// - Throws: `APIError` for what is no such body.
  package init(_ body: Data, type: String) throws(APIError) {
    guard type.lowercased().hasPrefix("multipart/form-data"), let boundary = Self.parameter("boundary", of: type),
      (1...200).contains(boundary.utf8.count)
    else { throw APIError(.unsupportedMediaType, "the body must be multipart/form-data") }
    let damaged = APIError(.badRequest, "the body is no valid multipart/form-data")
    let (mark, line) = (Data("--\(boundary)".utf8), Data("\r\n".utf8))
    guard body.starts(with: mark) else { throw damaged }
    var rest = body[body.index(body.startIndex, offsetBy: mark.count)...]
    for _ in 0...Self.partLimit {
      if rest.starts(with: Data("--".utf8)) { return }
      guard rest.starts(with: line) else { throw damaged }
      rest = rest.dropFirst(2)
      guard let end = rest.range(of: line + line),
        let next = rest.range(of: line + mark, in: end.upperBound..<rest.endIndex)
      else { throw damaged }
      guard let head = String(data: rest[..<end.lowerBound], encoding: .utf8) else { throw damaged }
      try add(head, Data(rest[end.upperBound..<next.lowerBound]), damaged)
      rest = rest[next.upperBound...]
    }
    throw APIError(.contentTooLarge, "the body has more than \(Self.partLimit) parts")
  }

  private mutating func add(_ head: String, _ data: Data, _ damaged: APIError) throws(APIError) {
    let lines = head.components(separatedBy: "\r\n")
    guard let line = lines.first(where: { $0.lowercased().hasPrefix("content-disposition:") }),
      let name = Self.parameter("name", of: line)
    else { throw damaged }
    guard Self.parameter("filename", of: line) == nil else { return files[name, default: []].append(data) }
    guard let text = String(data: data, encoding: .utf8) else { throw damaged }
    texts[name] = text
  }

  /// The value of a header's parameter, with or without quotes.
  private static func parameter(_ name: String, of header: String) -> String? {
    for part in header.split(separator: ";").dropFirst() {
      let pair = part.split(separator: "=", maxSplits: 1).map { $0.trimmingCharacters(in: .whitespaces) }
      guard pair.count == 2, pair[0].lowercased() == name else { continue }
      return pair[1].hasPrefix("\"") && pair[1].hasSuffix("\"") && pair[1].count > 1
        ? String(pair[1].dropFirst().dropLast()) : pair[1]
    }
    return nil
  }
}
