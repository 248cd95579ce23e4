import Foundation

/// A value of JSON that a setting may have.
enum SettingJSON: Codable, Equatable {
  case flag(Bool)
  case whole(UInt64)
  case negative(Int64)
  case decimal(Double)
  case text(String)
  case list([String])

  init(from decoder: any Decoder) throws {
    let c = try decoder.singleValueContainer()
    if let value = try? c.decode(Bool.self) {
      self = .flag(value)
    } else if let value = try? c.decode(UInt64.self) {
      self = .whole(value)
    } else if let value = try? c.decode(Int64.self) {
      self = .negative(value)
    } else if let value = try? c.decode(Double.self) {
      self = .decimal(value)
    } else if let value = try? c.decode(String.self) {
      self = .text(value)
    } else {
      self = .list(try c.decode([String].self))
    }
  }

  func encode(to encoder: any Encoder) throws {
    var c = encoder.singleValueContainer()
    switch self {
    case .flag(let value): try c.encode(value)
    case .whole(let value): try c.encode(value)
    case .negative(let value): try c.encode(value)
    case .decimal(let value): try c.encode(value)
    case .text(let value): try c.encode(value)
    case .list(let value): try c.encode(value)
    }
  }

  /// As a line would have it; several for a list.
  var texts: [String] {
    switch self {
    case .flag(let value): ["\(value)"]
    case .whole(let value): ["\(value)"]
    case .negative(let value): ["\(value)"]
    case .decimal(let value): [SettingText.short(value)]
    case .text(let value): [value]
    case .list(let values): values
    }
  }
}

/// How numbers are written.
enum SettingText {
  /// With as many digits as it takes to read the same number back; whole ones without a fraction.
  static func short(_ value: Double) -> String { short(value, "\(value)") }
  static func short(_ value: Float) -> String { short(Double(value), "\(value)") }

  private static func short(_ value: Double, _ digits: String) -> String {
    abs(value) < 1e15 && value == value.rounded() ? String(Int(value)) : digits
  }
}
