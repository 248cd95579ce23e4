/// A configuration value that is one number for all levels or a list with one for each.
public enum OneOrMany: Codable, Sendable, Equatable {
  case one(Int)
  case many([Int])

  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    if let value = try? container.decode(Int.self) {
      self = .one(value)
    } else {
      self = .many(try container.decode([Int].self))
    }
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    switch self {
    case .one(let value): try container.encode(value)
    case .many(let values): try container.encode(values)
    }
  }

  /// The value for a level; levels past the end of a list use its last.
  public subscript(level: Int) -> Int {
    switch self {
    case .one(let value): value
    case .many(let values): values[min(level, values.count - 1)]
    }
  }

  /// Whether there is a value for each of `levels`, none below `least`.
  func covers(_ levels: Int, atLeast least: Int) -> Bool {
    switch self {
    case .one(let value): value >= least
    case .many(let values): values.count == levels && values.allSatisfy { $0 >= least }
    }
  }
}
