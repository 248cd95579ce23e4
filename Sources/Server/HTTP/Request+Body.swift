import Foundation
import Hummingbird

extension Request {
  /// The body, within `BodyLimits`.
  /// - Throws: `APIError` 413 for a longer one, 503 while others' bodies fill the memory for them.
  package func bytes(_ context: ServerContext) async throws -> Data {
    try await body.data(declared: headers[.contentLength].flatMap { Int($0) }, budget: context.budget)
  }

  /// The body as JSON. It is decoded off the threads that serve connections.
  /// - Throws: `APIError`: 413, 400 for what is no JSON, 422 for what does not fit.
  package func body<Value: Decodable & Sendable>(of type: Value.Type, _ context: ServerContext) async throws -> Value {
    try await body.json(type, declared: headers[.contentLength].flatMap { Int($0) }, budget: context.budget)
  }
}

extension RequestBody {
  /// All of it.
  /// - Parameter declared: the length that the headers name.
  func data(declared: Int?, budget: BodyBudget) async throws -> Data {
    if let declared, declared > BodyLimits.bytes { throw APIError(.contentTooLarge, BodyLimits.tooLarge) }
    var (data, taken) = (Data(), 0)
    defer { budget.give(taken) }
    for try await part in self {
      let count = part.readableBytes
      guard data.count + count <= BodyLimits.bytes else { throw APIError(.contentTooLarge, BodyLimits.tooLarge) }
      try budget.take(count)
      taken += count
      data.append(contentsOf: part.readableBytesView)
    }
    return data
  }

  func json<Value: Decodable & Sendable>(
    _ type: Value.Type, declared: Int?, budget: BodyBudget
  ) async throws -> Value {
    let data = try await data(declared: declared, budget: budget)
    return try await Blocking.run {
      do { return try JSONDecoder().decode(type, from: data) } catch { throw APIError(error) }
    }
  }
}

extension Decoder {
  /// Throws for a key that is none of a type's.
  func refuseUnknown<Key: CodingKey & CaseIterable>(_ keys: Key.Type) throws {
    let known = Set(keys.allCases.map(\.stringValue))
    let unknown = try container(keyedBy: AnyKey.self).allKeys.map(\.stringValue).filter { !known.contains($0) }.sorted()
    guard let name = unknown.first else { return }
    throw APIError(.unprocessableContent, "\(name) is not known here", setting: name)
  }
}

/// A key of any name.
struct AnyKey: CodingKey, Hashable {
  let stringValue: String
  var intValue: Int? { nil }
  init(_ name: String) { stringValue = name }
  init(stringValue: String) { self.stringValue = stringValue }
  init?(intValue: Int) { nil }
}
