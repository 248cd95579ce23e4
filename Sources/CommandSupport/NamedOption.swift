import ArgumentParser

/// Reads one of an enum's names.
@Sendable
public func named<Name: RawRepresentable & CaseIterable>(_ text: String) throws -> Name where Name.RawValue == String {
  guard let name = Name(rawValue: text) else {
    throw ValidationError("there are \(Name.allCases.map(\.rawValue).joined(separator: ", "))")
  }
  return name
}
