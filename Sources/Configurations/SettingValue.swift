/// A value of a JSON configuration, whatever it is.
public enum SettingValue: Decodable, Sendable, Equatable, CustomStringConvertible {
  case null
  case bool(Bool)
  case number(Double)
  case text(String)
  case list([SettingValue])
  case object([String: SettingValue])

  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    if container.decodeNil() {
      self = .null
    } else if let value = try? container.decode(Bool.self) {
      self = .bool(value)
    } else if let value = try? container.decode(Double.self) {
      self = .number(value)
    } else if let value = try? container.decode(String.self) {
      self = .text(value)
    } else if let value = try? container.decode([SettingValue].self) {
      self = .list(value)
    } else {
      self = .object(try container.decode([String: SettingValue].self))
    }
  }

  /// Whether it says that something is not there or not on.
  public var isOff: Bool {
    switch self {
    case .null, .bool(false): true
    case .list(let values): values.isEmpty
    case .object(let values): values.isEmpty
    case .bool, .number, .text: false
    }
  }

  /// As JSON has it; long ones are cut.
  public var description: String {
    switch self {
    case .null: "null"
    case .bool(let value): "\(value)"
    case .number(let value):
      value == value.rounded() && abs(value) < 1e15 ? "\(value)".replacing(".0", with: "") : "\(value)"
    case .text(let value): "\"\(value.prefix(60))\""
    case .list(let values):
      "[" + values.prefix(6).map(\.description).joined(separator: ", ") + (values.count > 6 ? ", ...]" : "]")
    case .object: "{...}"
    }
  }
}

extension SettingValue: ExpressibleByNilLiteral, ExpressibleByBooleanLiteral, ExpressibleByFloatLiteral,
  ExpressibleByIntegerLiteral, ExpressibleByStringLiteral
{
  public init(nilLiteral: ()) { self = .null }
  public init(booleanLiteral value: Bool) { self = .bool(value) }
  public init(floatLiteral value: Double) { self = .number(value) }
  public init(integerLiteral value: Int) { self = .number(Double(value)) }
  public init(stringLiteral value: String) { self = .text(value) }
}
