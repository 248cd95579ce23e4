import Foundation
import SafeTensors

/// A JSON value whose objects keep the order of their members, which a dictionary loses.
public indirect enum OrderedJSON: Sendable, Equatable {
  case null
  case bool(Bool)
  case number(Double)
  case text(String)
  case list([OrderedJSON])
  case object([Member])

  /// A member of an object.
  public struct Member: Sendable, Equatable {
    public let key: String
    public let value: OrderedJSON

    public init(key: String, value: OrderedJSON) {
      self.key = key
      self.value = value
    }
  }

  /// Values nested deeper than this are refused, so that no file can exhaust the stack.
  private static let depthLimit = 64

  /// Reads a text.
  /// - Parameters:
  ///   - text: one value; Python's `NaN` and `Infinity` are numbers.
  ///   - path: for messages.
  /// - Throws: `CheckpointError.damaged`.
  public init(_ text: String, path: String) throws(CheckpointError) {
    let bytes = Array(text.utf8)
    let result = bytes.withUnsafeBytes { (bytes) -> Result<OrderedJSON, CheckpointError> in
      do throws(CheckpointError) {
        var scanner = HeaderScanner(bytes, path: path, name: "JSON")
        let value = try Self.value(&scanner, depth: 0)
        scanner.skipSpace()
        guard scanner.isAtEnd else { throw scanner.failure("text after its end, at byte \(scanner.position)") }
        return .success(value)
      } catch {
        return .failure(error)
      }
    }
    self = try result.get()
  }

  private static func value(_ scanner: inout HeaderScanner, depth: Int) throws(CheckpointError) -> OrderedJSON {
    guard depth < depthLimit else { throw scanner.failure("values nested more than \(depthLimit) deep") }
    switch scanner.peek() {
    case UInt8(ascii: "{"):
      var members: [Member] = []
      try scanner.expect("{")
      if scanner.accept("}") { return .object([]) }
      repeat {
        let key = try scanner.string()
        try scanner.expect(":")
        members.append(Member(key: key, value: try value(&scanner, depth: depth + 1)))
      } while try !scanner.isLast("}")
      return .object(members)
    case UInt8(ascii: "["):
      var items: [OrderedJSON] = []
      try scanner.expect("[")
      if scanner.accept("]") { return .list([]) }
      repeat { items.append(try value(&scanner, depth: depth + 1)) } while try !scanner.isLast("]")
      return .list(items)
    case UInt8(ascii: "\""): return .text(try scanner.string())
    default: return try word(&scanner)
    }
  }

  private static func word(_ scanner: inout HeaderScanner) throws(CheckpointError) -> OrderedJSON {
    let word = try scanner.word()
    switch word {
    case "null": return .null
    case "true": return .bool(true)
    case "false": return .bool(false)
    case "NaN": return .number(.nan)
    case "Infinity": return .number(.infinity)
    case "-Infinity": return .number(-.infinity)
    default:
      guard let first = word.utf8.first, first == UInt8(ascii: "-") || (0x30...0x39).contains(first),
        let number = Double(word)
      else { throw scanner.failure("\(word) is no value") }
      return .number(number)
    }
  }

  /// The members of an object; nil for other values.
  public var members: [Member]? { if case .object(let members) = self { members } else { nil } }

  /// The value of an object's member, the last one if there are several, as Python reads them; nil if there is none.
  public subscript(key: String) -> OrderedJSON? { members?.last { $0.key == key }?.value }

  /// The number; nil for other values.
  public var number: Double? { if case .number(let value) = self { value } else { nil } }

  /// The text; nil for other values.
  public var text: String? { if case .text(let value) = self { value } else { nil } }

  /// Whether the value stands for nothing said: null, false, an empty text, list or object, as Python's `not` tells.
  public var isUnset: Bool {
    switch self {
    case .null, .bool(false), .text(""), .list([]), .object([]): true
    default: false
    }
  }
}
