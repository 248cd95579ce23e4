import Adapters
import Files
import Generation
import Hummingbird
import Jobs
import PromptLanguage

extension HTTPResponse.Status {
  /// RFC 4918: the disk or the memory is full.
  static let insufficientStorage = HTTPResponse.Status(code: 507, reasonPhrase: "Insufficient Storage")
}

/// Why a request is not answered with what it asks for: one line, rendered as each family of routes writes errors.
package struct APIError: Error, Sendable, Equatable, CustomStringConvertible {
  /// What a program may want to tell apart.
  package enum Kind: String, Sendable, Encodable {
    /// There is less memory than the picture needs.
    case memory
  }

  package var status: HTTPResponse.Status
  /// One line that says what is wrong and what to do.
  package var message: String
  /// The setting it is about, as JSON spells it.
  package var setting: String?
  package var kind: Kind?

  package init(_ status: HTTPResponse.Status, _ message: String, setting: String? = nil, kind: Kind? = nil) {
    self.status = status
    self.message = message.split(whereSeparator: \.isNewline).joined(separator: " ")
    (self.setting, self.kind) = (setting, kind)
  }

  package var description: String { message }

  /// What a library threw about settings, files or a run, in the words of HTTP.
  /// - Parameter status: for what is no error of HTTP itself.
  package init(_ error: any Error, status: HTTPResponse.Status = .unprocessableContent) {
    switch error {
    case let error as APIError: self = error
    case let error as HTTPError:
      self.init(error.status, error.body ?? error.status.reasonPhrase)
    case let error as any HTTPResponseError:
      let isSize = error.status == .contentTooLarge
      self.init(error.status, isSize ? BodyLimits.tooLarge : error.status.reasonPhrase)
    case let error as DecodingError: self.init(decoding: error)
    case JobError.badValue(let name, _, let reason) where reason.contains("GB more memory"):
      let (message, setting) = Self.spelled("\(name): \(reason)")
      self.init(.insufficientStorage, Self.withoutAdvice(message), setting: setting, kind: .memory)
    default:
      let (message, setting) = Self.spelled(FileFailure.line(error))
      self.init(status, message, setting: setting)
    }
  }

  private init(decoding error: DecodingError) {
    func place(_ path: [any CodingKey]) -> String? {
      path.isEmpty ? nil : path.map { $0.intValue.map { "\($0)" } ?? $0.stringValue }.joined(separator: ".")
    }
    switch error {
    case .keyNotFound(let key, let context):
      let name = place(context.codingPath + [key]) ?? key.stringValue
      self.init(.unprocessableContent, "\(name) is missing", setting: name)
    case .typeMismatch(let type, let context), .valueNotFound(let type, let context):
      let name = place(context.codingPath)
      self.init(
        .unprocessableContent, "\(name ?? "the body") must be \(Self.words(for: type))", setting: name)
    case .dataCorrupted(let context) where context.codingPath.isEmpty:
      self.init(.badRequest, "the body is not valid JSON")
    case .dataCorrupted(let context):
      let name = place(context.codingPath)
      self.init(.unprocessableContent, "\(name ?? "the body"): \(context.debugDescription)", setting: name)
    @unknown default:
      self.init(.badRequest, "the body is not valid JSON")
    }
  }

  private static func words(for type: any Any.Type) -> String {
    switch type {
    case is String.Type: "a text"
    case is Bool.Type: "true or false"
    case is Int.Type, is UInt64.Type, is Int64.Type: "a whole number"
    case is Double.Type, is Float.Type: "a number"
    case is [Any].Type: "a list"
    default: "\(type)".hasPrefix("Array") ? "a list" : "an object"
    }
  }

  /// Libraries put settings' names in backticks with dashes; JSON has them with underscores.
  private static func spelled(_ line: String) -> (message: String, setting: String?) {
    var setting: String?
    let parts = line.split(separator: "`", omittingEmptySubsequences: false).enumerated().map { index, part in
      guard !index.isMultiple(of: 2), let name = Setting[String(part)]?.name else {
        return index.isMultiple(of: 2) ? String(part) : "`\(part)`"
      }
      let key = name.replacing("-", with: "_")
      setting = setting ?? key
      return key
    }
    // A text that holds an odd number of backticks is nobody's setting.
    return parts.count.isMultiple(of: 2) ? (line, nil) : (parts.joined(), setting)
  }

  /// Without what only a command can do.
  private static func withoutAdvice(_ message: String) -> String {
    message.firstRange(of: " (`ignore-memory`").map { String(message[..<$0.lowerBound]) } ?? message
  }
}
