import Foundation

/// The fields of a request to AUTOMATIC1111's API. Each is taken once; what is left in the end is refused by its name, unless
/// it says nothing.
struct WebUIFields: Decodable, Sendable {
  /// As they were sent.
  let all: [String: JSONValue]
  private var rest: [String: JSONValue]
  /// What the fields are part of, for messages.
  private let place: String

  init(from decoder: any Decoder) throws {
    guard let fields = try? [String: JSONValue](from: decoder) else {
      throw APIError(.unprocessableContent, "the body must be an object", setting: nil)
    }
    self.init(fields)
  }

  init(_ fields: [String: JSONValue], place: String = "") { (all, rest, self.place) = (fields, fields, place) }

  /// A field's value; nil if it was not sent or is null.
  mutating func take(_ name: String) -> JSONValue? {
    let value = rest.removeValue(forKey: name)
    return value == .null ? nil : value
  }

  func refusal(_ name: String, _ reason: String) -> APIError {
    APIError(.unprocessableContent, "\(place)\(name) \(reason)", setting: name)
  }

  mutating func text(_ name: String) throws(APIError) -> String? {
    guard let value = take(name) else { return nil }
    guard case .text(let text) = value else { throw refusal(name, "must be a text") }
    return text
  }

  mutating func flag(_ name: String) throws(APIError) -> Bool? {
    switch take(name) {
    case nil: return nil
    case .flag(let value): return value
    case .whole(0): return false
    case .whole(1): return true
    default: throw refusal(name, "must be true or false")
    }
  }

  mutating func number(_ name: String) throws(APIError) -> Double? {
    guard let value = take(name) else { return nil }
    guard let number = value.double else { throw refusal(name, "must be a number") }
    return number
  }

  mutating func whole(_ name: String) throws(APIError) -> Int? {
    guard let number = try number(name) else { return nil }
    guard let whole = Int(exactly: number) else { throw refusal(name, "must be a whole number") }
    return whole
  }

  /// A seed; nil for -1, which stands for any.
  mutating func seed(_ name: String) throws(APIError) -> UInt64? {
    switch take(name) {
    case nil, .whole(-1): return nil
    case .whole(let value) where value >= 0: return UInt64(value)
    case .large(let value): return value
    case .number(let value) where value >= 0 && value == value.rounded() && value < 1e19: return UInt64(value)
    case .number(-1): return nil
    default: throw refusal(name, "must be a whole number, 0 or more, or -1 for any")
    }
  }

  mutating func texts(_ name: String) throws(APIError) -> [String]? {
    guard let value = take(name) else { return nil }
    guard case .list(let items) = value else { throw refusal(name, "must be a list of texts") }
    var texts: [String] = []
    for item in items {
      guard case .text(let text) = item else { throw refusal(name, "must be a list of texts") }
      texts.append(text)
    }
    return texts
  }

  mutating func object(_ name: String) throws(APIError) -> [String: JSONValue] {
    guard let value = take(name) else { return [:] }
    guard case .object(let fields) = value else { throw refusal(name, "must be an object") }
    return fields
  }

  /// Takes a field that means nothing here, whatever it says.
  mutating func ignore(_ names: String...) { for name in names { _ = take(name) } }

  /// Takes a field of which only some values can be had: those that change nothing.
  mutating func only(_ name: String, _ values: [Double], or texts: [String] = []) throws(APIError) {
    guard let value = take(name), !value.isNeutral else { return }
    if let number = value.double, values.contains(number) { return }
    if case .text(let text) = value, texts.contains(text) { return }
    throw refusal(name, "is not in this version; leave it out")
  }

  /// Throws for a field that nobody took and that says something.
  func finish() throws(APIError) {
    if let name = rest.filter({ !$0.value.isNeutral }).keys.sorted().first {
      throw refusal(name, "is not in this version; leave it out")
    }
  }
}
